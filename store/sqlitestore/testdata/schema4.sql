PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
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
, due INTEGER) STRICT;
INSERT INTO records VALUES(1,'queued','fjord','queued',NULL,'key-queued',NULL,NULL,'{"tenant":"fjord","ref":"queued","phase":"queued","key":"key-queued","fingerprint":"f00d-queued","kind":"invoice","method":"POST","path":"/v2/customerinvoice","origin":"https://erp.test","notify":"subscription","metadata":{"lookedAt":"a key of the application''s","order":"queued","phase":"handled"},"createdAt":"2026-11-20T04:46:34.589870162Z","updatedAt":"2026-11-20T04:46:34.589870162Z"}',NULL);
INSERT INTO records VALUES(2,'sending','fjord','sending',NULL,'key-sending',1795153594593344268,NULL,'{"tenant":"fjord","ref":"sending","phase":"sending","key":"key-sending","fingerprint":"f00d-sending","kind":"invoice","method":"POST","path":"/v2/customerinvoice","origin":"https://erp.test","notify":"subscription","metadata":{"lookedAt":"a key of the application''s","order":"sending","phase":"handled"},"lease":{"owner":"replica-a","epoch":1795841194593344,"until":"2026-11-20T05:46:34.593344268Z","ttl":3600000000000},"sendEpoch":1795841194593344,"createdAt":"2026-11-20T04:46:34.593344268Z","sentAt":"2026-11-20T04:46:34.593344268Z","updatedAt":"2026-11-20T04:46:34.593344268Z"}',NULL);
INSERT INTO records VALUES(3,'accepted','fjord','accepted','id-accepted','key-accepted',NULL,NULL,'{"tenant":"fjord","ref":"accepted","phase":"accepted","id":"id-accepted","idSource":"answer","key":"key-accepted","fingerprint":"f00d-accepted","kind":"invoice","method":"POST","path":"/v2/customerinvoice","origin":"https://erp.test","notify":"subscription","metadata":{"lookedAt":"a key of the application''s","order":"accepted","phase":"handled"},"due":"2026-11-20T04:46:34.690226309Z","lease":{"epoch":1795841194595932},"sendEpoch":1795841194595932,"notification":{"tenant":"fjord","ref":"accepted","id":"id-accepted","notificationId":"n-1","statusCode":201,"mode":"subscription","header":{"x-erp-tenant":"fjord"},"body":"{\"id\":\"id-accepted\"}","receivedAt":"2026-11-20T04:46:34.690226309Z"},"notifications":1,"createdAt":"2026-11-20T04:46:34.595932944Z","sentAt":"2026-11-20T04:46:34.595932944Z","acceptedAt":"2026-11-20T04:46:34.599971864Z","updatedAt":"2026-11-20T04:46:34.690226309Z"}',1795149994690226309);
INSERT INTO records VALUES(4,'polled','fjord','accepted','id-polled','key-polled',NULL,NULL,'{"tenant":"fjord","ref":"polled","phase":"accepted","id":"id-polled","idSource":"answer","key":"key-polled","fingerprint":"f00d-polled","kind":"invoice","method":"POST","path":"/v2/customerinvoice","origin":"https://erp.test","notify":"subscription","metadata":{"lookedAt":"a key of the application''s","order":"polled","phase":"handled"},"due":"2026-11-20T04:47:34.607902848Z","polls":1,"lookedAt":"2026-11-20T04:46:34.608237398Z","progress":{"status":"Started","statusCode":200,"seenAt":"2026-11-20T04:46:34.607903183Z"},"lease":{"epoch":1795841194607999},"sendEpoch":1795841194603914,"createdAt":"2026-11-20T04:46:34.603914852Z","sentAt":"2026-11-20T04:46:34.603914852Z","acceptedAt":"2026-11-20T04:46:34.604763574Z","updatedAt":"2026-11-20T04:46:34.608237398Z"}',1795150054607902848);
INSERT INTO records VALUES(5,'settled','fjord','settled','id-settled','key-settled',NULL,NULL,'{"tenant":"fjord","ref":"settled","phase":"settled","id":"id-settled","idSource":"answer","key":"key-settled","fingerprint":"f00d-settled","kind":"invoice","method":"POST","path":"/v2/customerinvoice","origin":"https://erp.test","notify":"subscription","metadata":{"lookedAt":"a key of the application''s","order":"settled","phase":"handled"},"due":"2026-11-20T04:46:34.611911235Z","lease":{"epoch":1795841194608947},"sendEpoch":1795841194608947,"outcome":{"status":"Finished","statusCode":201,"header":{"Location":["/v2/customerinvoice/7"]},"hasContent":true,"kept":true,"contentSize":23,"contentType":"application/json"},"createdAt":"2026-11-20T04:46:34.608947624Z","sentAt":"2026-11-20T04:46:34.608947624Z","acceptedAt":"2026-11-20T04:46:34.609689377Z","settledAt":"2026-11-20T04:46:34.611911235Z","updatedAt":"2026-11-20T04:46:34.611911235Z"}',1795149994611911235);
INSERT INTO records VALUES(6,'retried','fjord','settled','id-retried','key-retried',NULL,NULL,'{"tenant":"fjord","ref":"retried","phase":"settled","id":"id-retried","idSource":"answer","key":"key-retried","fingerprint":"f00d-retried","kind":"invoice","method":"POST","path":"/v2/customerinvoice","origin":"https://erp.test","notify":"subscription","metadata":{"lookedAt":"a key of the application''s","order":"retried","phase":"handled"},"due":"2026-11-20T04:46:35.62419059Z","attempts":1,"lease":{"epoch":1795841194623990},"sendEpoch":1795841194615905,"outcome":{"status":"Finished","statusCode":201,"header":{"Location":["/v2/customerinvoice/7"]},"hasContent":true,"kept":true,"contentSize":23,"contentType":"application/json"},"reason":"database down","createdAt":"2026-11-20T04:46:34.615905451Z","sentAt":"2026-11-20T04:46:34.615905451Z","acceptedAt":"2026-11-20T04:46:34.616894946Z","settledAt":"2026-11-20T04:46:34.619970821Z","updatedAt":"2026-11-20T04:46:34.62428511Z"}',1795149995624190590);
INSERT INTO records VALUES(7,'handled','fjord','handled','id-handled','key-handled',NULL,1795149994630627151,'{"tenant":"fjord","ref":"handled","phase":"handled","id":"id-handled","idSource":"answer","key":"key-handled","fingerprint":"f00d-handled","kind":"invoice","method":"POST","path":"/v2/customerinvoice","origin":"https://erp.test","notify":"subscription","metadata":{"lookedAt":"a key of the application''s","order":"handled","phase":"handled"},"lease":{"epoch":1795841194630368},"sendEpoch":1795841194624801,"outcome":{"status":"Finished","statusCode":201,"header":{"Location":["/v2/customerinvoice/7"]},"hasContent":true,"contentType":"application/json"},"createdAt":"2026-11-20T04:46:34.624801446Z","sentAt":"2026-11-20T04:46:34.624801446Z","acceptedAt":"2026-11-20T04:46:34.627926581Z","settledAt":"2026-11-20T04:46:34.628597282Z","endedAt":"2026-11-20T04:46:34.630627151Z","updatedAt":"2026-11-20T04:46:34.630627151Z"}',NULL);
INSERT INTO records VALUES(8,'rejected','fjord','rejected',NULL,NULL,NULL,1795149994640028955,'{"tenant":"fjord","ref":"rejected","phase":"rejected","key":"key-rejected","keyReleased":true,"fingerprint":"f00d-rejected","kind":"invoice","method":"POST","path":"/v2/customerinvoice","origin":"https://erp.test","notify":"subscription","metadata":{"lookedAt":"a key of the application''s","order":"rejected","phase":"handled"},"lease":{"epoch":1795841194630900},"sendEpoch":1795841194630900,"reason":"400","createdAt":"2026-11-20T04:46:34.630900405Z","sentAt":"2026-11-20T04:46:34.630900405Z","endedAt":"2026-11-20T04:46:34.640028955Z","updatedAt":"2026-11-20T04:46:34.640028955Z"}',NULL);
INSERT INTO records VALUES(9,'uncertain','fjord','uncertain',NULL,'key-uncertain',NULL,NULL,'{"tenant":"fjord","ref":"uncertain","phase":"uncertain","key":"key-uncertain","fingerprint":"f00d-uncertain","kind":"invoice","method":"POST","path":"/v2/customerinvoice","origin":"https://erp.test","notify":"subscription","metadata":{"lookedAt":"a key of the application''s","order":"uncertain","phase":"handled"},"lease":{"epoch":1795841194640893},"sendEpoch":1795841194640893,"reason":"connection reset","createdAt":"2026-11-20T04:46:34.640893907Z","sentAt":"2026-11-20T04:46:34.640893907Z","updatedAt":"2026-11-20T04:46:34.641997805Z"}',NULL);
INSERT INTO records VALUES(10,'abandoned','fjord','abandoned',NULL,NULL,NULL,NULL,'{"tenant":"fjord","ref":"abandoned","phase":"abandoned","key":"key-abandoned","keyReleased":true,"fingerprint":"f00d-abandoned","kind":"invoice","method":"POST","path":"/v2/customerinvoice","origin":"https://erp.test","notify":"subscription","metadata":{"lookedAt":"a key of the application''s","order":"abandoned","phase":"handled"},"lease":{"epoch":1795841194652651},"sendEpoch":1795841194643458,"reason":"by hand","createdAt":"2026-11-20T04:46:34.643458851Z","sentAt":"2026-11-20T04:46:34.643458851Z","endedAt":"2026-11-20T04:46:34.652787778Z","updatedAt":"2026-11-20T04:46:34.652787778Z"}',NULL);
INSERT INTO records VALUES(11,'expired','fjord','expired','id-expired','key-expired',NULL,1795149994665110317,'{"tenant":"fjord","ref":"expired","phase":"expired","id":"id-expired","idSource":"answer","key":"key-expired","fingerprint":"f00d-expired","kind":"invoice","method":"POST","path":"/v2/customerinvoice","origin":"https://erp.test","notify":"subscription","metadata":{"lookedAt":"a key of the application''s","order":"expired","phase":"handled"},"due":"2026-11-20T04:46:34.665110317Z","lease":{"epoch":1795841194664938},"sendEpoch":1795841194656364,"reason":"404","createdAt":"2026-11-20T04:46:34.656364092Z","sentAt":"2026-11-20T04:46:34.656364092Z","acceptedAt":"2026-11-20T04:46:34.660572361Z","endedAt":"2026-11-20T04:46:34.665110317Z","updatedAt":"2026-11-20T04:46:34.665110317Z"}',1795149994665110317);
INSERT INTO records VALUES(12,'unclear','fjord','unclear','id-unclear','key-unclear',NULL,NULL,'{"tenant":"fjord","ref":"unclear","phase":"unclear","id":"id-unclear","idSource":"answer","key":"key-unclear","fingerprint":"f00d-unclear","kind":"invoice","method":"POST","path":"/v2/customerinvoice","origin":"https://erp.test","notify":"subscription","metadata":{"lookedAt":"a key of the application''s","order":"unclear","phase":"handled"},"lease":{"epoch":1795841194671982},"sendEpoch":1795841194671982,"outcome":{"status":"Parked","statusCode":200},"reason":"the ERP named an end that is neither success nor failure","createdAt":"2026-11-20T04:46:34.671982326Z","sentAt":"2026-11-20T04:46:34.671982326Z","acceptedAt":"2026-11-20T04:46:34.67550449Z","endedAt":"2026-11-20T04:46:34.679940164Z","updatedAt":"2026-11-20T04:46:34.679940164Z"}',NULL);
INSERT INTO records VALUES(13,'dead','fjord','dead','id-dead','key-dead',NULL,NULL,'{"tenant":"fjord","ref":"dead","phase":"dead","id":"id-dead","idSource":"answer","key":"key-dead","fingerprint":"f00d-dead","kind":"invoice","method":"POST","path":"/v2/customerinvoice","origin":"https://erp.test","notify":"subscription","metadata":{"lookedAt":"a key of the application''s","order":"dead","phase":"handled"},"lease":{"epoch":1795841194689220},"sendEpoch":1795841194681385,"outcome":{"status":"Finished","statusCode":500,"header":{"Location":["/v2/customerinvoice/7"]},"hasContent":true,"kept":true,"contentSize":23,"contentType":"application/json"},"reason":"no such customer","createdAt":"2026-11-20T04:46:34.681385008Z","sentAt":"2026-11-20T04:46:34.681385008Z","acceptedAt":"2026-11-20T04:46:34.683132954Z","settledAt":"2026-11-20T04:46:34.688237095Z","updatedAt":"2026-11-20T04:46:34.689404614Z"}',NULL);
INSERT INTO records VALUES(14,'delivery:20261120T044634.690226309:accepted:1','*deliveries','dead',NULL,NULL,NULL,NULL,'{"tenant":"*deliveries","ref":"delivery:20261120T044634.690226309:accepted:1","phase":"dead","kind":"matched","lease":{"epoch":1795841194696938},"notification":{"tenant":"fjord","ref":"accepted","id":"id-accepted","notificationId":"n-1","statusCode":201,"mode":"subscription","header":{"x-erp-tenant":"fjord"},"body":"{\"id\":\"id-accepted\"}","receivedAt":"2026-11-20T04:46:34.690226309Z"},"notifications":1,"reason":"poison","createdAt":"2026-11-20T04:46:34.690226309Z","updatedAt":"2026-11-20T04:46:34.697095457Z"}',NULL);
INSERT INTO records VALUES(15,'heard:5:fjord:id-stranger','fjord','heard','id-stranger',NULL,NULL,1795149994692460748,'{"tenant":"fjord","ref":"heard:5:fjord:id-stranger","phase":"heard","id":"id-stranger","idSource":"notification","due":"2026-11-20T04:46:34.692460748Z","notification":{"tenant":"fjord","id":"id-stranger","mode":"subscription","body":"{\"id\":\"id-stranger\"}","receivedAt":"2026-11-20T04:46:34.692460748Z"},"notifications":1,"createdAt":"2026-11-20T04:46:34.692460748Z","updatedAt":"2026-11-20T04:46:34.692460748Z"}',1795149994692460748);
INSERT INTO records VALUES(16,'delivery:20261120T044634.692460748:heard:5:fjord:id-stranger:1','*deliveries','delivery',NULL,NULL,NULL,NULL,'{"tenant":"*deliveries","ref":"delivery:20261120T044634.692460748:heard:5:fjord:id-stranger:1","phase":"delivery","kind":"unknown","due":"2026-11-20T04:46:34.692460748Z","notification":{"tenant":"fjord","id":"id-stranger","mode":"subscription","body":"{\"id\":\"id-stranger\"}","receivedAt":"2026-11-20T04:46:34.692460748Z"},"notifications":1,"createdAt":"2026-11-20T04:46:34.692460748Z","updatedAt":"2026-11-20T04:46:34.692460748Z"}',1795149994692460748);
INSERT INTO records VALUES(17,'heard:0::id-nobody','','heard','id-nobody',NULL,NULL,1795149994693690579,'{"ref":"heard:0::id-nobody","phase":"heard","id":"id-nobody","idSource":"notification","due":"2026-11-20T04:46:34.693690579Z","notification":{"id":"id-nobody","mode":"url","body":"{\"id\":\"id-nobody\"}","receivedAt":"2026-11-20T04:46:34.693690579Z"},"notifications":1,"createdAt":"2026-11-20T04:46:34.693690579Z","updatedAt":"2026-11-20T04:46:34.693690579Z"}',1795149994693690579);
INSERT INTO records VALUES(18,'delivery:20261120T044634.693690579:heard:0::id-nobody:1','*deliveries','delivery',NULL,NULL,NULL,NULL,'{"tenant":"*deliveries","ref":"delivery:20261120T044634.693690579:heard:0::id-nobody:1","phase":"delivery","kind":"unknown","due":"2026-11-20T04:46:34.693690579Z","notification":{"id":"id-nobody","mode":"url","body":"{\"id\":\"id-nobody\"}","receivedAt":"2026-11-20T04:46:34.693690579Z"},"notifications":1,"createdAt":"2026-11-20T04:46:34.693690579Z","updatedAt":"2026-11-20T04:46:34.693690579Z"}',1795149994693690579);
INSERT INTO records VALUES(19,'heard:5:fjord:id-adopted','fjord','accepted','id-adopted',NULL,NULL,NULL,'{"tenant":"fjord","ref":"heard:5:fjord:id-adopted","phase":"accepted","id":"id-adopted","idSource":"evidence","due":"2026-11-20T04:46:34.695377102Z","notification":{"tenant":"fjord","id":"id-adopted","mode":"subscription","body":"{\"id\":\"id-adopted\"}","receivedAt":"2026-11-20T04:46:34.694641329Z"},"notifications":1,"createdAt":"2026-11-20T04:46:34.694641329Z","acceptedAt":"2026-11-20T04:46:34.695377102Z","updatedAt":"2026-11-20T04:46:34.695377102Z"}',1795149994695377102);
CREATE TABLE contents (
	n    INTEGER PRIMARY KEY, -- of the record
	body BLOB NOT NULL
) STRICT;
INSERT INTO contents VALUES(5,X'7b227265666572656e63654e756d626572223a2237227d');
INSERT INTO contents VALUES(6,X'7b227265666572656e63654e756d626572223a2237227d');
INSERT INTO contents VALUES(13,X'7b227265666572656e63654e756d626572223a2237227d');
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
INSERT INTO tombstones VALUES('failed','fjord','id-failed','key-failed','f00d-failed',1,1795149994554510591);
INSERT INTO tombstones VALUES('gone','fjord','id-gone','key-gone','f00d-gone',0,1795149994554510591);
INSERT INTO tombstones VALUES('keyless','fjord','id-keyless',NULL,'f00d-keyless',0,1795149994554510591);
CREATE TABLE heard (
	tenant TEXT PRIMARY KEY,
	count  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO heard VALUES('',1);
INSERT INTO heard VALUES('fjord',1);
CREATE TABLE changes (
	seq  INTEGER PRIMARY KEY, -- without gaps; the oldest are removed
	by   INTEGER NOT NULL,    -- the store that wrote it
	refs TEXT                 -- JSON: tenant, ref, tenant, ref, …; NULL if there were too many
) STRICT;
INSERT INTO changes VALUES(1,5071698240068026341,'["fjord","gone"]');
INSERT INTO changes VALUES(2,5071698240068026341,'["fjord","gone"]');
INSERT INTO changes VALUES(3,5071698240068026341,'["fjord","gone"]');
INSERT INTO changes VALUES(4,5071698240068026341,'["fjord","failed"]');
INSERT INTO changes VALUES(5,5071698240068026341,'["fjord","failed"]');
INSERT INTO changes VALUES(6,5071698240068026341,'["fjord","failed"]');
INSERT INTO changes VALUES(7,5071698240068026341,'["fjord","keyless"]');
INSERT INTO changes VALUES(8,5071698240068026341,'["fjord","keyless"]');
INSERT INTO changes VALUES(9,5071698240068026341,'["fjord","keyless"]');
INSERT INTO changes VALUES(10,5071698240068026341,'[]');
INSERT INTO changes VALUES(11,5071698240068026341,'["fjord","gone"]');
INSERT INTO changes VALUES(12,5071698240068026341,'[]');
INSERT INTO changes VALUES(13,5071698240068026341,'["fjord","failed"]');
INSERT INTO changes VALUES(14,5071698240068026341,'[]');
INSERT INTO changes VALUES(15,5071698240068026341,'["fjord","keyless"]');
INSERT INTO changes VALUES(16,5071698240068026341,'[]');
INSERT INTO changes VALUES(17,5071698240068026341,'[]');
INSERT INTO changes VALUES(18,5071698240068026341,'["fjord","queued"]');
INSERT INTO changes VALUES(19,5071698240068026341,'["fjord","sending"]');
INSERT INTO changes VALUES(20,5071698240068026341,'["fjord","accepted"]');
INSERT INTO changes VALUES(21,5071698240068026341,'["fjord","accepted"]');
INSERT INTO changes VALUES(22,5071698240068026341,'["fjord","polled"]');
INSERT INTO changes VALUES(23,5071698240068026341,'["fjord","polled"]');
INSERT INTO changes VALUES(24,5071698240068026341,'[]');
INSERT INTO changes VALUES(25,5071698240068026341,'["fjord","polled"]');
INSERT INTO changes VALUES(26,5071698240068026341,'["fjord","settled"]');
INSERT INTO changes VALUES(27,5071698240068026341,'["fjord","settled"]');
INSERT INTO changes VALUES(28,5071698240068026341,'["fjord","settled"]');
INSERT INTO changes VALUES(29,5071698240068026341,'["fjord","retried"]');
INSERT INTO changes VALUES(30,5071698240068026341,'["fjord","retried"]');
INSERT INTO changes VALUES(31,5071698240068026341,'["fjord","retried"]');
INSERT INTO changes VALUES(32,5071698240068026341,'[]');
INSERT INTO changes VALUES(33,5071698240068026341,'["fjord","retried"]');
INSERT INTO changes VALUES(34,5071698240068026341,'["fjord","handled"]');
INSERT INTO changes VALUES(35,5071698240068026341,'["fjord","handled"]');
INSERT INTO changes VALUES(36,5071698240068026341,'["fjord","handled"]');
INSERT INTO changes VALUES(37,5071698240068026341,'[]');
INSERT INTO changes VALUES(38,5071698240068026341,'["fjord","handled"]');
INSERT INTO changes VALUES(39,5071698240068026341,'["fjord","rejected"]');
INSERT INTO changes VALUES(40,5071698240068026341,'["fjord","rejected"]');
INSERT INTO changes VALUES(41,5071698240068026341,'["fjord","uncertain"]');
INSERT INTO changes VALUES(42,5071698240068026341,'["fjord","uncertain"]');
INSERT INTO changes VALUES(43,5071698240068026341,'["fjord","abandoned"]');
INSERT INTO changes VALUES(44,5071698240068026341,'["fjord","abandoned"]');
INSERT INTO changes VALUES(45,5071698240068026341,'[]');
INSERT INTO changes VALUES(46,5071698240068026341,'["fjord","abandoned"]');
INSERT INTO changes VALUES(47,5071698240068026341,'["fjord","expired"]');
INSERT INTO changes VALUES(48,5071698240068026341,'["fjord","expired"]');
INSERT INTO changes VALUES(49,5071698240068026341,'[]');
INSERT INTO changes VALUES(50,5071698240068026341,'["fjord","expired"]');
INSERT INTO changes VALUES(51,5071698240068026341,'["fjord","unclear"]');
INSERT INTO changes VALUES(52,5071698240068026341,'["fjord","unclear"]');
INSERT INTO changes VALUES(53,5071698240068026341,'["fjord","unclear"]');
INSERT INTO changes VALUES(54,5071698240068026341,'["fjord","dead"]');
INSERT INTO changes VALUES(55,5071698240068026341,'["fjord","dead"]');
INSERT INTO changes VALUES(56,5071698240068026341,'["fjord","dead"]');
INSERT INTO changes VALUES(57,5071698240068026341,'[]');
INSERT INTO changes VALUES(58,5071698240068026341,'["fjord","dead"]');
INSERT INTO changes VALUES(59,5071698240068026341,'["fjord","accepted","*deliveries","delivery:20261120T044634.690226309:accepted:1"]');
INSERT INTO changes VALUES(60,5071698240068026341,'["fjord","heard:5:fjord:id-stranger","*deliveries","delivery:20261120T044634.692460748:heard:5:fjord:id-stranger:1"]');
INSERT INTO changes VALUES(61,5071698240068026341,'["","heard:0::id-nobody","*deliveries","delivery:20261120T044634.693690579:heard:0::id-nobody:1"]');
INSERT INTO changes VALUES(62,5071698240068026341,'["fjord","heard:5:fjord:id-adopted"]');
INSERT INTO changes VALUES(63,5071698240068026341,'["fjord","heard:5:fjord:id-adopted"]');
INSERT INTO changes VALUES(64,5071698240068026341,'[]');
INSERT INTO changes VALUES(65,5071698240068026341,'["*deliveries","delivery:20261120T044634.690226309:accepted:1"]');
CREATE TABLE counts (
	name  TEXT PRIMARY KEY, -- a phase, or "tombstone"
	count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counts VALUES('abandoned',1);
INSERT INTO counts VALUES('accepted',3);
INSERT INTO counts VALUES('dead',2);
INSERT INTO counts VALUES('delivery',2);
INSERT INTO counts VALUES('expired',1);
INSERT INTO counts VALUES('handled',1);
INSERT INTO counts VALUES('heard',2);
INSERT INTO counts VALUES('queued',1);
INSERT INTO counts VALUES('rejected',1);
INSERT INTO counts VALUES('sending',1);
INSERT INTO counts VALUES('settled',2);
INSERT INTO counts VALUES('tombstone',3);
INSERT INTO counts VALUES('uncertain',1);
INSERT INTO counts VALUES('unclear',1);
CREATE UNIQUE INDEX records_key ON records (tenant, key) WHERE key IS NOT NULL;
CREATE UNIQUE INDEX records_id ON records (id, tenant) WHERE id IS NOT NULL AND phase <> 'heard';
CREATE INDEX records_heard ON records (id) WHERE phase = 'heard';
CREATE INDEX records_phase ON records (tenant, phase, ref);
CREATE UNIQUE INDEX tombstones_key ON tombstones (tenant, key) WHERE key IS NOT NULL;
CREATE INDEX tombstones_at ON tombstones (at) WHERE key IS NULL;
CREATE INDEX records_due ON records (tenant, phase, due) WHERE due IS NOT NULL;
CREATE INDEX records_ended ON records (tenant, phase, ended) WHERE ended IS NOT NULL;
CREATE INDEX tombstones_keyed ON tombstones (tenant, at) WHERE key IS NOT NULL;
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
COMMIT;
PRAGMA application_id = 1447192435;
PRAGMA user_version = 4;
