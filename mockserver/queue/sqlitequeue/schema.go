package sqlitequeue

// applicationID marks the file as ours: "erpq".
const applicationID = 0x65727071

// States of a job. Their numbers stand in the indexes' conditions.
const (
	queued   = 0
	running  = 1
	finished = 2
	failed   = 3
	expired  = 4
)

// States of a notice.
const (
	noticeIdle = 0 // its job has not ended
	noticeOpen = 1
	noticeDone = 2
)

// migrations lead from one version of the schema to the next, see
// [sqlitefile.Config]. Never change one that was released; append.
//
// Times are nanoseconds since 1970, 0 for none. A condition that is to use a
// partial index repeats the index's own condition word for word; a test looks
// at the plans.
var migrations = []string{
	`
CREATE TABLE jobs (
	seq           INTEGER PRIMARY KEY AUTOINCREMENT,
	id            TEXT    NOT NULL UNIQUE,
	company       TEXT    NOT NULL,
	state         INTEGER NOT NULL,
	epoch         INTEGER NOT NULL DEFAULT 0,
	attempts      INTEGER NOT NULL DEFAULT 0,
	worker        TEXT,
	not_before    INTEGER NOT NULL,
	received      INTEGER NOT NULL,
	started       INTEGER NOT NULL DEFAULT 0,
	ended         INTEGER NOT NULL DEFAULT 0,
	expires       INTEGER NOT NULL DEFAULT 0,
	status_code   INTEGER NOT NULL DEFAULT 0,
	error         TEXT    NOT NULL DEFAULT '',
	state_reads   INTEGER NOT NULL DEFAULT 0,
	content_reads INTEGER NOT NULL DEFAULT 0,
	fixed         TEXT    NOT NULL, -- what never changes, as JSON
	answer        TEXT,             -- kept headers, as JSON
	content_type  TEXT    NOT NULL DEFAULT '',
	has_content   INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX jobs_line    ON jobs (company, seq)  WHERE state = 0;
CREATE INDEX jobs_leased  ON jobs (worker)        WHERE state = 1;
CREATE INDEX jobs_expires ON jobs (expires)       WHERE expires > 0 AND state < 4;
CREATE INDEX jobs_graves  ON jobs (seq)           WHERE state = 4;

-- A request is there until its job has ended.
CREATE TABLE requests (
	seq  INTEGER PRIMARY KEY,
	head TEXT NOT NULL,
	body BLOB,
	file TEXT
);
CREATE TABLE contents (
	seq  INTEGER PRIMARY KEY,
	body BLOB,
	file TEXT
);

-- One for each company: what waits, what runs, and when it had its last turn.
CREATE TABLE lanes (
	company TEXT PRIMARY KEY,
	waiting INTEGER NOT NULL,
	running INTEGER NOT NULL,
	turn    INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX lanes_turn ON lanes (turn) WHERE waiting > 0;

CREATE TABLE workers (
	id    TEXT PRIMARY KEY,
	name  TEXT    NOT NULL,
	until INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE notices (
	seq    INTEGER PRIMARY KEY,
	state  INTEGER NOT NULL,
	worker TEXT,
	data   BLOB NOT NULL
);
CREATE INDEX notices_open ON notices (worker) WHERE state = 1;

CREATE TABLE books (
	company TEXT PRIMARY KEY,
	version INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE docs (
	company TEXT NOT NULL,
	key     TEXT NOT NULL,
	version INTEGER NOT NULL,
	body    BLOB, -- NULL: deleted
	PRIMARY KEY (company, key)
) WITHOUT ROWID;
CREATE INDEX docs_version ON docs (company, version);
`,
	// 2: what is past its retention by the clock of its company; the version of
	// the last reset.
	`
DROP INDEX jobs_expires;
CREATE INDEX jobs_expires ON jobs (company, expires) WHERE expires > 0 AND state < 4;
ALTER TABLE books ADD COLUMN began INTEGER NOT NULL DEFAULT 0;
`,
	// 3: what a worker was given, 0 where nobody told.
	`
ALTER TABLE workers ADD COLUMN ttl INTEGER NOT NULL DEFAULT 0;
`,
	// 4: an index by another name.
	`
DROP INDEX jobs_graves;
CREATE INDEX jobs_tombstones ON jobs (seq) WHERE state = 4;
`,
	// 5: the lock that a worker holds while it lives, if it has one.
	`
ALTER TABLE workers ADD COLUMN lock TEXT NOT NULL DEFAULT '';
`,
}
