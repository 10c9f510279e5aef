package sqlitestore

import (
	"context"
	"strings"

	"github.com/vismanet-go/background/internal/sqlitefile"
)

// applicationID marks the file as one of this package ("VBgs").
const applicationID = 0x56426773

// migrations lead from one schema version to the next: migrations[0] makes
// version 1 of an empty file. Each runs in one transaction together with the
// others that a file lacks. Never change one that was released; append.
var migrations = []string{
	// 1: a record is one row, both the inbox entry and the work item. The
	// document is the truth; the other columns are what is searched for.
	`
CREATE TABLE records (
	n      INTEGER PRIMARY KEY,
	ref    TEXT NOT NULL UNIQUE,
	tenant TEXT NOT NULL,
	phase  TEXT NOT NULL,
	id     TEXT,             -- the ERP's, NULL until one is known
	key    TEXT,             -- NULL unless the record holds it
	until  INTEGER,          -- end of the lease while sending, ns since 1970
	ended  INTEGER,          -- since when it may be purged, ns
	doc    TEXT NOT NULL     -- JSON
) STRICT;
CREATE UNIQUE INDEX records_key ON records (tenant, key) WHERE key IS NOT NULL;
CREATE UNIQUE INDEX records_id ON records (id, tenant) WHERE id IS NOT NULL AND phase <> 'heard';
CREATE INDEX records_heard ON records (id) WHERE phase = 'heard';
CREATE INDEX records_phase ON records (tenant, phase, ref);
CREATE INDEX records_ended ON records (ended) WHERE ended IS NOT NULL;

-- Answers that are kept, beside the records so that these stay small.
CREATE TABLE contents (
	n    INTEGER PRIMARY KEY, -- of the record
	body BLOB NOT NULL
) STRICT;

CREATE TABLE tombstones (
	ref          TEXT PRIMARY KEY,
	tenant       TEXT NOT NULL,
	id           TEXT NOT NULL,
	key          TEXT,
	fingerprint  TEXT NOT NULL,
	-- Whether a new record may take the key over.
	supersedable INTEGER NOT NULL,
	at           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX tombstones_key ON tombstones (tenant, key) WHERE key IS NOT NULL;
CREATE INDEX tombstones_at ON tombstones (at) WHERE key IS NULL;
`,
	// 2: what is due, and how many records per tenant are unmatched, without
	// counting them.
	`
ALTER TABLE records ADD COLUMN due INTEGER; -- ns
UPDATE records SET due = CAST(unixepoch(doc ->> 'due', 'subsec') * 1000000000 AS INTEGER)
	WHERE doc ->> 'due' IS NOT NULL;
CREATE INDEX records_due ON records (tenant, phase, due) WHERE due IS NOT NULL;

CREATE TABLE heard (
	tenant TEXT PRIMARY KEY,
	count  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO heard SELECT tenant, count(*) FROM records WHERE phase = 'heard' GROUP BY tenant;
`,
	// 3: which records each group of changes was about, for the watchers of
	// other processes.
	`
CREATE TABLE changes (
	seq  INTEGER PRIMARY KEY, -- without gaps; the oldest are removed
	by   INTEGER NOT NULL,    -- the store that wrote it
	refs TEXT                 -- JSON: tenant, ref, tenant, ref, …; NULL if there were too many
) STRICT;
`,
	// 4: what may be purged, by tenant and phase, and the keys that may be
	// freed; how many records there are in each phase, without counting them.
	`
DROP INDEX records_ended;
CREATE INDEX records_ended ON records (tenant, phase, ended) WHERE ended IS NOT NULL;
CREATE INDEX tombstones_keyed ON tombstones (tenant, at) WHERE key IS NOT NULL;

CREATE TABLE counts (
	name  TEXT PRIMARY KEY, -- a phase, or "tombstone"
	count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counts SELECT phase, count(*) FROM records GROUP BY phase;
INSERT INTO counts SELECT 'tombstone', count(*) FROM tombstones;
CREATE TRIGGER records_added AFTER INSERT ON records BEGIN
	INSERT INTO counts VALUES (new.phase, 1) ON CONFLICT (name) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER records_moved AFTER UPDATE OF phase ON records WHEN new.phase <> old.phase BEGIN
	UPDATE counts SET count = count - 1 WHERE name = old.phase;
	INSERT INTO counts VALUES (new.phase, 1) ON CONFLICT (name) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER records_removed AFTER DELETE ON records BEGIN
	UPDATE counts SET count = count - 1 WHERE name = old.phase;
END;
CREATE TRIGGER tombstones_added AFTER INSERT ON tombstones BEGIN
	UPDATE counts SET count = count + 1 WHERE name = 'tombstone';
END;
CREATE TRIGGER tombstones_removed AFTER DELETE ON tombstones BEGIN
	UPDATE counts SET count = count - 1 WHERE name = 'tombstone';
END;
`,
	// 5: the words of today for what is acknowledged, polled and unmatched; what
	// nobody named a tenant has one all the same; documents; lists in the order
	// of creation. The table of changes has another name, so that a process of
	// an earlier version that has the file open still can write nothing more.
	`
DROP INDEX records_id;
DROP INDEX records_heard;
DROP INDEX records_phase;
ALTER TABLE heard RENAME TO unmatched;

UPDATE records SET tenant = '*none', doc = '{"tenant":"*none",' || substr(doc, 2) WHERE tenant = '';
UPDATE unmatched SET tenant = '*none' WHERE tenant = '';
UPDATE tombstones SET tenant = '*none' WHERE tenant = '';

UPDATE records SET phase = 'acknowledged', doc = json_replace(doc, '$.phase', 'acknowledged') WHERE phase = 'handled';
UPDATE records SET phase = 'unmatched', doc = json_replace(doc, '$.phase', 'unmatched') WHERE phase = 'heard';
DELETE FROM counts WHERE name IN ('handled', 'heard');
-- No text in a document, and no name in its metadata, is followed by a number.
UPDATE records SET doc = replace(doc, '"polls":' || (doc ->> '$.polls') || ',"lookedAt":', '"polls":' || (doc ->> '$.polls') || ',"polledAt":')
	WHERE doc ->> '$.lookedAt' IS NOT NULL;

ALTER TABLE records ADD COLUMN created INTEGER NOT NULL DEFAULT 0; -- ns
ALTER TABLE records ADD COLUMN kind TEXT NOT NULL DEFAULT '';
UPDATE records SET kind = coalesce(doc ->> '$.kind', ''),
	created = coalesce(unixepoch(substr(doc ->> '$.createdAt', 1, 19)) * 1000000000
		+ CAST(substr(rtrim(substr(doc ->> '$.createdAt', 21), 'Z') || '000000000', 1, 9) AS INTEGER), 0);

CREATE UNIQUE INDEX records_id ON records (id, tenant) WHERE id IS NOT NULL AND phase <> 'unmatched';
CREATE INDEX records_unmatched ON records (id) WHERE phase = 'unmatched';
-- In the order of lists, with the kind beside it. What is new comes last.
CREATE INDEX records_phase ON records (tenant, phase, created, ref, kind);

DROP TABLE changes;
CREATE TABLE wakeups (
	seq  INTEGER PRIMARY KEY, -- without gaps; the oldest are removed
	by   INTEGER NOT NULL,    -- the store that wrote it
	refs TEXT                 -- JSON: tenant, ref, tenant, ref, …; NULL if there were too many
) STRICT;

CREATE TABLE documents (
	tenant  TEXT NOT NULL,
	name    TEXT NOT NULL,
	version INTEGER NOT NULL,
	changed INTEGER NOT NULL, -- ns
	body    BLOB NOT NULL,
	PRIMARY KEY (tenant, name)
) STRICT;
`,
	// 6: the lock that the holder of a lease holds while it lives; NULL if there
	// is no lease, or its holder has no lock.
	`
ALTER TABLE records ADD COLUMN lock TEXT;
`,
	// 7: work in order of urgency. The column until is the end of the lease in
	// every phase, and due is the lowest number for what is due without a time.
	// Counts are those of each tenant, and make the table unmatched unnecessary.
	`
ALTER TABLE records ADD COLUMN work TEXT; -- the kind while a handler may run for it, else NULL
UPDATE records SET work = kind WHERE phase IN ('settled', 'expired');
CREATE INDEX records_work ON records (tenant, phase, work, due) WHERE work IS NOT NULL;
UPDATE records SET due = -9223372036854775808 WHERE due IS NULL AND phase IN ('accepted', 'settled', 'expired', 'delivery');
UPDATE records SET until = unixepoch(substr(doc ->> '$.lease.until', 1, 19)) * 1000000000
		+ CAST(substr(rtrim(substr(doc ->> '$.lease.until', 21), 'Z') || '000000000', 1, 9) AS INTEGER)
	WHERE phase <> 'sending' AND doc ->> '$.lease.owner' IS NOT NULL;

DROP TRIGGER records_added;
DROP TRIGGER records_moved;
DROP TRIGGER records_removed;
DROP TRIGGER tombstones_added;
DROP TRIGGER tombstones_removed;
DROP TABLE counts;
DROP TABLE unmatched;
CREATE TABLE counts (
	tenant TEXT NOT NULL,
	name   TEXT NOT NULL, -- a phase, or "tombstone"
	count  INTEGER NOT NULL,
	PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
INSERT INTO counts SELECT tenant, phase, count(*) FROM records GROUP BY tenant, phase;
INSERT INTO counts SELECT tenant, 'tombstone', count(*) FROM tombstones GROUP BY tenant;
CREATE TRIGGER records_added AFTER INSERT ON records BEGIN
	INSERT INTO counts VALUES (new.tenant, new.phase, 1) ON CONFLICT (tenant, name) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER records_moved AFTER UPDATE OF phase ON records WHEN new.phase <> old.phase BEGIN
	UPDATE counts SET count = count - 1 WHERE tenant = old.tenant AND name = old.phase;
	INSERT INTO counts VALUES (new.tenant, new.phase, 1) ON CONFLICT (tenant, name) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER records_removed AFTER DELETE ON records BEGIN
	UPDATE counts SET count = count - 1 WHERE tenant = old.tenant AND name = old.phase;
END;
CREATE TRIGGER tombstones_added AFTER INSERT ON tombstones BEGIN
	INSERT INTO counts VALUES (new.tenant, 'tombstone', 1) ON CONFLICT (tenant, name) DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER tombstones_removed AFTER DELETE ON tombstones BEGIN
	UPDATE counts SET count = count - 1 WHERE tenant = old.tenant AND name = 'tombstone';
END;
`,
	// 8: the outbox: bodies beside their records, sequences, and where records
	// stand in them.
	`
CREATE TABLE bodies (
	n    INTEGER PRIMARY KEY, -- of the record
	body BLOB NOT NULL
) STRICT;
CREATE TABLE sequences (
	tenant  TEXT NOT NULL,
	name    TEXT NOT NULL,
	last    INTEGER NOT NULL, -- the place that was given last
	done    INTEGER NOT NULL, -- the head stands right behind it
	waiting INTEGER NOT NULL, -- records behind done
	PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX sequences_waiting ON sequences (tenant, name) WHERE waiting > 0;
CREATE TABLE places (
	tenant   TEXT NOT NULL,
	sequence TEXT NOT NULL,
	place    INTEGER NOT NULL,
	n        INTEGER NOT NULL, -- of the record
	PRIMARY KEY (tenant, sequence, place)
) STRICT, WITHOUT ROWID;
`,
}

