-- Records as people read them, for those who look with psql.
CREATE VIEW {schema}.operations AS
	SELECT tenant, ref, phase, kind, id, key, metadata,
		to_timestamp(created / 1e9) AS created,
		CASE WHEN due > 0 THEN to_timestamp(due / 1e9) END AS due,
		to_timestamp(until / 1e9) AS leased_until,
		to_timestamp(nullif(ended, 0) / 1e9) AS ended,
		sequence, place,
		fixed::json ->> 'method' AS method,
		fixed::json ->> 'path' AS path,
		doc::json ->> 'reason' AS reason
	FROM {schema}.records;
COMMENT ON VIEW {schema}.operations IS 'Records of operations, to read. Change them only by the program.';
