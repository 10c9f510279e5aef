PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE contents (
	n    INTEGER PRIMARY KEY, -- of the record
	body BLOB NOT NULL
) STRICT;
INSERT INTO contents VALUES(6,X'7b227265666572656e63654e756d626572223a2237227d');
INSERT INTO contents VALUES(7,X'7b227265666572656e63654e756d626572223a2237227d');
INSERT INTO contents VALUES(8,X'7b227265666572656e63654e756d626572223a2237227d');
INSERT INTO contents VALUES(15,X'7b227265666572656e63654e756d626572223a2237227d');
INSERT INTO contents VALUES(22,X'776879');
CREATE TABLE documents (
	tenant  TEXT NOT NULL,
	name    TEXT NOT NULL,
	version INTEGER NOT NULL,
	changed INTEGER NOT NULL, -- ns
	body    BLOB NOT NULL,
	PRIMARY KEY (tenant, name)
) STRICT;
INSERT INTO documents VALUES('fjord','budget',1795164883088427,1795164883088427197,X'31');
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
, due INTEGER, created INTEGER NOT NULL DEFAULT 0, kind TEXT NOT NULL DEFAULT '', lock TEXT, work TEXT) STRICT;
INSERT INTO records VALUES(1,'queued','fjord','queued',NULL,'key-queued',NULL,NULL,'{"tenant":"fjord","ref":"queued","phase":"queued","key":"key-queued","fingerprint":"f00d-queued","kind":"invoice","method":"POST","path":"/v2/customerinvoice","metadata":{"lookedAt":"now","order":"queued","phase":"handled"},"createdAt":"2026-11-20T08:54:42.949345017Z","updatedAt":"2026-11-20T08:54:42.949345017Z"}',NULL,1795164882949345017,'invoice',NULL,NULL);
INSERT INTO records VALUES(2,'sending','fjord','sending',NULL,'key-sending',1795168482950666354,NULL,'{"tenant":"fjord","ref":"sending","phase":"sending","key":"key-sending","fingerprint":"f00d-sending","kind":"invoice","method":"POST","path":"/v2/customerinvoice","metadata":{"lookedAt":"now","order":"sending","phase":"handled"},"lease":{"owner":"replica-a","epoch":1795164882950666,"until":"2026-11-20T09:54:42.950666354Z","ttl":3600000000000},"sendEpoch":1795164882950666,"createdAt":"2026-11-20T08:54:42.950666354Z","sentAt":"2026-11-20T08:54:42.950666354Z","updatedAt":"2026-11-20T08:54:42.950666354Z"}',NULL,1795164882950666354,'invoice',NULL,NULL);
INSERT INTO records VALUES(3,'accepted','fjord','accepted','id-accepted','key-accepted',NULL,NULL,'{"tenant":"fjord","ref":"accepted","phase":"accepted","id":"id-accepted","idSource":"answer","key":"key-accepted","fingerprint":"f00d-accepted","kind":"invoice","method":"POST","path":"/v2/customerinvoice","metadata":{"lookedAt":"now","order":"accepted","phase":"handled"},"due":"2026-11-20T08:54:43.046698608Z","lease":{"epoch":1795164882951815},"sendEpoch":1795164882951815,"notification":{"ref":"accepted","id":"id-accepted","mode":"subscription","body":"{\"id\":\"id-accepted\"}","receivedAt":"2026-11-20T08:54:43.046698608Z"},"notifications":1,"createdAt":"2026-11-20T08:54:42.951815654Z","sentAt":"2026-11-20T08:54:42.951815654Z","acceptedAt":"2026-11-20T08:54:42.952773951Z","updatedAt":"2026-11-20T08:54:43.046698608Z"}',1795164883046698608,1795164882951815654,'invoice',NULL,NULL);
INSERT INTO records VALUES(4,'leased','fjord','accepted','id-leased','key-leased',1795168482968643150,NULL,'{"tenant":"fjord","ref":"leased","phase":"accepted","id":"id-leased","idSource":"answer","key":"key-leased","fingerprint":"f00d-leased","kind":"invoice","method":"POST","path":"/v2/customerinvoice","metadata":{"lookedAt":"now","order":"leased","phase":"handled"},"lease":{"owner":"replica-a","epoch":1795164882968643,"until":"2026-11-20T09:54:42.96864315Z","ttl":3600000000000},"sendEpoch":1795164882956382,"createdAt":"2026-11-20T08:54:42.956382271Z","sentAt":"2026-11-20T08:54:42.956382271Z","acceptedAt":"2026-11-20T08:54:42.960395074Z","updatedAt":"2026-11-20T08:54:42.96864315Z"}',-9223372036854775808,1795164882956382271,'invoice',NULL,NULL);
INSERT INTO records VALUES(5,'polled','fjord','accepted','id-polled','key-polled',NULL,NULL,'{"tenant":"fjord","ref":"polled","phase":"accepted","id":"id-polled","idSource":"answer","key":"key-polled","fingerprint":"f00d-polled","kind":"invoice","method":"POST","path":"/v2/customerinvoice","metadata":{"lookedAt":"now","order":"polled","phase":"handled"},"due":"2026-11-20T08:55:42.973278139Z","polls":1,"polledAt":"2026-11-20T08:54:42.973566639Z","progress":{"status":"Started"},"lease":{"epoch":1795164882973370},"sendEpoch":1795164882968852,"createdAt":"2026-11-20T08:54:42.968852231Z","sentAt":"2026-11-20T08:54:42.968852231Z","acceptedAt":"2026-11-20T08:54:42.972592278Z","updatedAt":"2026-11-20T08:54:42.973566639Z"}',1795164942973278139,1795164882968852231,'invoice',NULL,NULL);
INSERT INTO records VALUES(6,'settled','fjord','settled','id-settled','key-settled',NULL,NULL,'{"tenant":"fjord","ref":"settled","phase":"settled","id":"id-settled","idSource":"answer","key":"key-settled","fingerprint":"f00d-settled","kind":"invoice","method":"POST","path":"/v2/customerinvoice","metadata":{"lookedAt":"now","order":"settled","phase":"handled"},"due":"2026-11-20T08:54:42.980429263Z","lease":{"epoch":1795164882977030},"sendEpoch":1795164882977030,"outcome":{"status":"Finished","statusCode":200,"hasContent":true,"kept":true,"contentSize":23},"createdAt":"2026-11-20T08:54:42.977030064Z","sentAt":"2026-11-20T08:54:42.977030064Z","acceptedAt":"2026-11-20T08:54:42.978395396Z","settledAt":"2026-11-20T08:54:42.980429263Z","updatedAt":"2026-11-20T08:54:42.980429263Z"}',1795164882980429263,1795164882977030064,'invoice',NULL,'invoice');
INSERT INTO records VALUES(7,'retried','fjord','settled','id-retried','key-retried',NULL,NULL,'{"tenant":"fjord","ref":"retried","phase":"settled","id":"id-retried","idSource":"answer","key":"key-retried","fingerprint":"f00d-retried","kind":"invoice","method":"POST","path":"/v2/customerinvoice","metadata":{"lookedAt":"now","order":"retried","phase":"handled"},"due":"2026-11-20T08:55:42.985315596Z","attempts":1,"lease":{"epoch":1795164882985352},"sendEpoch":1795164882981813,"outcome":{"status":"Finished","statusCode":200,"hasContent":true,"kept":true,"contentSize":23},"reason":"busy","createdAt":"2026-11-20T08:54:42.981813573Z","sentAt":"2026-11-20T08:54:42.981813573Z","acceptedAt":"2026-11-20T08:54:42.983281528Z","settledAt":"2026-11-20T08:54:42.983926849Z","updatedAt":"2026-11-20T08:54:42.987138499Z"}',1795164942985315596,1795164882981813573,'invoice',NULL,'invoice');
INSERT INTO records VALUES(8,'undated','fjord','settled','id-undated','key-undated',NULL,NULL,'{"tenant":"fjord","ref":"undated","phase":"settled","id":"id-undated","idSource":"answer","key":"key-undated","fingerprint":"f00d-undated","kind":"invoice","method":"POST","path":"/v2/customerinvoice","metadata":{"lookedAt":"now","order":"undated","phase":"handled"},"attempts":1,"lease":{"epoch":1795164882996441},"sendEpoch":1795164882988151,"outcome":{"status":"Finished","statusCode":200,"hasContent":true,"kept":true,"contentSize":23},"reason":"busy","createdAt":"2026-11-20T08:54:42.988151807Z","sentAt":"2026-11-20T08:54:42.988151807Z","acceptedAt":"2026-11-20T08:54:42.989802174Z","settledAt":"2026-11-20T08:54:42.993390515Z","updatedAt":"2026-11-20T08:54:42.996585159Z"}',-9223372036854775808,1795164882988151807,'invoice',NULL,'invoice');
INSERT INTO records VALUES(9,'acknowledged','fjord','acknowledged','id-acknowledged','key-acknowledged',NULL,1795164883013987411,'{"tenant":"fjord","ref":"acknowledged","phase":"acknowledged","id":"id-acknowledged","idSource":"answer","key":"key-acknowledged","fingerprint":"f00d-acknowledged","kind":"invoice","method":"POST","path":"/v2/customerinvoice","metadata":{"lookedAt":"now","order":"acknowledged","phase":"handled"},"attempts":1,"lease":{"epoch":1795164883013828},"sendEpoch":1795164883001004,"outcome":{"status":"Finished","statusCode":200,"hasContent":true},"createdAt":"2026-11-20T08:54:43.001004147Z","sentAt":"2026-11-20T08:54:43.001004147Z","acceptedAt":"2026-11-20T08:54:43.003501283Z","settledAt":"2026-11-20T08:54:43.008400265Z","endedAt":"2026-11-20T08:54:43.013987411Z","updatedAt":"2026-11-20T08:54:43.013987411Z"}',NULL,1795164883001004147,'invoice',NULL,NULL);
INSERT INTO records VALUES(10,'rejected','fjord','rejected',NULL,NULL,NULL,1795164883016485870,'{"tenant":"fjord","ref":"rejected","phase":"rejected","key":"key-rejected","keyReleased":true,"fingerprint":"f00d-rejected","kind":"invoice","method":"POST","path":"/v2/customerinvoice","metadata":{"lookedAt":"now","order":"rejected","phase":"handled"},"lease":{"epoch":1795164883014294},"sendEpoch":1795164883014294,"reason":"400","createdAt":"2026-11-20T08:54:43.014294808Z","sentAt":"2026-11-20T08:54:43.014294808Z","endedAt":"2026-11-20T08:54:43.01648587Z","updatedAt":"2026-11-20T08:54:43.01648587Z"}',NULL,1795164883014294808,'invoice',NULL,NULL);
INSERT INTO records VALUES(11,'uncertain','fjord','uncertain',NULL,'key-uncertain',NULL,NULL,'{"tenant":"fjord","ref":"uncertain","phase":"uncertain","key":"key-uncertain","fingerprint":"f00d-uncertain","kind":"invoice","method":"POST","path":"/v2/customerinvoice","metadata":{"lookedAt":"now","order":"uncertain","phase":"handled"},"lease":{"epoch":1795164883021188},"sendEpoch":1795164883021188,"reason":"reset","createdAt":"2026-11-20T08:54:43.021188839Z","sentAt":"2026-11-20T08:54:43.021188839Z","updatedAt":"2026-11-20T08:54:43.024496192Z"}',NULL,1795164883021188839,'invoice',NULL,NULL);
INSERT INTO records VALUES(12,'abandoned','fjord','abandoned',NULL,NULL,NULL,NULL,'{"tenant":"fjord","ref":"abandoned","phase":"abandoned","key":"key-abandoned","keyReleased":true,"fingerprint":"f00d-abandoned","kind":"invoice","method":"POST","path":"/v2/customerinvoice","metadata":{"lookedAt":"now","order":"abandoned","phase":"handled"},"lease":{"epoch":1795164883041706},"sendEpoch":1795164883026868,"reason":"by hand","createdAt":"2026-11-20T08:54:43.026868943Z","sentAt":"2026-11-20T08:54:43.026868943Z","endedAt":"2026-11-20T08:54:43.041845845Z","updatedAt":"2026-11-20T08:54:43.041845845Z"}',NULL,1795164883026868943,'invoice',NULL,NULL);
INSERT INTO records VALUES(13,'expired','fjord','expired','id-expired','key-expired',NULL,1795164883043499967,'{"tenant":"fjord","ref":"expired","phase":"expired","id":"id-expired","idSource":"answer","key":"key-expired","fingerprint":"f00d-expired","kind":"invoice","method":"POST","path":"/v2/customerinvoice","metadata":{"lookedAt":"now","order":"expired","phase":"handled"},"due":"2026-11-20T08:54:43.043499967Z","lease":{"epoch":1795164883043340},"sendEpoch":1795164883042423,"reason":"404","createdAt":"2026-11-20T08:54:43.042423605Z","sentAt":"2026-11-20T08:54:43.042423605Z","acceptedAt":"2026-11-20T08:54:43.042903499Z","endedAt":"2026-11-20T08:54:43.043499967Z","updatedAt":"2026-11-20T08:54:43.043499967Z"}',1795164883043499967,1795164883042423605,'invoice',NULL,'invoice');
INSERT INTO records VALUES(14,'unclear','fjord','unclear','id-unclear','key-unclear',NULL,NULL,'{"tenant":"fjord","ref":"unclear","phase":"unclear","id":"id-unclear","idSource":"answer","key":"key-unclear","fingerprint":"f00d-unclear","kind":"invoice","method":"POST","path":"/v2/customerinvoice","metadata":{"lookedAt":"now","order":"unclear","phase":"handled"},"lease":{"epoch":1795164883043888},"sendEpoch":1795164883043888,"outcome":{"status":"Halted","statusCode":200},"reason":"the ERP named an end that is neither success nor failure","createdAt":"2026-11-20T08:54:43.043888936Z","sentAt":"2026-11-20T08:54:43.043888936Z","acceptedAt":"2026-11-20T08:54:43.04430803Z","endedAt":"2026-11-20T08:54:43.044678541Z","updatedAt":"2026-11-20T08:54:43.044678541Z"}',NULL,1795164883043888936,'invoice',NULL,NULL);
INSERT INTO records VALUES(15,'dead','fjord','dead','id-dead','key-dead',NULL,NULL,'{"tenant":"fjord","ref":"dead","phase":"dead","id":"id-dead","idSource":"answer","key":"key-dead","fingerprint":"f00d-dead","kind":"invoice","method":"POST","path":"/v2/customerinvoice","metadata":{"lookedAt":"now","order":"dead","phase":"handled"},"attempts":1,"lease":{"epoch":1795164883046230},"sendEpoch":1795164883045055,"outcome":{"status":"Finished","statusCode":200,"hasContent":true,"kept":true,"contentSize":23},"reason":"no","createdAt":"2026-11-20T08:54:43.045055182Z","sentAt":"2026-11-20T08:54:43.045055182Z","acceptedAt":"2026-11-20T08:54:43.045499613Z","settledAt":"2026-11-20T08:54:43.04584707Z","endedAt":"2026-11-20T08:54:43.046350129Z","updatedAt":"2026-11-20T08:54:43.046350129Z"}',NULL,1795164883045055182,'invoice',NULL,NULL);
INSERT INTO records VALUES(16,'delivery:20261120T085443.046698608:accepted:1','*deliveries','dead',NULL,NULL,NULL,NULL,'{"tenant":"*deliveries","ref":"delivery:20261120T085443.046698608:accepted:1","phase":"dead","kind":"matched","attempts":1,"lease":{"epoch":1795164883060338},"notification":{"tenant":"fjord","ref":"accepted","id":"id-accepted","mode":"subscription","body":"{\"id\":\"id-accepted\"}","receivedAt":"2026-11-20T08:54:43.046698608Z"},"notifications":1,"reason":"no","createdAt":"2026-11-20T08:54:43.046698608Z","endedAt":"2026-11-20T08:54:43.060513981Z","updatedAt":"2026-11-20T08:54:43.060513981Z"}',NULL,1795164883046698608,'matched',NULL,NULL);
INSERT INTO records VALUES(17,'unmatched:5:fjord:id-stranger','fjord','unmatched','id-stranger',NULL,NULL,1795164883047712407,'{"tenant":"fjord","ref":"unmatched:5:fjord:id-stranger","phase":"unmatched","id":"id-stranger","idSource":"notification","due":"2026-11-20T08:54:43.047712407Z","notification":{"tenant":"fjord","id":"id-stranger","mode":"subscription","body":"{\"id\":\"id-stranger\"}","receivedAt":"2026-11-20T08:54:43.047712407Z"},"notifications":1,"createdAt":"2026-11-20T08:54:43.047712407Z","updatedAt":"2026-11-20T08:54:43.047712407Z"}',1795164883047712407,1795164883047712407,'',NULL,NULL);
INSERT INTO records VALUES(18,'delivery:20261120T085443.047712407:unmatched:5:fjord:id-stranger:1','*deliveries','delivery',NULL,NULL,NULL,NULL,'{"tenant":"*deliveries","ref":"delivery:20261120T085443.047712407:unmatched:5:fjord:id-stranger:1","phase":"delivery","kind":"unknown","due":"2026-11-20T08:54:43.047712407Z","notification":{"tenant":"fjord","id":"id-stranger","mode":"subscription","body":"{\"id\":\"id-stranger\"}","receivedAt":"2026-11-20T08:54:43.047712407Z"},"notifications":1,"createdAt":"2026-11-20T08:54:43.047712407Z","updatedAt":"2026-11-20T08:54:43.047712407Z"}',1795164883047712407,1795164883047712407,'unknown',NULL,NULL);
INSERT INTO records VALUES(19,'unmatched:0::id-nobody','*none','unmatched','id-nobody',NULL,NULL,1795164883048380361,'{"tenant":"*none","ref":"unmatched:0::id-nobody","phase":"unmatched","id":"id-nobody","idSource":"notification","due":"2026-11-20T08:54:43.048380361Z","notification":{"id":"id-nobody","mode":"subscription","body":"{\"id\":\"id-nobody\"}","receivedAt":"2026-11-20T08:54:43.048380361Z"},"notifications":1,"createdAt":"2026-11-20T08:54:43.048380361Z","updatedAt":"2026-11-20T08:54:43.048380361Z"}',1795164883048380361,1795164883048380361,'',NULL,NULL);
INSERT INTO records VALUES(20,'delivery:20261120T085443.048380361:unmatched:0::id-nobody:1','*deliveries','delivery',NULL,NULL,NULL,NULL,'{"tenant":"*deliveries","ref":"delivery:20261120T085443.048380361:unmatched:0::id-nobody:1","phase":"delivery","kind":"unknown","due":"2026-11-20T08:54:43.048380361Z","notification":{"id":"id-nobody","mode":"subscription","body":"{\"id\":\"id-nobody\"}","receivedAt":"2026-11-20T08:54:43.048380361Z"},"notifications":1,"createdAt":"2026-11-20T08:54:43.048380361Z","updatedAt":"2026-11-20T08:54:43.048380361Z"}',1795164883048380361,1795164883048380361,'unknown',NULL,NULL);
INSERT INTO records VALUES(21,'sent by 7','fjord','sending',NULL,'key-sent by 7',1795860004616298249,NULL,'{"tenant":"fjord","ref":"sent by 7","phase":"sending","key":"key-sent by 7","kind":"invoice","method":"POST","path":"/v2/customerinvoice","metadata":{"order":"sent by 7"},"lease":{"owner":"replica-a","epoch":1795860004615298,"until":"2026-11-28T10:00:04.616298249Z","ttl":1000000},"sendEpoch":1795860004615298,"createdAt":"2026-11-28T10:00:04.615298249Z","sentAt":"2026-11-28T10:00:04.615298249Z","updatedAt":"2026-11-28T10:00:04.615298249Z"}',NULL,1795860004615298249,'invoice','RFEEGKJ4FWORYS6PLNQRLAVTTP-10257673',NULL);
INSERT INTO records VALUES(22,'failed by 7','fjord','settled','id-failed by 7','key-failed by 7',NULL,NULL,'{"tenant":"fjord","ref":"failed by 7","phase":"settled","id":"id-failed by 7","idSource":"answer","key":"key-failed by 7","kind":"invoice","method":"POST","path":"/v2/customerinvoice","metadata":{"order":"failed by 7"},"due":"2026-11-28T10:00:04.621475153Z","lease":{"epoch":1795860004619637},"sendEpoch":1795860004619637,"outcome":{"status":"Finished","statusCode":400,"hasContent":true,"kept":true,"contentSize":3},"createdAt":"2026-11-28T10:00:04.619637157Z","sentAt":"2026-11-28T10:00:04.619637157Z","acceptedAt":"2026-11-28T10:00:04.620399291Z","settledAt":"2026-11-28T10:00:04.621475153Z","updatedAt":"2026-11-28T10:00:04.621475153Z"}',1795860004621475153,1795860004619637157,'invoice',NULL,'invoice');
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
INSERT INTO tombstones VALUES('failed','fjord','id-failed','key-failed','f00d-failed',1,1795164883084399191);
INSERT INTO tombstones VALUES('gone','fjord','id-gone','key-gone','f00d-gone',0,1795164883084399191);
INSERT INTO tombstones VALUES('keyless','fjord','id-keyless',NULL,'f00d-keyless',0,1795164883084399191);
CREATE TABLE wakeups (
	seq  INTEGER PRIMARY KEY, -- without gaps; the oldest are removed
	by   INTEGER NOT NULL,    -- the store that wrote it
	refs TEXT                 -- JSON: tenant, ref, tenant, ref, …; NULL if there were too many
) STRICT;
INSERT INTO wakeups VALUES(65,8040774093741837733,'["*documents:fjord","budget"]');
INSERT INTO wakeups VALUES(66,8040774093741837733,'[]');
INSERT INTO wakeups VALUES(67,6124520971250260830,'["fjord","sent by 7"]');
INSERT INTO wakeups VALUES(68,6124520971250260830,'["fjord","failed by 7"]');
INSERT INTO wakeups VALUES(69,6124520971250260830,'["fjord","failed by 7"]');
INSERT INTO wakeups VALUES(70,6124520971250260830,'["fjord","failed by 7"]');
INSERT INTO wakeups VALUES(71,6124520971250260830,'[]');
CREATE TABLE counts (
	tenant TEXT NOT NULL,
	name   TEXT NOT NULL, -- a phase, or "tombstone"
	count  INTEGER NOT NULL,
	PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
INSERT INTO counts VALUES('*deliveries','dead',1);
INSERT INTO counts VALUES('*deliveries','delivery',2);
INSERT INTO counts VALUES('*none','unmatched',1);
INSERT INTO counts VALUES('fjord','abandoned',1);
INSERT INTO counts VALUES('fjord','accepted',3);
INSERT INTO counts VALUES('fjord','acknowledged',1);
INSERT INTO counts VALUES('fjord','dead',1);
INSERT INTO counts VALUES('fjord','expired',1);
INSERT INTO counts VALUES('fjord','queued',1);
INSERT INTO counts VALUES('fjord','rejected',1);
INSERT INTO counts VALUES('fjord','sending',2);
INSERT INTO counts VALUES('fjord','settled',4);
INSERT INTO counts VALUES('fjord','tombstone',3);
INSERT INTO counts VALUES('fjord','uncertain',1);
INSERT INTO counts VALUES('fjord','unclear',1);
INSERT INTO counts VALUES('fjord','unmatched',1);
CREATE UNIQUE INDEX records_key ON records (tenant, key) WHERE key IS NOT NULL;
CREATE UNIQUE INDEX tombstones_key ON tombstones (tenant, key) WHERE key IS NOT NULL;
CREATE INDEX tombstones_at ON tombstones (at) WHERE key IS NULL;
CREATE INDEX records_due ON records (tenant, phase, due) WHERE due IS NOT NULL;
CREATE INDEX records_ended ON records (tenant, phase, ended) WHERE ended IS NOT NULL;
CREATE INDEX tombstones_keyed ON tombstones (tenant, at) WHERE key IS NOT NULL;
CREATE UNIQUE INDEX records_id ON records (id, tenant) WHERE id IS NOT NULL AND phase <> 'unmatched';
CREATE INDEX records_unmatched ON records (id) WHERE phase = 'unmatched';
CREATE INDEX records_phase ON records (tenant, phase, created, ref, kind);
CREATE INDEX records_work ON records (tenant, phase, work, due) WHERE work IS NOT NULL;
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
COMMIT;
PRAGMA application_id = 1447192435;
PRAGMA user_version = 7;