// schemaVersion is the version that this code reads and writes.
var schemaVersion = len(migrations)

// migrated does the part of a migration that SQL could not do.
func migrated(c *sqlitefile.Conn, version int) error {
	if version == 5 {
		return renameUnmatched(c)
	}
	return nil
}

// renameUnmatched is the part of migration 5 that SQL could not do: the refs of
// what is unmatched may hold any bytes. Those of what was adopted from it stay
// as soon as somebody may have noted them, which is when it has ended.
func renameUnmatched(c *sqlitefile.Conn) error {
	rows := make(map[int64]string)
	const renamed = "SELECT n, doc FROM records WHERE ref GLOB 'heard:*' AND phase IN ('unmatched', 'accepted', 'uncertain')"
	err := c.Query(context.Background(), renamed, nil, func(row sqlitefile.Row) error {
		var n int64
		var doc string
		err := row.Scan(&n, &doc)
		rows[n] = doc
		return err
	})
	if err != nil {
		return err
	}
	for n, doc := range rows {
		rec, err := decode(doc)
		if err != nil {
			return err
		}
		rec.Ref = "unmatched:" + strings.TrimPrefix(rec.Ref, "heard:")
		buf, err := encode(nil, rec)
		if err != nil {
			return err
		}
		if err := c.Exec("UPDATE records SET ref = ?, doc = ? WHERE n = ?", rec.Ref, string(buf), n); err != nil {
			return err
		}
	}
	return nil
}
