BEGIN TRANSACTION;
CREATE TABLE account (
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	party TEXT NOT NULL, 
	event INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT account_kind_known CHECK (kind IN ('holding', 'issuance', 'buffer', 'retirement', 'cancellation')), 
	FOREIGN KEY(party) REFERENCES party (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)
 STRICT

;
INSERT INTO "account" VALUES('@issuance','issuance','operator',1);
INSERT INTO "account" VALUES('@buffer-pool','buffer','operator',1);
INSERT INTO "account" VALUES('@retirement','retirement','operator',1);
INSERT INTO "account" VALUES('@cancellation','cancellation','operator',1);
INSERT INTO "account" VALUES('proponent','holding','proponent',3);
INSERT INTO "account" VALUES('buyer','holding','buyer',6);
INSERT INTO "account" VALUES('trader','holding','trader',7);
CREATE TABLE approval (
	proposal INTEGER NOT NULL, 
	approver TEXT NOT NULL, 
	event INTEGER NOT NULL, 
	PRIMARY KEY (proposal), 
	FOREIGN KEY(proposal) REFERENCES proposal (event), 
	FOREIGN KEY(approver) REFERENCES party (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)
 STRICT

;
INSERT INTO "approval" VALUES(13,'approver',14);
CREATE TABLE batch (
	id INTEGER NOT NULL, 
	code TEXT NOT NULL, 
	project TEXT NOT NULL, 
	methodology TEXT NOT NULL, 
	vintage INTEGER NOT NULL, 
	tranche INTEGER NOT NULL, 
	report TEXT NOT NULL, 
	issued INTEGER NOT NULL, 
	event INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT batch_size CHECK (issued BETWEEN 1 AND 9007199254740991), 
	UNIQUE (code), 
	FOREIGN KEY(project) REFERENCES project (id), 
	FOREIGN KEY(report) REFERENCES issuance (report), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)
 STRICT

;
INSERT INTO "batch" VALUES(1,'BC-TEST-COAST1-ARAM001430-2020-1','coast-1','ar-am0014@3.0',2020,1,'e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb',400,15);
INSERT INTO "batch" VALUES(2,'BC-TEST-COAST1-ARAM001430-2021-1','coast-1','ar-am0014@3.0',2021,1,'e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb',300,15);
INSERT INTO "batch" VALUES(3,'BC-TEST-COAST1-ARAM001430-2022-1','coast-1','ar-am0014@3.0',2022,1,'e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb',301,15);
CREATE TABLE checkpoint (
	tree_size INTEGER NOT NULL, 
	root_sha256 TEXT NOT NULL, 
	at TEXT NOT NULL, 
	signature TEXT NOT NULL, 
	PRIMARY KEY (tree_size)
)
 STRICT

;
INSERT INTO "checkpoint" VALUES(15,'a2e4dddd81a719966c9257b4e8197276263cece9f46271f7128603064405638a','2025-03-01T01:15:00Z','2df7a39804a35498e94d0506a5ab89e57310d371b0c80f041cd7ab60f7911924c5acb3a3f3170c92026995d09f47f18b9d65c960e54646d061c08a7e68228b07');
INSERT INTO "checkpoint" VALUES(16,'9dde92919806d862ff6981d88e32f7589e6bf3500c9f92fe36bc27265e48204a','2025-03-01T01:16:00Z','f103d3fdf1eaf5234f9d2a75ccc6b99e02e32f7ce2d9acf51b58deac964d29ca281c113e4312d72b9cdf96b1c8401650dd61f9666d829af866bc1df024613b07');
INSERT INTO "checkpoint" VALUES(17,'38facc11e4850098791141b91124b62cd4b49c78c9d083eedf13738dbb30a1b9','2025-03-01T01:17:00Z','3d498a92d56a7c585f4a152ea300cb4d210a9d1d98667d8869492cde59deab08e9467ec0fb096c9feed8b18e28b08015e082002bd9939678eeaaa7a794971a09');
INSERT INTO "checkpoint" VALUES(18,'fd57600f0458d9cdba99c4a630c342e7d2915a990ebb1cc1e64ab2c8bfeaf6f5','2025-03-01T01:19:00Z','030ddb45e9533340416341a25a71b0fc760f577720cd7c24def60a9f5e7b4e6cf1076d4674c64b439ce8b47fd5a2251b37795c8c67ea880b02d581a9d4ecbb0e');
CREATE TABLE credit_block (
	id INTEGER NOT NULL, 
	batch INTEGER NOT NULL, 
	first INTEGER NOT NULL, 
	last INTEGER NOT NULL, 
	quantity INTEGER NOT NULL, 
	holder TEXT NOT NULL, 
	status TEXT NOT NULL, 
	parent INTEGER, 
	opened_by INTEGER NOT NULL, 
	closed_by INTEGER, 
	PRIMARY KEY (id), 
	CONSTRAINT range_ordered CHECK (first >= 1 AND last >= first), 
	CONSTRAINT quantity_counts_range CHECK (quantity = last - first + 1), 
	CONSTRAINT block_status_known CHECK (status IN ('active', 'buffer', 'retired', 'cancelled')), 
	FOREIGN KEY(batch) REFERENCES batch (id), 
	FOREIGN KEY(holder) REFERENCES account (id), 
	FOREIGN KEY(parent) REFERENCES credit_block (id), 
	FOREIGN KEY(opened_by) REFERENCES event (sequence), 
	FOREIGN KEY(closed_by) REFERENCES event (sequence)
)
 STRICT

;
INSERT INTO "credit_block" VALUES(1,1,1,320,320,'proponent','active',NULL,15,16);
INSERT INTO "credit_block" VALUES(2,1,321,400,80,'@buffer-pool','buffer',NULL,15,NULL);
INSERT INTO "credit_block" VALUES(3,2,1,240,240,'proponent','active',NULL,15,16);
INSERT INTO "credit_block" VALUES(4,2,241,300,60,'@buffer-pool','buffer',NULL,15,NULL);
INSERT INTO "credit_block" VALUES(5,3,1,240,240,'proponent','active',NULL,15,NULL);
INSERT INTO "credit_block" VALUES(6,3,241,301,61,'@buffer-pool','buffer',NULL,15,NULL);
INSERT INTO "credit_block" VALUES(7,1,1,320,320,'buyer','active',1,16,17);
INSERT INTO "credit_block" VALUES(8,2,81,240,160,'proponent','active',3,16,NULL);
INSERT INTO "credit_block" VALUES(9,2,1,80,80,'buyer','active',3,16,NULL);
INSERT INTO "credit_block" VALUES(10,1,51,320,270,'buyer','active',7,17,18);
INSERT INTO "credit_block" VALUES(11,1,1,50,50,'@retirement','retired',7,17,NULL);
INSERT INTO "credit_block" VALUES(12,1,61,320,260,'buyer','active',10,18,NULL);
INSERT INTO "credit_block" VALUES(13,1,51,60,10,'trader','active',10,18,NULL);
CREATE TABLE event (
	sequence INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	effective_at TEXT NOT NULL, 
	recorded_at TEXT NOT NULL, 
	idempotency_key TEXT NOT NULL, 
	request_sha256 TEXT NOT NULL, 
	payload TEXT NOT NULL, 
	leaf BLOB NOT NULL, 
	PRIMARY KEY (sequence), 
	UNIQUE (actor, idempotency_key), 
	CONSTRAINT leaf_is_sha256 CHECK (length(leaf) = 32)
)
 STRICT

;
INSERT INTO "event" VALUES(1,'found-registry','operator','2025-03-01T01:00:00Z','2025-03-01T01:00:00Z','found-registry','4417847226423e76c77303d66559f51e8c5608a6198a736780817f24dea5f6b5','{"closed":[],"facts":{"charter":{"identity":{"code":"TEST","key_label":"DEMONSTRATION KEY","name":"Test registry","name_zh":"测试登记簿","operator":"Operator","operator_zh":"登记机构","public_key_sha256":"41a727ee498476629117210624213ac313de67bcbe83d1c6c5719097f6e4758c"},"policy":{"allow_unverified_parameters":false,"buffer_share_ppm":200000,"overlap_m2_max":100},"public_key_pem":"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAEjHvz4yD/Qo6bWJoTdckMjudSCcDUOdntsF2o4sTgxU=\n-----END PUBLIC KEY-----\n"}},"records":{"account":[{"id":"@issuance","kind":"issuance","party":"operator"},{"id":"@buffer-pool","kind":"buffer","party":"operator"},{"id":"@retirement","kind":"retirement","party":"operator"},{"id":"@cancellation","kind":"cancellation","party":"operator"}],"party":[{"id":"operator","name":"Operator","name_zh":"登记机构"}],"party_role":[{"party":"operator","role":"operator"}]}}',X'08CECD3AA3F64B0EB7676BD21746C435E292E5EA92FFAB0AA05F1A1CBA138DF6');
INSERT INTO "event" VALUES(2,'register-party','operator','2025-03-01T01:01:00Z','2025-03-01T01:01:00Z','key-1','3b1378b4e77d3be0d41a072ce323fd6b38890e2cb738546d3572eae1f4ef769e','{"closed":[],"facts":{"id":"approver","name":"Approver","name_zh":"","roles":["approver"]},"records":{"party":[{"id":"approver","name":"Approver","name_zh":""}],"party_role":[{"party":"approver","role":"approver"}]}}',X'CDCD5305A1DB43E329B2BD31B571219A8EBEA9E55FEE1E9C866C439AC56BF45B');
INSERT INTO "event" VALUES(3,'register-party','operator','2025-03-01T01:02:00Z','2025-03-01T01:02:00Z','key-2','1cba00c58ec2d91045cebec255dc5c5791c26cb3e79e0f7f505e95a022870879','{"closed":[],"facts":{"id":"proponent","name":"Proponent","name_zh":"","roles":["proponent"]},"records":{"account":[{"id":"proponent","kind":"holding","party":"proponent"}],"party":[{"id":"proponent","name":"Proponent","name_zh":""}],"party_role":[{"party":"proponent","role":"proponent"}]}}',X'ACBE481588F09BC45087599ECB900C46C36B84AA0E8D2AB3D6FFEA945092A24D');
INSERT INTO "event" VALUES(4,'register-party','operator','2025-03-01T01:03:00Z','2025-03-01T01:03:00Z','key-3','026d71abf29a5a7e4ba82af7b622dbfcd9617fc8b498aadcee89b8e2ab977b76','{"closed":[],"facts":{"id":"validator","name":"Validator","name_zh":"","roles":["validator"]},"records":{"party":[{"id":"validator","name":"Validator","name_zh":""}],"party_role":[{"party":"validator","role":"validator"}]}}',X'0B3DB3667FBDC7829E0187B3909026BDBFA47AFCE6796AF91199812E9E43CDBC');
INSERT INTO "event" VALUES(5,'register-party','operator','2025-03-01T01:04:00Z','2025-03-01T01:04:00Z','key-4','d6704cc7b52ac3a41e6e11d75e54f90d3a55898aea6545a5a5c6c02a2c72291c','{"closed":[],"facts":{"id":"verifier","name":"Verifier","name_zh":"","roles":["verifier"]},"records":{"party":[{"id":"verifier","name":"Verifier","name_zh":""}],"party_role":[{"party":"verifier","role":"verifier"}]}}',X'89C375301D9031414C6B30C9B4CB07F2701D3A05B7C8A7E7223B6015F95A2BB4');
INSERT INTO "event" VALUES(6,'register-party','operator','2025-03-01T01:05:00Z','2025-03-01T01:05:00Z','key-5','5c85f0d2bbb1c9c19b800679ff573f176fa8942f87dd00bde0072f17ab04cd63','{"closed":[],"facts":{"id":"buyer","name":"Buyer","name_zh":"","roles":["holder"]},"records":{"account":[{"id":"buyer","kind":"holding","party":"buyer"}],"party":[{"id":"buyer","name":"Buyer","name_zh":""}],"party_role":[{"party":"buyer","role":"holder"}]}}',X'EF8DE3B21AE54F9243E814E1776B9E6A9792284A92BDB29C67379C9A3225A5F4');
INSERT INTO "event" VALUES(7,'register-party','operator','2025-03-01T01:06:00Z','2025-03-01T01:06:00Z','key-6','eafcb33d9e2719819814ea3e10b4ffefd347042a92c7080ed11c5b087b7fc064','{"closed":[],"facts":{"id":"trader","name":"Trader","name_zh":"","roles":["holder"]},"records":{"account":[{"id":"trader","kind":"holding","party":"trader"}],"party":[{"id":"trader","name":"Trader","name_zh":""}],"party_role":[{"party":"trader","role":"holder"}]}}',X'BF48F868A9DC00AB3D4948EBAD22D1BF0CEC71F782A3B9DF2183792DB11C128C');
INSERT INTO "event" VALUES(8,'propose-project','proponent','2025-03-01T01:07:00Z','2025-03-01T01:07:00Z','key-7','8ce70def01bed1c42f5575f147cabb7d1f6ee880e10e7bf3b3b7079cf880c0a0','{"closed":[],"facts":{"project":"coast-1"},"records":{"lifecycle":[{"actor":"proponent","project":"coast-1","report":"","state":"draft"}],"project":[{"boundary_area_m2":1151092,"boundary_wkt":"POLYGON ((110.0 21.0, 110.01 21.0, 110.01 21.01, 110.0 21.01, 110.0 21.0))","code":"COAST1","id":"coast-1","name":"Test coast","name_zh":"测试海岸","proponent":"proponent"}]}}',X'952FF149A547F407686D5209A67D5E0C7820CA9F59C3033CC7D1F4D606DCC98C');
INSERT INTO "event" VALUES(9,'validate-project','validator','2025-03-01T01:08:00Z','2025-03-01T01:08:00Z','key-8','af990960cacf9ad097001b9ef21326860324e519a17de2286d480390e7896e6a','{"closed":[],"facts":{"project":"coast-1","statement":"read and found right"},"records":{"lifecycle":[{"actor":"validator","project":"coast-1","report":"","state":"validated"}]}}',X'84D38D13925384EAE7A6AC1F2E22F59C9B57574B39797B06C8E356E2648B496E');
INSERT INTO "event" VALUES(10,'register-project','operator','2025-03-01T01:09:00Z','2025-03-01T01:09:00Z','key-9','8a8de1605616aa2dcf38bd7bc612fb18d46e2a7153b746d56b2ce05eeea37697','{"closed":[],"facts":{"project":"coast-1"},"records":{"lifecycle":[{"actor":"operator","project":"coast-1","report":"","state":"registered"}]}}',X'DF65344BF92C4658A03A660424909F9A902AF95C235DD2DD229F0C63AD226B44');
INSERT INTO "event" VALUES(11,'submit-report','proponent','2025-03-01T01:10:00Z','2025-03-01T01:10:00Z','key-10','93fd6c47b6b01410d1edb03a0b51c2d115f2eb23feb82c5acd4dd90d35cd4181','{"closed":[],"facts":{"project":"coast-1","report":"e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb"},"records":{"lifecycle":[{"actor":"proponent","project":"coast-1","report":"e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb","state":"reported"}],"report":[{"claim_g":1001200000,"methodology":"ar-am0014@3.0","period_end":"2023-01-01","period_start":"2020-01-01","project":"coast-1","seal":"e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb","unverified_parameters":0}]}}',X'B9FE976F661CC3E11694D98B64146F1EB40B8E48BB721BC405F1794C50A4B933');
INSERT INTO "event" VALUES(12,'verify-report','verifier','2025-03-01T01:11:00Z','2025-03-01T01:11:00Z','key-11','f8c6b1f954e088d05d76a2bae8087422a7d9fb10a5394ac2874b753a336ad325','{"closed":[],"facts":{"report":"e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb","statement":"read and found right"},"records":{"lifecycle":[{"actor":"verifier","project":"coast-1","report":"e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb","state":"verified"}],"verification":[{"report":"e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb","statement":"read and found right","verified_g":1001200000,"verifier":"verifier"}]}}',X'43868EDC9C8C74F8549E5ADB972F96D61CA14F6DAB4A051DCCD0626ECDB8A5DF');
INSERT INTO "event" VALUES(13,'propose-issuance','operator','2025-03-01T01:12:00Z','2025-03-01T01:12:00Z','key-12','45b368f0bb85a58766d181d619e4545421b0dfe22ded0dca493ab9dce3e0b509','{"closed":[],"facts":{"buffer":201,"buffer_by_vintage":{"2020":80,"2021":60,"2022":61},"carried_in_g":0,"carried_out_g":200000,"credits_by_vintage":{"2020":400,"2021":300,"2022":301},"issued":1001,"report":"e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb"},"records":{"proposal":[{"plan_sha256":"cafc2bd291a5b5c801e6efce473f0858c6e07af8e6fc11f3bf965518b9cbe98e","proposer":"operator","report":"e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb"}]}}',X'A1F9265EB5478584D762EC4DD5A002C9D5400231936E9C1DA0977AE3F1B63CCB');
INSERT INTO "event" VALUES(14,'approve-issuance','approver','2025-03-01T01:13:00Z','2025-03-01T01:13:00Z','key-13','773bcc79a41edad4a59366e13c5b44585c1608e608363b189c171180607c0e16','{"closed":[],"facts":{"plan_sha256":"cafc2bd291a5b5c801e6efce473f0858c6e07af8e6fc11f3bf965518b9cbe98e","proposal":13,"report":"e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb"},"records":{"approval":[{"approver":"approver","proposal":13}],"lifecycle":[{"actor":"approver","project":"coast-1","report":"e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb","state":"approved"}]}}',X'D531F37993967F76474692D5575EAB28977C14ED59113B6A38664520CAA24506');
INSERT INTO "event" VALUES(15,'issue','operator','2025-03-01T01:14:00Z','2025-03-01T01:14:00Z','key-14','e49e27ec5769f5427cb13267fcc1c80a2bf1709030aca2f60cc650bda3b2a641','{"closed":[],"facts":{"buffer":201,"buffer_by_vintage":{"2020":80,"2021":60,"2022":61},"carried_in_g":0,"carried_out_g":200000,"credits_by_vintage":{"2020":400,"2021":300,"2022":301},"issued":1001,"report":"e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb"},"records":{"batch":[{"code":"BC-TEST-COAST1-ARAM001430-2020-1","id":1,"issued":400,"methodology":"ar-am0014@3.0","project":"coast-1","report":"e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb","tranche":1,"vintage":2020},{"code":"BC-TEST-COAST1-ARAM001430-2021-1","id":2,"issued":300,"methodology":"ar-am0014@3.0","project":"coast-1","report":"e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb","tranche":1,"vintage":2021},{"code":"BC-TEST-COAST1-ARAM001430-2022-1","id":3,"issued":301,"methodology":"ar-am0014@3.0","project":"coast-1","report":"e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb","tranche":1,"vintage":2022}],"credit_block":[{"batch":1,"first":1,"holder":"proponent","id":1,"last":320,"parent":null,"quantity":320,"status":"active"},{"batch":1,"first":321,"holder":"@buffer-pool","id":2,"last":400,"parent":null,"quantity":80,"status":"buffer"},{"batch":2,"first":1,"holder":"proponent","id":3,"last":240,"parent":null,"quantity":240,"status":"active"},{"batch":2,"first":241,"holder":"@buffer-pool","id":4,"last":300,"parent":null,"quantity":60,"status":"buffer"},{"batch":3,"first":1,"holder":"proponent","id":5,"last":240,"parent":null,"quantity":240,"status":"active"},{"batch":3,"first":241,"holder":"@buffer-pool","id":6,"last":301,"parent":null,"quantity":61,"status":"buffer"}],"issuance":[{"buffer":201,"buffer_share_ppm":200000,"carried_in_g":0,"carried_out_g":200000,"issued":1001,"period_end":"2023-01-01","period_start":"2020-01-01","project":"coast-1","report":"e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb","verified_g":1001200000}],"lifecycle":[{"actor":"operator","project":"coast-1","report":"e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb","state":"issued"}],"posting":[{"account":"proponent","batch":1,"quantity":320},{"account":"@buffer-pool","batch":1,"quantity":80},{"account":"proponent","batch":2,"quantity":240},{"account":"@buffer-pool","batch":2,"quantity":60},{"account":"proponent","batch":3,"quantity":240},{"account":"@buffer-pool","batch":3,"quantity":61},{"account":"@issuance","batch":1,"quantity":-400},{"account":"@issuance","batch":2,"quantity":-300},{"account":"@issuance","batch":3,"quantity":-301}]}}',X'3FE022284ED4C993AF46B767C97CC8BC298DF2635FAD53368A7519DFAF69A85F');
INSERT INTO "event" VALUES(16,'transfer','proponent','2025-03-01T01:16:00Z','2025-03-01T01:16:00Z','key-16','a38b84d01f3814f0cfe918ddd6d50d69836676654836a31d94c3932c42093f5d','{"closed":[1,3],"facts":{"quantity":400,"serials":["BC-TEST-COAST1-ARAM001430-2020-1-1-320-51","BC-TEST-COAST1-ARAM001430-2021-1-1-80-61"],"source":"proponent","target":"buyer"},"records":{"credit_block":[{"batch":1,"first":1,"holder":"buyer","id":7,"last":320,"parent":1,"quantity":320,"status":"active"},{"batch":2,"first":81,"holder":"proponent","id":8,"last":240,"parent":3,"quantity":160,"status":"active"},{"batch":2,"first":1,"holder":"buyer","id":9,"last":80,"parent":3,"quantity":80,"status":"active"}],"posting":[{"account":"buyer","batch":1,"quantity":320},{"account":"buyer","batch":2,"quantity":80},{"account":"proponent","batch":1,"quantity":-320},{"account":"proponent","batch":2,"quantity":-80}]}}',X'95059DF49281D52933B7E83726028A52737B2CCE1D409DE0C6BA13D796C61B37');
INSERT INTO "event" VALUES(17,'retire','buyer','2025-03-01T01:17:00Z','2025-03-01T01:17:00Z','key-17','1461a74bd4c3c12080674db250d440098e740d1b2bd366bd6a1a0dced68a7d34','{"closed":[7],"facts":{"account":"buyer","batches":[{"batch":"BC-TEST-COAST1-ARAM001430-2020-1","methodology":"ar-am0014@3.0","project":"coast-1","project_name":"Test coast","project_name_zh":"测试海岸","report":"e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb","unverified_parameters":0,"vintage":2020}],"beneficiary":"Company 公司","purpose":"offset 抵销","quantity":50,"serials":["BC-TEST-COAST1-ARAM001430-2020-1-1-50-76"],"statement":"","usage_year":2024},"records":{"credit_block":[{"batch":1,"first":51,"holder":"buyer","id":10,"last":320,"parent":7,"quantity":270,"status":"active"},{"batch":1,"first":1,"holder":"@retirement","id":11,"last":50,"parent":7,"quantity":50,"status":"retired"}],"posting":[{"account":"@retirement","batch":1,"quantity":50},{"account":"buyer","batch":1,"quantity":-50}]}}',X'94A10FFB23301BAF395D398DAB02E713822E9BC3BF710F7E4361E26D17CADE54');
INSERT INTO "event" VALUES(18,'transfer','buyer','2025-03-01T01:19:00Z','2025-03-01T01:19:00Z','key-19','43288ffc817254c88e6e4c5100614e8b7dea821da11d6e03e784009a095fb917','{"closed":[10],"facts":{"quantity":10,"serials":["BC-TEST-COAST1-ARAM001430-2020-1-51-60-90"],"source":"buyer","target":"trader"},"records":{"credit_block":[{"batch":1,"first":61,"holder":"buyer","id":12,"last":320,"parent":10,"quantity":260,"status":"active"},{"batch":1,"first":51,"holder":"trader","id":13,"last":60,"parent":10,"quantity":10,"status":"active"}],"posting":[{"account":"buyer","batch":1,"quantity":-10},{"account":"trader","batch":1,"quantity":10}]}}',X'EC5741A6ECA30216BFAE9A31C4E854B6B07B31BA9D1B24E2648A1845FE22D185');
CREATE TABLE idempotency (
	actor TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	request_sha256 TEXT NOT NULL, 
	event INTEGER NOT NULL, 
	answer TEXT NOT NULL, 
	PRIMARY KEY (actor, "key"), 
	FOREIGN KEY(actor) REFERENCES party (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)
 STRICT

;
INSERT INTO "idempotency" VALUES('operator','found-registry','4417847226423e76c77303d66559f51e8c5608a6198a736780817f24dea5f6b5',1,'{"kind":"found-registry","leaf_sha256":"08cecd3aa3f64b0eb7676bd21746c435e292e5ea92ffab0aa05f1a1cba138df6","recorded_at":"2025-03-01T01:00:00Z","sequence":1,"serials":[]}');
INSERT INTO "idempotency" VALUES('operator','key-1','3b1378b4e77d3be0d41a072ce323fd6b38890e2cb738546d3572eae1f4ef769e',2,'{"kind":"register-party","leaf_sha256":"cdcd5305a1db43e329b2bd31b571219a8ebea9e55fee1e9c866c439ac56bf45b","recorded_at":"2025-03-01T01:01:00Z","sequence":2,"serials":[]}');
INSERT INTO "idempotency" VALUES('operator','key-2','1cba00c58ec2d91045cebec255dc5c5791c26cb3e79e0f7f505e95a022870879',3,'{"kind":"register-party","leaf_sha256":"acbe481588f09bc45087599ecb900c46c36b84aa0e8d2ab3d6ffea945092a24d","recorded_at":"2025-03-01T01:02:00Z","sequence":3,"serials":[]}');
INSERT INTO "idempotency" VALUES('operator','key-3','026d71abf29a5a7e4ba82af7b622dbfcd9617fc8b498aadcee89b8e2ab977b76',4,'{"kind":"register-party","leaf_sha256":"0b3db3667fbdc7829e0187b3909026bdbfa47afce6796af91199812e9e43cdbc","recorded_at":"2025-03-01T01:03:00Z","sequence":4,"serials":[]}');
INSERT INTO "idempotency" VALUES('operator','key-4','d6704cc7b52ac3a41e6e11d75e54f90d3a55898aea6545a5a5c6c02a2c72291c',5,'{"kind":"register-party","leaf_sha256":"89c375301d9031414c6b30c9b4cb07f2701d3a05b7c8a7e7223b6015f95a2bb4","recorded_at":"2025-03-01T01:04:00Z","sequence":5,"serials":[]}');
INSERT INTO "idempotency" VALUES('operator','key-5','5c85f0d2bbb1c9c19b800679ff573f176fa8942f87dd00bde0072f17ab04cd63',6,'{"kind":"register-party","leaf_sha256":"ef8de3b21ae54f9243e814e1776b9e6a9792284a92bdb29c67379c9a3225a5f4","recorded_at":"2025-03-01T01:05:00Z","sequence":6,"serials":[]}');
INSERT INTO "idempotency" VALUES('operator','key-6','eafcb33d9e2719819814ea3e10b4ffefd347042a92c7080ed11c5b087b7fc064',7,'{"kind":"register-party","leaf_sha256":"bf48f868a9dc00ab3d4948ebad22d1bf0cec71f782a3b9df2183792db11c128c","recorded_at":"2025-03-01T01:06:00Z","sequence":7,"serials":[]}');
INSERT INTO "idempotency" VALUES('proponent','key-7','8ce70def01bed1c42f5575f147cabb7d1f6ee880e10e7bf3b3b7079cf880c0a0',8,'{"kind":"propose-project","leaf_sha256":"952ff149a547f407686d5209a67d5e0c7820ca9f59c3033cc7d1f4d606dcc98c","recorded_at":"2025-03-01T01:07:00Z","sequence":8,"serials":[]}');
INSERT INTO "idempotency" VALUES('validator','key-8','af990960cacf9ad097001b9ef21326860324e519a17de2286d480390e7896e6a',9,'{"kind":"validate-project","leaf_sha256":"84d38d13925384eae7a6ac1f2e22f59c9b57574b39797b06c8e356e2648b496e","recorded_at":"2025-03-01T01:08:00Z","sequence":9,"serials":[]}');
INSERT INTO "idempotency" VALUES('operator','key-9','8a8de1605616aa2dcf38bd7bc612fb18d46e2a7153b746d56b2ce05eeea37697',10,'{"kind":"register-project","leaf_sha256":"df65344bf92c4658a03a660424909f9a902af95c235dd2dd229f0c63ad226b44","recorded_at":"2025-03-01T01:09:00Z","sequence":10,"serials":[]}');
INSERT INTO "idempotency" VALUES('proponent','key-10','93fd6c47b6b01410d1edb03a0b51c2d115f2eb23feb82c5acd4dd90d35cd4181',11,'{"kind":"submit-report","leaf_sha256":"b9fe976f661cc3e11694d98b64146f1eb40b8e48bb721bc405f1794c50a4b933","recorded_at":"2025-03-01T01:10:00Z","sequence":11,"serials":[]}');
INSERT INTO "idempotency" VALUES('verifier','key-11','f8c6b1f954e088d05d76a2bae8087422a7d9fb10a5394ac2874b753a336ad325',12,'{"kind":"verify-report","leaf_sha256":"43868edc9c8c74f8549e5adb972f96d61ca14f6dab4a051dccd0626ecdb8a5df","recorded_at":"2025-03-01T01:11:00Z","sequence":12,"serials":[]}');
INSERT INTO "idempotency" VALUES('operator','key-12','45b368f0bb85a58766d181d619e4545421b0dfe22ded0dca493ab9dce3e0b509',13,'{"kind":"propose-issuance","leaf_sha256":"a1f9265eb5478584d762ec4dd5a002c9d5400231936e9c1da0977ae3f1b63ccb","recorded_at":"2025-03-01T01:12:00Z","sequence":13,"serials":[]}');
INSERT INTO "idempotency" VALUES('approver','key-13','773bcc79a41edad4a59366e13c5b44585c1608e608363b189c171180607c0e16',14,'{"kind":"approve-issuance","leaf_sha256":"d531f37993967f76474692d5575eab28977c14ed59113b6a38664520caa24506","recorded_at":"2025-03-01T01:13:00Z","sequence":14,"serials":[]}');
INSERT INTO "idempotency" VALUES('operator','key-14','e49e27ec5769f5427cb13267fcc1c80a2bf1709030aca2f60cc650bda3b2a641',15,'{"kind":"issue","leaf_sha256":"3fe022284ed4c993af46b767c97cc8bc298df2635fad53368a7519dfaf69a85f","recorded_at":"2025-03-01T01:14:00Z","sequence":15,"serials":["BC-TEST-COAST1-ARAM001430-2020-1-1-320-51","BC-TEST-COAST1-ARAM001430-2020-1-321-400-57","BC-TEST-COAST1-ARAM001430-2021-1-1-240-11","BC-TEST-COAST1-ARAM001430-2021-1-241-300-37","BC-TEST-COAST1-ARAM001430-2022-1-1-240-05","BC-TEST-COAST1-ARAM001430-2022-1-241-301-69"]}');
INSERT INTO "idempotency" VALUES('proponent','key-16','a38b84d01f3814f0cfe918ddd6d50d69836676654836a31d94c3932c42093f5d',16,'{"kind":"transfer","leaf_sha256":"95059df49281d52933b7e83726028a52737b2cce1d409de0c6ba13d796c61b37","recorded_at":"2025-03-01T01:16:00Z","sequence":16,"serials":["BC-TEST-COAST1-ARAM001430-2020-1-1-320-51","BC-TEST-COAST1-ARAM001430-2021-1-1-80-61"]}');
INSERT INTO "idempotency" VALUES('buyer','key-17','1461a74bd4c3c12080674db250d440098e740d1b2bd366bd6a1a0dced68a7d34',17,'{"kind":"retire","leaf_sha256":"94a10ffb23301baf395d398dab02e713822e9bc3bf710f7e4361e26d17cade54","recorded_at":"2025-03-01T01:17:00Z","sequence":17,"serials":["BC-TEST-COAST1-ARAM001430-2020-1-1-50-76"]}');
INSERT INTO "idempotency" VALUES('buyer','key-19','43288ffc817254c88e6e4c5100614e8b7dea821da11d6e03e784009a095fb917',18,'{"kind":"transfer","leaf_sha256":"ec5741a6eca30216bfae9a31c4e854b6b07b31ba9d1b24e2648a1845fe22d185","recorded_at":"2025-03-01T01:19:00Z","sequence":18,"serials":["BC-TEST-COAST1-ARAM001430-2020-1-51-60-90"]}');
CREATE TABLE issuance (
	report TEXT NOT NULL, 
	project TEXT NOT NULL, 
	period_start TEXT NOT NULL, 
	period_end TEXT NOT NULL, 
	verified_g INTEGER NOT NULL, 
	carried_in_g INTEGER NOT NULL, 
	issued INTEGER NOT NULL, 
	buffer INTEGER NOT NULL, 
	carried_out_g INTEGER NOT NULL, 
	buffer_share_ppm INTEGER NOT NULL, 
	event INTEGER NOT NULL, 
	PRIMARY KEY (report), 
	CONSTRAINT nothing_lost CHECK (carried_in_g + verified_g = issued * 1000000 + carried_out_g), 
	CONSTRAINT remainder_below_one_credit CHECK (carried_out_g BETWEEN 0 AND 999999), 
	CONSTRAINT buffer_share_kept CHECK (buffer = (issued * buffer_share_ppm + 999999) / 1000000), 
	FOREIGN KEY(report) REFERENCES report (seal), 
	FOREIGN KEY(project) REFERENCES project (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)
 STRICT

;
INSERT INTO "issuance" VALUES('e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb','coast-1','2020-01-01','2023-01-01',1001200000,0,1001,201,200000,200000,15);
CREATE TABLE lifecycle (
	project TEXT NOT NULL, 
	report TEXT NOT NULL, 
	state TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	event INTEGER NOT NULL, 
	PRIMARY KEY (project, report, state), 
	FOREIGN KEY(project) REFERENCES project (id), 
	FOREIGN KEY(actor) REFERENCES party (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)
 STRICT

;
INSERT INTO "lifecycle" VALUES('coast-1','','draft','proponent',8);
INSERT INTO "lifecycle" VALUES('coast-1','','validated','validator',9);
INSERT INTO "lifecycle" VALUES('coast-1','','registered','operator',10);
INSERT INTO "lifecycle" VALUES('coast-1','e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb','reported','proponent',11);
INSERT INTO "lifecycle" VALUES('coast-1','e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb','verified','verifier',12);
INSERT INTO "lifecycle" VALUES('coast-1','e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb','approved','approver',14);
INSERT INTO "lifecycle" VALUES('coast-1','e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb','issued','operator',15);
CREATE TABLE meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
)
 STRICT

;
INSERT INTO "meta" VALUES('charter','{"identity":{"code":"TEST","key_label":"DEMONSTRATION KEY","name":"Test registry","name_zh":"测试登记簿","operator":"Operator","operator_zh":"登记机构","public_key_sha256":"41a727ee498476629117210624213ac313de67bcbe83d1c6c5719097f6e4758c"},"policy":{"allow_unverified_parameters":false,"buffer_share_ppm":200000,"overlap_m2_max":100},"public_key_pem":"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAEjHvz4yD/Qo6bWJoTdckMjudSCcDUOdntsF2o4sTgxU=\n-----END PUBLIC KEY-----\n"}');
CREATE TABLE party (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	name_zh TEXT NOT NULL, 
	event INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)
 STRICT

;
INSERT INTO "party" VALUES('operator','Operator','登记机构',1);
INSERT INTO "party" VALUES('approver','Approver','',2);
INSERT INTO "party" VALUES('proponent','Proponent','',3);
INSERT INTO "party" VALUES('validator','Validator','',4);
INSERT INTO "party" VALUES('verifier','Verifier','',5);
INSERT INTO "party" VALUES('buyer','Buyer','',6);
INSERT INTO "party" VALUES('trader','Trader','',7);
CREATE TABLE party_role (
	party TEXT NOT NULL, 
	role TEXT NOT NULL, 
	event INTEGER NOT NULL, 
	PRIMARY KEY (party, role), 
	FOREIGN KEY(party) REFERENCES party (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)
 STRICT

;
INSERT INTO "party_role" VALUES('operator','operator',1);
INSERT INTO "party_role" VALUES('approver','approver',2);
INSERT INTO "party_role" VALUES('proponent','proponent',3);
INSERT INTO "party_role" VALUES('validator','validator',4);
INSERT INTO "party_role" VALUES('verifier','verifier',5);
INSERT INTO "party_role" VALUES('buyer','holder',6);
INSERT INTO "party_role" VALUES('trader','holder',7);
CREATE TABLE posting (
	event INTEGER NOT NULL, 
	account TEXT NOT NULL, 
	batch INTEGER NOT NULL, 
	quantity INTEGER NOT NULL, 
	PRIMARY KEY (event, account, batch), 
	CONSTRAINT posting_moves CHECK (quantity <> 0), 
	FOREIGN KEY(event) REFERENCES event (sequence), 
	FOREIGN KEY(account) REFERENCES account (id), 
	FOREIGN KEY(batch) REFERENCES batch (id)
)
 STRICT

;
INSERT INTO "posting" VALUES(15,'proponent',1,320);
INSERT INTO "posting" VALUES(15,'@buffer-pool',1,80);
INSERT INTO "posting" VALUES(15,'proponent',2,240);
INSERT INTO "posting" VALUES(15,'@buffer-pool',2,60);
INSERT INTO "posting" VALUES(15,'proponent',3,240);
INSERT INTO "posting" VALUES(15,'@buffer-pool',3,61);
INSERT INTO "posting" VALUES(15,'@issuance',1,-400);
INSERT INTO "posting" VALUES(15,'@issuance',2,-300);
INSERT INTO "posting" VALUES(15,'@issuance',3,-301);
INSERT INTO "posting" VALUES(16,'buyer',1,320);
INSERT INTO "posting" VALUES(16,'buyer',2,80);
INSERT INTO "posting" VALUES(16,'proponent',1,-320);
INSERT INTO "posting" VALUES(16,'proponent',2,-80);
INSERT INTO "posting" VALUES(17,'@retirement',1,50);
INSERT INTO "posting" VALUES(17,'buyer',1,-50);
INSERT INTO "posting" VALUES(18,'buyer',1,-10);
INSERT INTO "posting" VALUES(18,'trader',1,10);
CREATE TABLE project (
	id TEXT NOT NULL, 
	code TEXT NOT NULL, 
	name TEXT NOT NULL, 
	name_zh TEXT NOT NULL, 
	proponent TEXT NOT NULL, 
	boundary_wkt TEXT NOT NULL, 
	boundary_area_m2 INTEGER NOT NULL, 
	event INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (code), 
	FOREIGN KEY(proponent) REFERENCES party (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)
 STRICT

;
INSERT INTO "project" VALUES('coast-1','COAST1','Test coast','测试海岸','proponent','POLYGON ((110.0 21.0, 110.01 21.0, 110.01 21.01, 110.0 21.01, 110.0 21.0))',1151092,8);
CREATE TABLE proposal (
	event INTEGER NOT NULL, 
	report TEXT NOT NULL, 
	proposer TEXT NOT NULL, 
	plan_sha256 TEXT NOT NULL, 
	PRIMARY KEY (event), 
	FOREIGN KEY(event) REFERENCES event (sequence), 
	FOREIGN KEY(report) REFERENCES report (seal), 
	FOREIGN KEY(proposer) REFERENCES party (id)
)
 STRICT

;
INSERT INTO "proposal" VALUES(13,'e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb','operator','cafc2bd291a5b5c801e6efce473f0858c6e07af8e6fc11f3bf965518b9cbe98e');
CREATE TABLE report (
	seal TEXT NOT NULL, 
	project TEXT NOT NULL, 
	methodology TEXT NOT NULL, 
	period_start TEXT NOT NULL, 
	period_end TEXT NOT NULL, 
	claim_g INTEGER NOT NULL, 
	unverified_parameters INTEGER NOT NULL, 
	event INTEGER NOT NULL, 
	PRIMARY KEY (seal), 
	CONSTRAINT claim_positive CHECK (claim_g > 0), 
	CONSTRAINT period_ordered CHECK (period_start < period_end), 
	FOREIGN KEY(seal) REFERENCES report_document (seal), 
	FOREIGN KEY(project) REFERENCES project (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)
 STRICT

;
INSERT INTO "report" VALUES('e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb','coast-1','ar-am0014@3.0','2020-01-01','2023-01-01',1001200000,0,11);
CREATE TABLE report_document (
	seal TEXT NOT NULL, 
	document TEXT NOT NULL, 
	PRIMARY KEY (seal)
)
 STRICT

;
INSERT INTO "report_document" VALUES('e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb','{"declared":{"alignment":{"classes":null,"reflectance":null},"boundary":{"coordinates":"wgs84","path":"boundary.geojson"},"class_maps":{"legend":{"1":"m"},"map":[{"band":1,"date":null,"epoch":2020,"path":"m.tif"}]},"imagery":null,"inventory":null,"mapping":{"candidates":null,"covariate":[],"indices":["ndvi","mndwi","mvi","lswi"],"keep_model":false,"method":"random-forest","seed":0,"tide":null,"trees":80},"methodology":null,"period":{"end":"2023-01-01","end_epoch":null,"start":"2020-01-01","start_epoch":null},"project":{"id":"coast-1","name":"Test coast","name_zh":"","proponent":"","proponent_zh":""},"reference":null,"registry":null,"schema_version":1,"soil":null,"stocks":null,"strata":null,"training":null,"uncertainty":null,"validation":[]},"findings":[],"inputs":[],"measurement_parameters":[],"monitoring":{"declarations":{},"measurements":[],"period":{"end":"2023-01-01","start":"2020-01-01"},"project_id":"coast-1","series":[],"stock_end":null,"stock_start":null,"strata":[{"id":"A","kind":"other","name":"","name_zh":"","planted_year":null,"species":""}]},"project":{"area_ha":115,"boundary_wkt":"POLYGON ((110.0 21.0, 110.01 21.0, 110.01 21.01, 110.0 21.01, 110.0 21.0))","id":"coast-1","name":"Test coast","name_zh":"测试海岸","proponent":"Proponent","proponent_zh":""},"quantification":{"claim_tco2e":1001.1999999999999,"claim_tco2e_by_year":{"2020":400.4,"2021":300.4,"2022":300.4},"draft":false,"equations":{},"findings":[],"methodology_id":"ar-am0014@3.0","methodology_title":"AR-AM0014","outputs":[],"parameters":[{"applies_to":"","distribution":"","locator":"","name":"carbon_fraction","note":"","source":"t","standard_error":null,"status":"verified","unit":"1","value":0.5}],"simulated":[],"trace":[],"years":[]},"rasters":{},"schema_id":"bluecarbon-monitoring-report/1","seal":"e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb","software":{"code_sha256":"0000000000000000000000000000000000000000000000000000000000000000","name":"bluecarbon","version":"0"}}');
CREATE TABLE verification (
	report TEXT NOT NULL, 
	verifier TEXT NOT NULL, 
	verified_g INTEGER NOT NULL, 
	statement TEXT NOT NULL, 
	event INTEGER NOT NULL, 
	PRIMARY KEY (report), 
	FOREIGN KEY(report) REFERENCES report (seal), 
	FOREIGN KEY(verifier) REFERENCES party (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)
 STRICT

;
INSERT INTO "verification" VALUES('e8870a2cfb7ee71a1c7512208baef31158454812e9fc176fde25233e9c2e2cdb','verifier',1001200000,'read and found right',12);
CREATE INDEX block_closed_by ON credit_block (closed_by);
CREATE INDEX block_history ON credit_block (batch, first);
CREATE INDEX block_parent ON credit_block (parent);
CREATE UNIQUE INDEX open_block_first ON credit_block (batch, first) WHERE closed_by IS NULL;
CREATE INDEX open_block_holder ON credit_block (holder, batch) WHERE closed_by IS NULL;
CREATE UNIQUE INDEX open_block_last ON credit_block (batch, last) WHERE closed_by IS NULL;
CREATE TRIGGER meta_no_delete BEFORE DELETE ON meta WHEN 1
BEGIN SELECT RAISE(ABORT, 'meta-no-delete'); END;
CREATE TRIGGER meta_no_update BEFORE UPDATE ON meta WHEN 1
BEGIN SELECT RAISE(ABORT, 'meta-no-update'); END;
CREATE TRIGGER meta_no_replace_key BEFORE INSERT ON meta WHEN EXISTS (SELECT 1 FROM meta WHERE key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'meta-no-replace-key'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event WHEN 1
BEGIN SELECT RAISE(ABORT, 'event-no-delete'); END;
CREATE TRIGGER event_no_update BEFORE UPDATE ON event WHEN 1
BEGIN SELECT RAISE(ABORT, 'event-no-update'); END;
CREATE TRIGGER event_no_replace_sequence BEFORE INSERT ON event WHEN EXISTS (SELECT 1 FROM event WHERE sequence = NEW.sequence)
BEGIN SELECT RAISE(ABORT, 'event-no-replace-sequence'); END;
CREATE TRIGGER event_no_replace_actor_idempotency_key BEFORE INSERT ON event WHEN EXISTS (SELECT 1 FROM event WHERE actor = NEW.actor AND idempotency_key = NEW.idempotency_key)
BEGIN SELECT RAISE(ABORT, 'event-no-replace-actor-idempotency_key'); END;
CREATE TRIGGER event_gap BEFORE INSERT ON event WHEN NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) FROM event) + 1
BEGIN SELECT RAISE(ABORT, 'event-gap'); END;
CREATE TRIGGER event_effective_in_future BEFORE INSERT ON event WHEN NEW.effective_at > NEW.recorded_at
BEGIN SELECT RAISE(ABORT, 'event-effective-in-future'); END;
CREATE TRIGGER event_payload_not_json BEFORE INSERT ON event WHEN NOT json_valid(NEW.payload)
BEGIN SELECT RAISE(ABORT, 'event-payload-not-json'); END;
CREATE TRIGGER party_no_delete BEFORE DELETE ON party WHEN 1
BEGIN SELECT RAISE(ABORT, 'party-no-delete'); END;
CREATE TRIGGER party_no_update BEFORE UPDATE ON party WHEN 1
BEGIN SELECT RAISE(ABORT, 'party-no-update'); END;
CREATE TRIGGER party_no_replace_id BEFORE INSERT ON party WHEN EXISTS (SELECT 1 FROM party WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'party-no-replace-id'); END;
CREATE TRIGGER party_only_newest_event BEFORE INSERT ON party WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'party-only-newest-event'); END;
CREATE TRIGGER party_role_no_delete BEFORE DELETE ON party_role WHEN 1
BEGIN SELECT RAISE(ABORT, 'party_role-no-delete'); END;
CREATE TRIGGER party_role_no_update BEFORE UPDATE ON party_role WHEN 1
BEGIN SELECT RAISE(ABORT, 'party_role-no-update'); END;
CREATE TRIGGER party_role_no_replace_party_role BEFORE INSERT ON party_role WHEN EXISTS (SELECT 1 FROM party_role WHERE party = NEW.party AND role = NEW.role)
BEGIN SELECT RAISE(ABORT, 'party_role-no-replace-party-role'); END;
CREATE TRIGGER party_role_only_newest_event BEFORE INSERT ON party_role WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'party_role-only-newest-event'); END;
CREATE TRIGGER account_no_delete BEFORE DELETE ON account WHEN 1
BEGIN SELECT RAISE(ABORT, 'account-no-delete'); END;
CREATE TRIGGER account_no_update BEFORE UPDATE ON account WHEN 1
BEGIN SELECT RAISE(ABORT, 'account-no-update'); END;
CREATE TRIGGER account_no_replace_id BEFORE INSERT ON account WHEN EXISTS (SELECT 1 FROM account WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'account-no-replace-id'); END;
CREATE TRIGGER account_only_newest_event BEFORE INSERT ON account WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'account-only-newest-event'); END;
CREATE TRIGGER project_no_delete BEFORE DELETE ON project WHEN 1
BEGIN SELECT RAISE(ABORT, 'project-no-delete'); END;
CREATE TRIGGER project_no_update BEFORE UPDATE ON project WHEN 1
BEGIN SELECT RAISE(ABORT, 'project-no-update'); END;
CREATE TRIGGER project_no_replace_id BEFORE INSERT ON project WHEN EXISTS (SELECT 1 FROM project WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'project-no-replace-id'); END;
CREATE TRIGGER project_no_replace_code BEFORE INSERT ON project WHEN EXISTS (SELECT 1 FROM project WHERE code = NEW.code)
BEGIN SELECT RAISE(ABORT, 'project-no-replace-code'); END;
CREATE TRIGGER project_only_newest_event BEFORE INSERT ON project WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'project-only-newest-event'); END;
CREATE TRIGGER lifecycle_no_delete BEFORE DELETE ON lifecycle WHEN 1
BEGIN SELECT RAISE(ABORT, 'lifecycle-no-delete'); END;
CREATE TRIGGER lifecycle_no_update BEFORE UPDATE ON lifecycle WHEN 1
BEGIN SELECT RAISE(ABORT, 'lifecycle-no-update'); END;
CREATE TRIGGER lifecycle_no_replace_project_report_state BEFORE INSERT ON lifecycle WHEN EXISTS (SELECT 1 FROM lifecycle WHERE project = NEW.project AND report = NEW.report AND state = NEW.state)
BEGIN SELECT RAISE(ABORT, 'lifecycle-no-replace-project-report-state'); END;
CREATE TRIGGER lifecycle_only_newest_event BEFORE INSERT ON lifecycle WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'lifecycle-only-newest-event'); END;
CREATE TRIGGER report_document_no_delete BEFORE DELETE ON report_document WHEN 1
BEGIN SELECT RAISE(ABORT, 'report_document-no-delete'); END;
CREATE TRIGGER report_document_no_update BEFORE UPDATE ON report_document WHEN 1
BEGIN SELECT RAISE(ABORT, 'report_document-no-update'); END;
CREATE TRIGGER report_document_no_replace_seal BEFORE INSERT ON report_document WHEN EXISTS (SELECT 1 FROM report_document WHERE seal = NEW.seal)
BEGIN SELECT RAISE(ABORT, 'report_document-no-replace-seal'); END;
CREATE TRIGGER report_no_delete BEFORE DELETE ON report WHEN 1
BEGIN SELECT RAISE(ABORT, 'report-no-delete'); END;
CREATE TRIGGER report_no_update BEFORE UPDATE ON report WHEN 1
BEGIN SELECT RAISE(ABORT, 'report-no-update'); END;
CREATE TRIGGER report_no_replace_seal BEFORE INSERT ON report WHEN EXISTS (SELECT 1 FROM report WHERE seal = NEW.seal)
BEGIN SELECT RAISE(ABORT, 'report-no-replace-seal'); END;
CREATE TRIGGER report_only_newest_event BEFORE INSERT ON report WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'report-only-newest-event'); END;
CREATE TRIGGER verification_no_delete BEFORE DELETE ON verification WHEN 1
BEGIN SELECT RAISE(ABORT, 'verification-no-delete'); END;
CREATE TRIGGER verification_no_update BEFORE UPDATE ON verification WHEN 1
BEGIN SELECT RAISE(ABORT, 'verification-no-update'); END;
CREATE TRIGGER verification_no_replace_report BEFORE INSERT ON verification WHEN EXISTS (SELECT 1 FROM verification WHERE report = NEW.report)
BEGIN SELECT RAISE(ABORT, 'verification-no-replace-report'); END;
CREATE TRIGGER verification_only_newest_event BEFORE INSERT ON verification WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'verification-only-newest-event'); END;
CREATE TRIGGER verification_four_eyes BEFORE INSERT ON verification WHEN NEW.verifier IN (SELECT l.actor FROM lifecycle l JOIN report r ON r.project = l.project WHERE r.seal = NEW.report AND l.report = '' AND l.state = 'validated')
BEGIN SELECT RAISE(ABORT, 'verification-four-eyes'); END;
CREATE TRIGGER proposal_no_delete BEFORE DELETE ON proposal WHEN 1
BEGIN SELECT RAISE(ABORT, 'proposal-no-delete'); END;
CREATE TRIGGER proposal_no_update BEFORE UPDATE ON proposal WHEN 1
BEGIN SELECT RAISE(ABORT, 'proposal-no-update'); END;
CREATE TRIGGER proposal_no_replace_event BEFORE INSERT ON proposal WHEN EXISTS (SELECT 1 FROM proposal WHERE event = NEW.event)
BEGIN SELECT RAISE(ABORT, 'proposal-no-replace-event'); END;
CREATE TRIGGER proposal_only_newest_event BEFORE INSERT ON proposal WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'proposal-only-newest-event'); END;
CREATE TRIGGER approval_no_delete BEFORE DELETE ON approval WHEN 1
BEGIN SELECT RAISE(ABORT, 'approval-no-delete'); END;
CREATE TRIGGER approval_no_update BEFORE UPDATE ON approval WHEN 1
BEGIN SELECT RAISE(ABORT, 'approval-no-update'); END;
CREATE TRIGGER approval_no_replace_proposal BEFORE INSERT ON approval WHEN EXISTS (SELECT 1 FROM approval WHERE proposal = NEW.proposal)
BEGIN SELECT RAISE(ABORT, 'approval-no-replace-proposal'); END;
CREATE TRIGGER approval_only_newest_event BEFORE INSERT ON approval WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'approval-only-newest-event'); END;
CREATE TRIGGER approval_four_eyes BEFORE INSERT ON approval WHEN NEW.approver IS (SELECT proposer FROM proposal WHERE event = NEW.proposal)
BEGIN SELECT RAISE(ABORT, 'approval-four-eyes'); END;
CREATE TRIGGER issuance_no_delete BEFORE DELETE ON issuance WHEN 1
BEGIN SELECT RAISE(ABORT, 'issuance-no-delete'); END;
CREATE TRIGGER issuance_no_update BEFORE UPDATE ON issuance WHEN 1
BEGIN SELECT RAISE(ABORT, 'issuance-no-update'); END;
CREATE TRIGGER issuance_no_replace_report BEFORE INSERT ON issuance WHEN EXISTS (SELECT 1 FROM issuance WHERE report = NEW.report)
BEGIN SELECT RAISE(ABORT, 'issuance-no-replace-report'); END;
CREATE TRIGGER issuance_only_newest_event BEFORE INSERT ON issuance WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'issuance-only-newest-event'); END;
CREATE TRIGGER issuance_above_verified BEFORE INSERT ON issuance WHEN NEW.verified_g > coalesce((SELECT verified_g FROM verification WHERE report = NEW.report), 0)
BEGIN SELECT RAISE(ABORT, 'issuance-above-verified'); END;
CREATE TRIGGER issuance_period_overlaps BEFORE INSERT ON issuance WHEN EXISTS (SELECT 1 FROM issuance i WHERE i.project = NEW.project AND i.period_start < NEW.period_end AND NEW.period_start < i.period_end)
BEGIN SELECT RAISE(ABORT, 'issuance-period-overlaps'); END;
CREATE TRIGGER issuance_not_approved BEFORE INSERT ON issuance WHEN NOT EXISTS (SELECT 1 FROM approval a JOIN proposal p ON p.event = a.proposal WHERE p.report = NEW.report)
BEGIN SELECT RAISE(ABORT, 'issuance-not-approved'); END;
CREATE TRIGGER batch_no_delete BEFORE DELETE ON batch WHEN 1
BEGIN SELECT RAISE(ABORT, 'batch-no-delete'); END;
CREATE TRIGGER batch_no_update BEFORE UPDATE ON batch WHEN 1
BEGIN SELECT RAISE(ABORT, 'batch-no-update'); END;
CREATE TRIGGER batch_no_replace_id BEFORE INSERT ON batch WHEN EXISTS (SELECT 1 FROM batch WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'batch-no-replace-id'); END;
CREATE TRIGGER batch_no_replace_code BEFORE INSERT ON batch WHEN EXISTS (SELECT 1 FROM batch WHERE code = NEW.code)
BEGIN SELECT RAISE(ABORT, 'batch-no-replace-code'); END;
CREATE TRIGGER batch_only_newest_event BEFORE INSERT ON batch WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'batch-only-newest-event'); END;
CREATE TRIGGER batch_above_issuance BEFORE INSERT ON batch WHEN NEW.issued + (SELECT coalesce(sum(issued), 0) FROM batch WHERE report = NEW.report) > coalesce((SELECT issued FROM issuance WHERE report = NEW.report), 0)
BEGIN SELECT RAISE(ABORT, 'batch-above-issuance'); END;
CREATE TRIGGER credit_block_no_delete BEFORE DELETE ON credit_block WHEN 1
BEGIN SELECT RAISE(ABORT, 'credit_block-no-delete'); END;
CREATE TRIGGER credit_block_no_replace_id BEFORE INSERT ON credit_block WHEN EXISTS (SELECT 1 FROM credit_block WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'credit_block-no-replace-id'); END;
CREATE TRIGGER credit_block_only_newest_event BEFORE INSERT ON credit_block WHEN NEW.opened_by IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'credit_block-only-newest-event'); END;
CREATE TRIGGER block_born_closed BEFORE INSERT ON credit_block WHEN NEW.closed_by IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'block-born-closed'); END;
CREATE TRIGGER block_range_invalid BEFORE INSERT ON credit_block WHEN NEW.first < 1 OR NEW.last < NEW.first
BEGIN SELECT RAISE(ABORT, 'block-range-invalid'); END;
CREATE TRIGGER block_count_mismatch BEFORE INSERT ON credit_block WHEN NEW.quantity <> NEW.last - NEW.first + 1
BEGIN SELECT RAISE(ABORT, 'block-count-mismatch'); END;
CREATE TRIGGER block_outside_batch BEFORE INSERT ON credit_block WHEN NEW.last > coalesce((SELECT issued FROM batch WHERE id = NEW.batch), 0)
BEGIN SELECT RAISE(ABORT, 'block-outside-batch'); END;
CREATE TRIGGER block_overlaps BEFORE INSERT ON credit_block WHEN coalesce((SELECT last FROM credit_block WHERE batch = NEW.batch AND closed_by IS NULL AND first <= NEW.last ORDER BY first DESC LIMIT 1), 0) >= NEW.first
BEGIN SELECT RAISE(ABORT, 'block-overlaps'); END;
CREATE TRIGGER block_status_not_of_account BEFORE INSERT ON credit_block WHEN coalesce((SELECT kind FROM account WHERE id = NEW.holder), '') <> CASE NEW.status WHEN 'active' THEN 'holding' WHEN 'buffer' THEN 'buffer' WHEN 'retired' THEN 'retirement' WHEN 'cancelled' THEN 'cancellation' ELSE '?' END
BEGIN SELECT RAISE(ABORT, 'block-status-not-of-account'); END;
CREATE TRIGGER block_without_issuance BEFORE INSERT ON credit_block WHEN NEW.parent IS NULL AND NOT EXISTS (SELECT 1 FROM batch b JOIN event e ON e.sequence = b.event AND e.kind = 'issue' WHERE b.id = NEW.batch AND b.event = NEW.opened_by)
BEGIN SELECT RAISE(ABORT, 'block-without-issuance'); END;
CREATE TRIGGER block_outside_parent BEFORE INSERT ON credit_block WHEN NEW.parent IS NOT NULL AND NOT EXISTS (SELECT 1 FROM credit_block p WHERE p.id = NEW.parent AND p.batch = NEW.batch AND p.closed_by = NEW.opened_by AND p.first <= NEW.first AND p.last >= NEW.last)
BEGIN SELECT RAISE(ABORT, 'block-outside-parent'); END;
CREATE TRIGGER block_closed_twice BEFORE UPDATE ON credit_block WHEN OLD.closed_by IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'block-closed-twice'); END;
CREATE TRIGGER block_terminal BEFORE UPDATE ON credit_block WHEN OLD.status NOT IN ('active', 'buffer')
BEGIN SELECT RAISE(ABORT, 'block-terminal'); END;
CREATE TRIGGER block_immutable BEFORE UPDATE ON credit_block WHEN NEW.id <> OLD.id OR NEW.batch <> OLD.batch OR NEW.first <> OLD.first OR NEW.last <> OLD.last OR NEW.quantity <> OLD.quantity OR NEW.holder <> OLD.holder OR NEW.status <> OLD.status OR NEW.parent IS NOT OLD.parent OR NEW.opened_by <> OLD.opened_by
BEGIN SELECT RAISE(ABORT, 'block-immutable'); END;
CREATE TRIGGER block_closed_by_other_event BEFORE UPDATE ON credit_block WHEN NEW.closed_by IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'block-closed-by-other-event'); END;
CREATE TRIGGER block_closed_when_opened BEFORE UPDATE ON credit_block WHEN NEW.closed_by <= OLD.opened_by
BEGIN SELECT RAISE(ABORT, 'block-closed-when-opened'); END;
CREATE TRIGGER posting_no_delete BEFORE DELETE ON posting WHEN 1
BEGIN SELECT RAISE(ABORT, 'posting-no-delete'); END;
CREATE TRIGGER posting_no_update BEFORE UPDATE ON posting WHEN 1
BEGIN SELECT RAISE(ABORT, 'posting-no-update'); END;
CREATE TRIGGER posting_no_replace_event_account_batch BEFORE INSERT ON posting WHEN EXISTS (SELECT 1 FROM posting WHERE event = NEW.event AND account = NEW.account AND batch = NEW.batch)
BEGIN SELECT RAISE(ABORT, 'posting-no-replace-event-account-batch'); END;
CREATE TRIGGER posting_only_newest_event BEFORE INSERT ON posting WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'posting-only-newest-event'); END;
CREATE TRIGGER idempotency_no_delete BEFORE DELETE ON idempotency WHEN 1
BEGIN SELECT RAISE(ABORT, 'idempotency-no-delete'); END;
CREATE TRIGGER idempotency_no_update BEFORE UPDATE ON idempotency WHEN 1
BEGIN SELECT RAISE(ABORT, 'idempotency-no-update'); END;
CREATE TRIGGER idempotency_no_replace_actor_key BEFORE INSERT ON idempotency WHEN EXISTS (SELECT 1 FROM idempotency WHERE actor = NEW.actor AND key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'idempotency-no-replace-actor-key'); END;
CREATE TRIGGER idempotency_only_newest_event BEFORE INSERT ON idempotency WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'idempotency-only-newest-event'); END;
CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint WHEN 1
BEGIN SELECT RAISE(ABORT, 'checkpoint-no-delete'); END;
CREATE TRIGGER checkpoint_no_update BEFORE UPDATE ON checkpoint WHEN 1
BEGIN SELECT RAISE(ABORT, 'checkpoint-no-update'); END;
CREATE TRIGGER checkpoint_no_replace_tree_size BEFORE INSERT ON checkpoint WHEN EXISTS (SELECT 1 FROM checkpoint WHERE tree_size = NEW.tree_size)
BEGIN SELECT RAISE(ABORT, 'checkpoint-no-replace-tree_size'); END;
COMMIT;
PRAGMA application_id = 1650674791;
PRAGMA user_version = 1;
