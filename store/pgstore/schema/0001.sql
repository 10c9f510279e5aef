-- What was made of this schema. Programs of a version older than the highest
-- compatible one do not work on it.
CREATE TABLE {schema}.versions (
	version    int NOT NULL PRIMARY KEY,
	compatible int NOT NULL,
	at         timestamptz NOT NULL DEFAULT now()
);

-- One record is one row. The three documents (fixed, learnt, doc) are the truth, the other columns are
-- what is searched for; times are nanoseconds since 1970.
CREATE TABLE {schema}.records (
	ref      text COLLATE "C" NOT NULL,
	tenant   text COLLATE "C" NOT NULL,
	kind     text COLLATE "C" NOT NULL,
	created  bigint NOT NULL,
	metadata jsonb,
	-- The part of the record that never changes. It stands in front of what does:
	-- the log of a change holds only what lies between the first and the last byte
	-- that differ.
	fixed    text NOT NULL,
	-- What was heard of it, which is large and changes seldom.
	learnt   text NOT NULL DEFAULT '',
	phase    text COLLATE "C" NOT NULL,
	id       text COLLATE "C",  -- the ERP's, NULL until one is known
	key      text COLLATE "C",  -- NULL unless the record holds it
	due      bigint,            -- the lowest number for what is due without a time
	until    bigint,            -- end of the lease
	ttl      bigint,            -- for how long the lease was given, ns
	ended    bigint,            -- since when it may be purged
	sequence text COLLATE "C",
	place    bigint,
	doc      text NOT NULL,
	PRIMARY KEY (ref)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX records_list ON {schema}.records (tenant, phase, created, ref);
CREATE INDEX records_due ON {schema}.records (tenant, phase, due, ref) WHERE due IS NOT NULL;
CREATE INDEX records_work ON {schema}.records (tenant, phase, kind, due, ref) WHERE due IS NOT NULL AND phase IN ('settled', 'expired');
CREATE UNIQUE INDEX records_key ON {schema}.records (tenant, key) WHERE key IS NOT NULL;
CREATE UNIQUE INDEX records_id ON {schema}.records (id, tenant, (phase = 'unmatched')) WHERE id IS NOT NULL;
CREATE INDEX records_place ON {schema}.records (tenant, sequence, place) WHERE place IS NOT NULL;

-- Answers that are kept, and bodies of what is enqueued, beside their records so
-- that these stay small.
CREATE TABLE {schema}.contents (
	ref  text COLLATE "C" NOT NULL PRIMARY KEY,
	body bytea NOT NULL
);
CREATE TABLE {schema}.bodies (
	ref  text COLLATE "C" NOT NULL PRIMARY KEY,
	body bytea NOT NULL
);
ALTER TABLE {schema}.contents ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE {schema}.bodies ALTER COLUMN body SET STORAGE EXTERNAL;

-- What a purge leaves of records.
CREATE TABLE {schema}.tombstones (
	ref          text COLLATE "C" NOT NULL PRIMARY KEY,
	tenant       text COLLATE "C" NOT NULL,
	key          text COLLATE "C",
	supersedable boolean NOT NULL, -- whether a new record may take the key over
	at           bigint NOT NULL,
	doc          text NOT NULL
);
CREATE UNIQUE INDEX tombstones_key ON {schema}.tombstones (tenant, key) WHERE key IS NOT NULL;
CREATE INDEX tombstones_keyed ON {schema}.tombstones (tenant, at) WHERE key IS NOT NULL;
CREATE INDEX tombstones_at ON {schema}.tombstones (at) WHERE key IS NULL;

CREATE TABLE {schema}.sequences (
	tenant  text COLLATE "C" NOT NULL,
	name    text COLLATE "C" NOT NULL,
	last    bigint NOT NULL, -- the place that was given last
	done    bigint NOT NULL, -- the head stands right behind it
	waiting bigint NOT NULL, -- records behind done
	PRIMARY KEY (tenant, name)
) WITH (fillfactor = 50);

CREATE TABLE {schema}.documents (
	tenant  text COLLATE "C" NOT NULL,
	name    text COLLATE "C" NOT NULL,
	version bigint NOT NULL,
	changed bigint NOT NULL,
	body    bytea NOT NULL,
	PRIMARY KEY (tenant, name)
) WITH (fillfactor = 50);

-- One row for each group of changes, by which the writer learns whether it was
-- committed if the connection ended in between. Rows are only ever inserted, since
-- one that is changed for each group is slow to find while an old transaction is
-- open. Ids begin with the time.
CREATE TABLE {schema}.groups (
	id uuid NOT NULL PRIMARY KEY
);
