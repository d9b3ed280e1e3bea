CREATE TABLE meta (
	key TEXT COLLATE "C" NOT NULL, 
	value TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (key)
)


;;
CREATE TABLE event (
	sequence BIGINT NOT NULL, 
	kind TEXT COLLATE "C" NOT NULL, 
	actor TEXT COLLATE "C" NOT NULL, 
	effective_at TEXT COLLATE "C" NOT NULL, 
	recorded_at TEXT COLLATE "C" NOT NULL, 
	idempotency_key TEXT COLLATE "C" NOT NULL, 
	request_sha256 TEXT COLLATE "C" NOT NULL, 
	payload TEXT COLLATE "C" NOT NULL, 
	leaf BYTEA NOT NULL, 
	PRIMARY KEY (sequence), 
	UNIQUE (actor, idempotency_key), 
	CONSTRAINT leaf_is_sha256 CHECK (length(leaf) = 32)
)


;;
CREATE TABLE party (
	id TEXT COLLATE "C" NOT NULL, 
	name TEXT COLLATE "C" NOT NULL, 
	name_zh TEXT COLLATE "C" NOT NULL, 
	event BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)


;;
CREATE TABLE party_role (
	party TEXT COLLATE "C" NOT NULL, 
	role TEXT COLLATE "C" NOT NULL, 
	event BIGINT NOT NULL, 
	PRIMARY KEY (party, role), 
	FOREIGN KEY(party) REFERENCES party (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)


;;
CREATE TABLE account (
	id TEXT COLLATE "C" NOT NULL, 
	kind TEXT COLLATE "C" NOT NULL, 
	party TEXT COLLATE "C" NOT NULL, 
	event BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT account_kind_known CHECK (kind IN ('holding', 'issuance', 'buffer', 'retirement', 'cancellation')), 
	FOREIGN KEY(party) REFERENCES party (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)


;;
CREATE TABLE project (
	id TEXT COLLATE "C" NOT NULL, 
	code TEXT COLLATE "C" NOT NULL, 
	name TEXT COLLATE "C" NOT NULL, 
	name_zh TEXT COLLATE "C" NOT NULL, 
	proponent TEXT COLLATE "C" NOT NULL, 
	boundary_wkt TEXT COLLATE "C" NOT NULL, 
	boundary_area_m2 BIGINT NOT NULL, 
	event BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (code), 
	FOREIGN KEY(proponent) REFERENCES party (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)


;;
CREATE TABLE lifecycle (
	project TEXT COLLATE "C" NOT NULL, 
	report TEXT COLLATE "C" NOT NULL, 
	state TEXT COLLATE "C" NOT NULL, 
	actor TEXT COLLATE "C" NOT NULL, 
	event BIGINT NOT NULL, 
	PRIMARY KEY (project, report, state), 
	FOREIGN KEY(project) REFERENCES project (id), 
	FOREIGN KEY(actor) REFERENCES party (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)


;;
CREATE TABLE report_document (
	seal TEXT COLLATE "C" NOT NULL, 
	document TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (seal)
)


;;
CREATE TABLE report (
	seal TEXT COLLATE "C" NOT NULL, 
	project TEXT COLLATE "C" NOT NULL, 
	methodology TEXT COLLATE "C" NOT NULL, 
	period_start TEXT COLLATE "C" NOT NULL, 
	period_end TEXT COLLATE "C" NOT NULL, 
	claim_g BIGINT NOT NULL, 
	unverified_parameters BIGINT NOT NULL, 
	event BIGINT NOT NULL, 
	PRIMARY KEY (seal), 
	CONSTRAINT claim_positive CHECK (claim_g > 0), 
	CONSTRAINT period_ordered CHECK (period_start < period_end), 
	FOREIGN KEY(seal) REFERENCES report_document (seal), 
	FOREIGN KEY(project) REFERENCES project (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)


;;
CREATE TABLE verification (
	report TEXT COLLATE "C" NOT NULL, 
	verifier TEXT COLLATE "C" NOT NULL, 
	verified_g BIGINT NOT NULL, 
	statement TEXT COLLATE "C" NOT NULL, 
	event BIGINT NOT NULL, 
	PRIMARY KEY (report), 
	FOREIGN KEY(report) REFERENCES report (seal), 
	FOREIGN KEY(verifier) REFERENCES party (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)


;;
CREATE TABLE proposal (
	event BIGINT NOT NULL, 
	report TEXT COLLATE "C" NOT NULL, 
	proposer TEXT COLLATE "C" NOT NULL, 
	plan_sha256 TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (event), 
	FOREIGN KEY(event) REFERENCES event (sequence), 
	FOREIGN KEY(report) REFERENCES report (seal), 
	FOREIGN KEY(proposer) REFERENCES party (id)
)


;;
CREATE TABLE approval (
	proposal BIGINT NOT NULL, 
	approver TEXT COLLATE "C" NOT NULL, 
	event BIGINT NOT NULL, 
	PRIMARY KEY (proposal), 
	FOREIGN KEY(proposal) REFERENCES proposal (event), 
	FOREIGN KEY(approver) REFERENCES party (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)


;;
CREATE TABLE issuance (
	report TEXT COLLATE "C" NOT NULL, 
	project TEXT COLLATE "C" NOT NULL, 
	period_start TEXT COLLATE "C" NOT NULL, 
	period_end TEXT COLLATE "C" NOT NULL, 
	verified_g BIGINT NOT NULL, 
	carried_in_g BIGINT NOT NULL, 
	issued BIGINT NOT NULL, 
	buffer BIGINT NOT NULL, 
	carried_out_g BIGINT NOT NULL, 
	buffer_share_ppm BIGINT NOT NULL, 
	event BIGINT NOT NULL, 
	PRIMARY KEY (report), 
	CONSTRAINT nothing_lost CHECK (carried_in_g + verified_g = issued * 1000000 + carried_out_g), 
	CONSTRAINT remainder_below_one_credit CHECK (carried_out_g BETWEEN 0 AND 999999), 
	CONSTRAINT buffer_share_kept CHECK (buffer = (issued * buffer_share_ppm + 999999) / 1000000), 
	FOREIGN KEY(report) REFERENCES report (seal), 
	FOREIGN KEY(project) REFERENCES project (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)


;;
CREATE TABLE batch (
	id BIGINT NOT NULL, 
	code TEXT COLLATE "C" NOT NULL, 
	project TEXT COLLATE "C" NOT NULL, 
	methodology TEXT COLLATE "C" NOT NULL, 
	vintage BIGINT NOT NULL, 
	tranche BIGINT NOT NULL, 
	report TEXT COLLATE "C" NOT NULL, 
	issued BIGINT NOT NULL, 
	event BIGINT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT batch_size CHECK (issued BETWEEN 1 AND 9007199254740991), 
	UNIQUE (code), 
	FOREIGN KEY(project) REFERENCES project (id), 
	FOREIGN KEY(report) REFERENCES issuance (report), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)


;;
CREATE TABLE credit_block (
	id BIGINT NOT NULL, 
	batch BIGINT NOT NULL, 
	first BIGINT NOT NULL, 
	last BIGINT NOT NULL, 
	quantity BIGINT NOT NULL, 
	holder TEXT COLLATE "C" NOT NULL, 
	status TEXT COLLATE "C" NOT NULL, 
	parent BIGINT, 
	opened_by BIGINT NOT NULL, 
	closed_by BIGINT, 
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


;;
CREATE INDEX block_closed_by ON credit_block (closed_by)
;;
CREATE INDEX block_history ON credit_block (batch, first)
;;
CREATE INDEX block_parent ON credit_block (parent)
;;
CREATE UNIQUE INDEX open_block_first ON credit_block (batch, first) WHERE closed_by IS NULL
;;
CREATE INDEX open_block_holder ON credit_block (holder, batch) WHERE closed_by IS NULL
;;
CREATE UNIQUE INDEX open_block_last ON credit_block (batch, last) WHERE closed_by IS NULL
;;
CREATE TABLE posting (
	event BIGINT NOT NULL, 
	account TEXT COLLATE "C" NOT NULL, 
	batch BIGINT NOT NULL, 
	quantity BIGINT NOT NULL, 
	PRIMARY KEY (event, account, batch), 
	CONSTRAINT posting_moves CHECK (quantity <> 0), 
	FOREIGN KEY(event) REFERENCES event (sequence), 
	FOREIGN KEY(account) REFERENCES account (id), 
	FOREIGN KEY(batch) REFERENCES batch (id)
)


;;
CREATE TABLE idempotency (
	actor TEXT COLLATE "C" NOT NULL, 
	key TEXT COLLATE "C" NOT NULL, 
	request_sha256 TEXT COLLATE "C" NOT NULL, 
	event BIGINT NOT NULL, 
	answer TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (actor, key), 
	FOREIGN KEY(actor) REFERENCES party (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)


;;
CREATE TABLE checkpoint (
	tree_size BIGINT NOT NULL, 
	root_sha256 TEXT COLLATE "C" NOT NULL, 
	at TEXT COLLATE "C" NOT NULL, 
	signature TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (tree_size)
)


;;
ALTER TABLE credit_block ADD CONSTRAINT open_blocks_apart EXCLUDE USING gist (int8range(batch, batch, '[]') WITH &&, int8range(first, last, '[]') WITH &&) WHERE (closed_by IS NULL)
;;
CREATE FUNCTION meta_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'meta-no-delete'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER meta_delete BEFORE DELETE ON meta FOR EACH ROW EXECUTE FUNCTION meta_delete()
;;
ALTER TABLE meta ENABLE ALWAYS TRIGGER meta_delete
;;
CREATE FUNCTION meta_update() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'meta-no-update'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER meta_update BEFORE UPDATE ON meta FOR EACH ROW EXECUTE FUNCTION meta_update()
;;
ALTER TABLE meta ENABLE ALWAYS TRIGGER meta_update
;;
CREATE FUNCTION meta_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN EXISTS (SELECT 1 FROM meta WHERE key = NEW.key) THEN 'meta-no-replace-key'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER meta_insert BEFORE INSERT ON meta FOR EACH ROW EXECUTE FUNCTION meta_insert()
;;
ALTER TABLE meta ENABLE ALWAYS TRIGGER meta_insert
;;
CREATE FUNCTION event_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'event-no-delete'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER event_delete BEFORE DELETE ON event FOR EACH ROW EXECUTE FUNCTION event_delete()
;;
ALTER TABLE event ENABLE ALWAYS TRIGGER event_delete
;;
CREATE FUNCTION event_update() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'event-no-update'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER event_update BEFORE UPDATE ON event FOR EACH ROW EXECUTE FUNCTION event_update()
;;
ALTER TABLE event ENABLE ALWAYS TRIGGER event_update
;;
CREATE FUNCTION event_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN EXISTS (SELECT 1 FROM event WHERE sequence = NEW.sequence) THEN 'event-no-replace-sequence'
    WHEN EXISTS (SELECT 1 FROM event WHERE actor = NEW.actor AND idempotency_key = NEW.idempotency_key) THEN 'event-no-replace-actor-idempotency_key'
    WHEN NEW.sequence IS DISTINCT FROM (SELECT coalesce(max(sequence), 0) FROM event) + 1 THEN 'event-gap'
    WHEN NEW.effective_at > NEW.recorded_at THEN 'event-effective-in-future'
    WHEN NEW.payload IS NOT JSON THEN 'event-payload-not-json'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER event_insert BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION event_insert()
;;
ALTER TABLE event ENABLE ALWAYS TRIGGER event_insert
;;
CREATE FUNCTION party_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'party-no-delete'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER party_delete BEFORE DELETE ON party FOR EACH ROW EXECUTE FUNCTION party_delete()
;;
ALTER TABLE party ENABLE ALWAYS TRIGGER party_delete
;;
CREATE FUNCTION party_update() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'party-no-update'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER party_update BEFORE UPDATE ON party FOR EACH ROW EXECUTE FUNCTION party_update()
;;
ALTER TABLE party ENABLE ALWAYS TRIGGER party_update
;;
CREATE FUNCTION party_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN EXISTS (SELECT 1 FROM party WHERE id = NEW.id) THEN 'party-no-replace-id'
    WHEN NEW.event IS DISTINCT FROM (SELECT coalesce(max(sequence), 0) FROM event) THEN 'party-only-newest-event'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER party_insert BEFORE INSERT ON party FOR EACH ROW EXECUTE FUNCTION party_insert()
;;
ALTER TABLE party ENABLE ALWAYS TRIGGER party_insert
;;
CREATE FUNCTION party_role_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'party_role-no-delete'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER party_role_delete BEFORE DELETE ON party_role FOR EACH ROW EXECUTE FUNCTION party_role_delete()
;;
ALTER TABLE party_role ENABLE ALWAYS TRIGGER party_role_delete
;;
CREATE FUNCTION party_role_update() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'party_role-no-update'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER party_role_update BEFORE UPDATE ON party_role FOR EACH ROW EXECUTE FUNCTION party_role_update()
;;
ALTER TABLE party_role ENABLE ALWAYS TRIGGER party_role_update
;;
CREATE FUNCTION party_role_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN EXISTS (SELECT 1 FROM party_role WHERE party = NEW.party AND role = NEW.role) THEN 'party_role-no-replace-party-role'
    WHEN NEW.event IS DISTINCT FROM (SELECT coalesce(max(sequence), 0) FROM event) THEN 'party_role-only-newest-event'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER party_role_insert BEFORE INSERT ON party_role FOR EACH ROW EXECUTE FUNCTION party_role_insert()
;;
ALTER TABLE party_role ENABLE ALWAYS TRIGGER party_role_insert
;;
CREATE FUNCTION account_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'account-no-delete'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER account_delete BEFORE DELETE ON account FOR EACH ROW EXECUTE FUNCTION account_delete()
;;
ALTER TABLE account ENABLE ALWAYS TRIGGER account_delete
;;
CREATE FUNCTION account_update() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'account-no-update'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER account_update BEFORE UPDATE ON account FOR EACH ROW EXECUTE FUNCTION account_update()
;;
ALTER TABLE account ENABLE ALWAYS TRIGGER account_update
;;
CREATE FUNCTION account_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN EXISTS (SELECT 1 FROM account WHERE id = NEW.id) THEN 'account-no-replace-id'
    WHEN NEW.event IS DISTINCT FROM (SELECT coalesce(max(sequence), 0) FROM event) THEN 'account-only-newest-event'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER account_insert BEFORE INSERT ON account FOR EACH ROW EXECUTE FUNCTION account_insert()
;;
ALTER TABLE account ENABLE ALWAYS TRIGGER account_insert
;;
CREATE FUNCTION project_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'project-no-delete'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER project_delete BEFORE DELETE ON project FOR EACH ROW EXECUTE FUNCTION project_delete()
;;
ALTER TABLE project ENABLE ALWAYS TRIGGER project_delete
;;
CREATE FUNCTION project_update() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'project-no-update'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER project_update BEFORE UPDATE ON project FOR EACH ROW EXECUTE FUNCTION project_update()
;;
ALTER TABLE project ENABLE ALWAYS TRIGGER project_update
;;
CREATE FUNCTION project_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN EXISTS (SELECT 1 FROM project WHERE id = NEW.id) THEN 'project-no-replace-id'
    WHEN EXISTS (SELECT 1 FROM project WHERE code = NEW.code) THEN 'project-no-replace-code'
    WHEN NEW.event IS DISTINCT FROM (SELECT coalesce(max(sequence), 0) FROM event) THEN 'project-only-newest-event'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER project_insert BEFORE INSERT ON project FOR EACH ROW EXECUTE FUNCTION project_insert()
;;
ALTER TABLE project ENABLE ALWAYS TRIGGER project_insert
;;
CREATE FUNCTION lifecycle_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'lifecycle-no-delete'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER lifecycle_delete BEFORE DELETE ON lifecycle FOR EACH ROW EXECUTE FUNCTION lifecycle_delete()
;;
ALTER TABLE lifecycle ENABLE ALWAYS TRIGGER lifecycle_delete
;;
CREATE FUNCTION lifecycle_update() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'lifecycle-no-update'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER lifecycle_update BEFORE UPDATE ON lifecycle FOR EACH ROW EXECUTE FUNCTION lifecycle_update()
;;
ALTER TABLE lifecycle ENABLE ALWAYS TRIGGER lifecycle_update
;;
CREATE FUNCTION lifecycle_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN EXISTS (SELECT 1 FROM lifecycle WHERE project = NEW.project AND report = NEW.report AND state = NEW.state) THEN 'lifecycle-no-replace-project-report-state'
    WHEN NEW.event IS DISTINCT FROM (SELECT coalesce(max(sequence), 0) FROM event) THEN 'lifecycle-only-newest-event'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER lifecycle_insert BEFORE INSERT ON lifecycle FOR EACH ROW EXECUTE FUNCTION lifecycle_insert()
;;
ALTER TABLE lifecycle ENABLE ALWAYS TRIGGER lifecycle_insert
;;
CREATE FUNCTION report_document_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'report_document-no-delete'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER report_document_delete BEFORE DELETE ON report_document FOR EACH ROW EXECUTE FUNCTION report_document_delete()
;;
ALTER TABLE report_document ENABLE ALWAYS TRIGGER report_document_delete
;;
CREATE FUNCTION report_document_update() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'report_document-no-update'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER report_document_update BEFORE UPDATE ON report_document FOR EACH ROW EXECUTE FUNCTION report_document_update()
;;
ALTER TABLE report_document ENABLE ALWAYS TRIGGER report_document_update
;;
CREATE FUNCTION report_document_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN EXISTS (SELECT 1 FROM report_document WHERE seal = NEW.seal) THEN 'report_document-no-replace-seal'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER report_document_insert BEFORE INSERT ON report_document FOR EACH ROW EXECUTE FUNCTION report_document_insert()
;;
ALTER TABLE report_document ENABLE ALWAYS TRIGGER report_document_insert
;;
CREATE FUNCTION report_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'report-no-delete'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER report_delete BEFORE DELETE ON report FOR EACH ROW EXECUTE FUNCTION report_delete()
;;
ALTER TABLE report ENABLE ALWAYS TRIGGER report_delete
;;
CREATE FUNCTION report_update() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'report-no-update'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER report_update BEFORE UPDATE ON report FOR EACH ROW EXECUTE FUNCTION report_update()
;;
ALTER TABLE report ENABLE ALWAYS TRIGGER report_update
;;
CREATE FUNCTION report_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN EXISTS (SELECT 1 FROM report WHERE seal = NEW.seal) THEN 'report-no-replace-seal'
    WHEN NEW.event IS DISTINCT FROM (SELECT coalesce(max(sequence), 0) FROM event) THEN 'report-only-newest-event'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER report_insert BEFORE INSERT ON report FOR EACH ROW EXECUTE FUNCTION report_insert()
;;
ALTER TABLE report ENABLE ALWAYS TRIGGER report_insert
;;
CREATE FUNCTION verification_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'verification-no-delete'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER verification_delete BEFORE DELETE ON verification FOR EACH ROW EXECUTE FUNCTION verification_delete()
;;
ALTER TABLE verification ENABLE ALWAYS TRIGGER verification_delete
;;
CREATE FUNCTION verification_update() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'verification-no-update'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER verification_update BEFORE UPDATE ON verification FOR EACH ROW EXECUTE FUNCTION verification_update()
;;
ALTER TABLE verification ENABLE ALWAYS TRIGGER verification_update
;;
CREATE FUNCTION verification_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN EXISTS (SELECT 1 FROM verification WHERE report = NEW.report) THEN 'verification-no-replace-report'
    WHEN NEW.event IS DISTINCT FROM (SELECT coalesce(max(sequence), 0) FROM event) THEN 'verification-only-newest-event'
    WHEN NEW.verifier IN (SELECT l.actor FROM lifecycle l JOIN report r ON r.project = l.project WHERE r.seal = NEW.report AND l.report = '' AND l.state = 'validated') THEN 'verification-four-eyes'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER verification_insert BEFORE INSERT ON verification FOR EACH ROW EXECUTE FUNCTION verification_insert()
;;
ALTER TABLE verification ENABLE ALWAYS TRIGGER verification_insert
;;
CREATE FUNCTION proposal_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'proposal-no-delete'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER proposal_delete BEFORE DELETE ON proposal FOR EACH ROW EXECUTE FUNCTION proposal_delete()
;;
ALTER TABLE proposal ENABLE ALWAYS TRIGGER proposal_delete
;;
CREATE FUNCTION proposal_update() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'proposal-no-update'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER proposal_update BEFORE UPDATE ON proposal FOR EACH ROW EXECUTE FUNCTION proposal_update()
;;
ALTER TABLE proposal ENABLE ALWAYS TRIGGER proposal_update
;;
CREATE FUNCTION proposal_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN EXISTS (SELECT 1 FROM proposal WHERE event = NEW.event) THEN 'proposal-no-replace-event'
    WHEN NEW.event IS DISTINCT FROM (SELECT coalesce(max(sequence), 0) FROM event) THEN 'proposal-only-newest-event'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER proposal_insert BEFORE INSERT ON proposal FOR EACH ROW EXECUTE FUNCTION proposal_insert()
;;
ALTER TABLE proposal ENABLE ALWAYS TRIGGER proposal_insert
;;
CREATE FUNCTION approval_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'approval-no-delete'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER approval_delete BEFORE DELETE ON approval FOR EACH ROW EXECUTE FUNCTION approval_delete()
;;
ALTER TABLE approval ENABLE ALWAYS TRIGGER approval_delete
;;
CREATE FUNCTION approval_update() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'approval-no-update'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER approval_update BEFORE UPDATE ON approval FOR EACH ROW EXECUTE FUNCTION approval_update()
;;
ALTER TABLE approval ENABLE ALWAYS TRIGGER approval_update
;;
CREATE FUNCTION approval_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN EXISTS (SELECT 1 FROM approval WHERE proposal = NEW.proposal) THEN 'approval-no-replace-proposal'
    WHEN NEW.event IS DISTINCT FROM (SELECT coalesce(max(sequence), 0) FROM event) THEN 'approval-only-newest-event'
    WHEN NEW.approver IS NOT DISTINCT FROM (SELECT proposer FROM proposal WHERE event = NEW.proposal) THEN 'approval-four-eyes'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER approval_insert BEFORE INSERT ON approval FOR EACH ROW EXECUTE FUNCTION approval_insert()
;;
ALTER TABLE approval ENABLE ALWAYS TRIGGER approval_insert
;;
CREATE FUNCTION issuance_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'issuance-no-delete'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER issuance_delete BEFORE DELETE ON issuance FOR EACH ROW EXECUTE FUNCTION issuance_delete()
;;
ALTER TABLE issuance ENABLE ALWAYS TRIGGER issuance_delete
;;
CREATE FUNCTION issuance_update() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'issuance-no-update'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER issuance_update BEFORE UPDATE ON issuance FOR EACH ROW EXECUTE FUNCTION issuance_update()
;;
ALTER TABLE issuance ENABLE ALWAYS TRIGGER issuance_update
;;
CREATE FUNCTION issuance_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN EXISTS (SELECT 1 FROM issuance WHERE report = NEW.report) THEN 'issuance-no-replace-report'
    WHEN NEW.event IS DISTINCT FROM (SELECT coalesce(max(sequence), 0) FROM event) THEN 'issuance-only-newest-event'
    WHEN NEW.verified_g > coalesce((SELECT verified_g FROM verification WHERE report = NEW.report), 0) THEN 'issuance-above-verified'
    WHEN EXISTS (SELECT 1 FROM issuance i WHERE i.project = NEW.project AND i.period_start < NEW.period_end AND NEW.period_start < i.period_end) THEN 'issuance-period-overlaps'
    WHEN NOT EXISTS (SELECT 1 FROM approval a JOIN proposal p ON p.event = a.proposal WHERE p.report = NEW.report) THEN 'issuance-not-approved'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER issuance_insert BEFORE INSERT ON issuance FOR EACH ROW EXECUTE FUNCTION issuance_insert()
;;
ALTER TABLE issuance ENABLE ALWAYS TRIGGER issuance_insert
;;
CREATE FUNCTION batch_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'batch-no-delete'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER batch_delete BEFORE DELETE ON batch FOR EACH ROW EXECUTE FUNCTION batch_delete()
;;
ALTER TABLE batch ENABLE ALWAYS TRIGGER batch_delete
;;
CREATE FUNCTION batch_update() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'batch-no-update'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER batch_update BEFORE UPDATE ON batch FOR EACH ROW EXECUTE FUNCTION batch_update()
;;
ALTER TABLE batch ENABLE ALWAYS TRIGGER batch_update
;;
CREATE FUNCTION batch_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN EXISTS (SELECT 1 FROM batch WHERE id = NEW.id) THEN 'batch-no-replace-id'
    WHEN EXISTS (SELECT 1 FROM batch WHERE code = NEW.code) THEN 'batch-no-replace-code'
    WHEN NEW.event IS DISTINCT FROM (SELECT coalesce(max(sequence), 0) FROM event) THEN 'batch-only-newest-event'
    WHEN NEW.issued + (SELECT coalesce(sum(issued), 0) FROM batch WHERE report = NEW.report) > coalesce((SELECT issued FROM issuance WHERE report = NEW.report), 0) THEN 'batch-above-issuance'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER batch_insert BEFORE INSERT ON batch FOR EACH ROW EXECUTE FUNCTION batch_insert()
;;
ALTER TABLE batch ENABLE ALWAYS TRIGGER batch_insert
;;
CREATE FUNCTION credit_block_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'credit_block-no-delete'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER credit_block_delete BEFORE DELETE ON credit_block FOR EACH ROW EXECUTE FUNCTION credit_block_delete()
;;
ALTER TABLE credit_block ENABLE ALWAYS TRIGGER credit_block_delete
;;
CREATE FUNCTION credit_block_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN EXISTS (SELECT 1 FROM credit_block WHERE id = NEW.id) THEN 'credit_block-no-replace-id'
    WHEN NEW.opened_by IS DISTINCT FROM (SELECT coalesce(max(sequence), 0) FROM event) THEN 'credit_block-only-newest-event'
    WHEN NEW.closed_by IS NOT NULL THEN 'block-born-closed'
    WHEN NEW.first < 1 OR NEW.last < NEW.first THEN 'block-range-invalid'
    WHEN NEW.quantity <> NEW.last - NEW.first + 1 THEN 'block-count-mismatch'
    WHEN NEW.last > coalesce((SELECT issued FROM batch WHERE id = NEW.batch), 0) THEN 'block-outside-batch'
    WHEN coalesce((SELECT last FROM credit_block WHERE batch = NEW.batch AND closed_by IS NULL AND first <= NEW.last ORDER BY first DESC LIMIT 1), 0) >= NEW.first THEN 'block-overlaps'
    WHEN coalesce((SELECT kind FROM account WHERE id = NEW.holder), '') <> CASE NEW.status WHEN 'active' THEN 'holding' WHEN 'buffer' THEN 'buffer' WHEN 'retired' THEN 'retirement' WHEN 'cancelled' THEN 'cancellation' ELSE '?' END THEN 'block-status-not-of-account'
    WHEN NEW.parent IS NULL AND NOT EXISTS (SELECT 1 FROM batch b JOIN event e ON e.sequence = b.event AND e.kind = 'issue' WHERE b.id = NEW.batch AND b.event = NEW.opened_by) THEN 'block-without-issuance'
    WHEN NEW.parent IS NOT NULL AND NOT EXISTS (SELECT 1 FROM credit_block p WHERE p.id = NEW.parent AND p.batch = NEW.batch AND p.closed_by = NEW.opened_by AND p.first <= NEW.first AND p.last >= NEW.last) THEN 'block-outside-parent'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER credit_block_insert BEFORE INSERT ON credit_block FOR EACH ROW EXECUTE FUNCTION credit_block_insert()
;;
ALTER TABLE credit_block ENABLE ALWAYS TRIGGER credit_block_insert
;;
CREATE FUNCTION credit_block_update() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN OLD.closed_by IS NOT NULL THEN 'block-closed-twice'
    WHEN OLD.status NOT IN ('active', 'buffer') THEN 'block-terminal'
    WHEN NEW.id <> OLD.id OR NEW.batch <> OLD.batch OR NEW.first <> OLD.first OR NEW.last <> OLD.last OR NEW.quantity <> OLD.quantity OR NEW.holder <> OLD.holder OR NEW.status <> OLD.status OR NEW.parent IS DISTINCT FROM OLD.parent OR NEW.opened_by <> OLD.opened_by THEN 'block-immutable'
    WHEN NEW.closed_by IS DISTINCT FROM (SELECT coalesce(max(sequence), 0) FROM event) THEN 'block-closed-by-other-event'
    WHEN NEW.closed_by <= OLD.opened_by THEN 'block-closed-when-opened'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER credit_block_update BEFORE UPDATE ON credit_block FOR EACH ROW EXECUTE FUNCTION credit_block_update()
;;
ALTER TABLE credit_block ENABLE ALWAYS TRIGGER credit_block_update
;;
CREATE FUNCTION posting_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'posting-no-delete'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER posting_delete BEFORE DELETE ON posting FOR EACH ROW EXECUTE FUNCTION posting_delete()
;;
ALTER TABLE posting ENABLE ALWAYS TRIGGER posting_delete
;;
CREATE FUNCTION posting_update() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'posting-no-update'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER posting_update BEFORE UPDATE ON posting FOR EACH ROW EXECUTE FUNCTION posting_update()
;;
ALTER TABLE posting ENABLE ALWAYS TRIGGER posting_update
;;
CREATE FUNCTION posting_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN EXISTS (SELECT 1 FROM posting WHERE event = NEW.event AND account = NEW.account AND batch = NEW.batch) THEN 'posting-no-replace-event-account-batch'
    WHEN NEW.event IS DISTINCT FROM (SELECT coalesce(max(sequence), 0) FROM event) THEN 'posting-only-newest-event'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER posting_insert BEFORE INSERT ON posting FOR EACH ROW EXECUTE FUNCTION posting_insert()
;;
ALTER TABLE posting ENABLE ALWAYS TRIGGER posting_insert
;;
CREATE FUNCTION idempotency_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'idempotency-no-delete'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER idempotency_delete BEFORE DELETE ON idempotency FOR EACH ROW EXECUTE FUNCTION idempotency_delete()
;;
ALTER TABLE idempotency ENABLE ALWAYS TRIGGER idempotency_delete
;;
CREATE FUNCTION idempotency_update() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'idempotency-no-update'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER idempotency_update BEFORE UPDATE ON idempotency FOR EACH ROW EXECUTE FUNCTION idempotency_update()
;;
ALTER TABLE idempotency ENABLE ALWAYS TRIGGER idempotency_update
;;
CREATE FUNCTION idempotency_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN EXISTS (SELECT 1 FROM idempotency WHERE actor = NEW.actor AND key = NEW.key) THEN 'idempotency-no-replace-actor-key'
    WHEN NEW.event IS DISTINCT FROM (SELECT coalesce(max(sequence), 0) FROM event) THEN 'idempotency-only-newest-event'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER idempotency_insert BEFORE INSERT ON idempotency FOR EACH ROW EXECUTE FUNCTION idempotency_insert()
;;
ALTER TABLE idempotency ENABLE ALWAYS TRIGGER idempotency_insert
;;
CREATE FUNCTION checkpoint_delete() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'checkpoint-no-delete'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN OLD;
END $$
;;
CREATE TRIGGER checkpoint_delete BEFORE DELETE ON checkpoint FOR EACH ROW EXECUTE FUNCTION checkpoint_delete()
;;
ALTER TABLE checkpoint ENABLE ALWAYS TRIGGER checkpoint_delete
;;
CREATE FUNCTION checkpoint_update() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN TRUE THEN 'checkpoint-no-update'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER checkpoint_update BEFORE UPDATE ON checkpoint FOR EACH ROW EXECUTE FUNCTION checkpoint_update()
;;
ALTER TABLE checkpoint ENABLE ALWAYS TRIGGER checkpoint_update
;;
CREATE FUNCTION checkpoint_insert() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  broken := CASE
    WHEN EXISTS (SELECT 1 FROM checkpoint WHERE tree_size = NEW.tree_size) THEN 'checkpoint-no-replace-tree_size'
  END;
  IF broken IS NOT NULL THEN
    RAISE EXCEPTION USING MESSAGE = broken, ERRCODE = '23000';
  END IF;
  RETURN NEW;
END $$
;;
CREATE TRIGGER checkpoint_insert BEFORE INSERT ON checkpoint FOR EACH ROW EXECUTE FUNCTION checkpoint_insert()
;;
ALTER TABLE checkpoint ENABLE ALWAYS TRIGGER checkpoint_insert
;;
CREATE FUNCTION meta_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'meta-no-truncate', ERRCODE = '23000';
END $$
;;
CREATE TRIGGER meta_truncate BEFORE TRUNCATE ON meta FOR EACH STATEMENT EXECUTE FUNCTION meta_truncate()
;;
ALTER TABLE meta ENABLE ALWAYS TRIGGER meta_truncate
;;
CREATE FUNCTION event_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'event-no-truncate', ERRCODE = '23000';
END $$
;;
CREATE TRIGGER event_truncate BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION event_truncate()
;;
ALTER TABLE event ENABLE ALWAYS TRIGGER event_truncate
;;
CREATE FUNCTION party_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'party-no-truncate', ERRCODE = '23000';
END $$
;;
CREATE TRIGGER party_truncate BEFORE TRUNCATE ON party FOR EACH STATEMENT EXECUTE FUNCTION party_truncate()
;;
ALTER TABLE party ENABLE ALWAYS TRIGGER party_truncate
;;
CREATE FUNCTION party_role_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'party_role-no-truncate', ERRCODE = '23000';
END $$
;;
CREATE TRIGGER party_role_truncate BEFORE TRUNCATE ON party_role FOR EACH STATEMENT EXECUTE FUNCTION party_role_truncate()
;;
ALTER TABLE party_role ENABLE ALWAYS TRIGGER party_role_truncate
;;
CREATE FUNCTION account_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'account-no-truncate', ERRCODE = '23000';
END $$
;;
CREATE TRIGGER account_truncate BEFORE TRUNCATE ON account FOR EACH STATEMENT EXECUTE FUNCTION account_truncate()
;;
ALTER TABLE account ENABLE ALWAYS TRIGGER account_truncate
;;
CREATE FUNCTION project_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'project-no-truncate', ERRCODE = '23000';
END $$
;;
CREATE TRIGGER project_truncate BEFORE TRUNCATE ON project FOR EACH STATEMENT EXECUTE FUNCTION project_truncate()
;;
ALTER TABLE project ENABLE ALWAYS TRIGGER project_truncate
;;
CREATE FUNCTION lifecycle_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'lifecycle-no-truncate', ERRCODE = '23000';
END $$
;;
CREATE TRIGGER lifecycle_truncate BEFORE TRUNCATE ON lifecycle FOR EACH STATEMENT EXECUTE FUNCTION lifecycle_truncate()
;;
ALTER TABLE lifecycle ENABLE ALWAYS TRIGGER lifecycle_truncate
;;
CREATE FUNCTION report_document_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'report_document-no-truncate', ERRCODE = '23000';
END $$
;;
CREATE TRIGGER report_document_truncate BEFORE TRUNCATE ON report_document FOR EACH STATEMENT EXECUTE FUNCTION report_document_truncate()
;;
ALTER TABLE report_document ENABLE ALWAYS TRIGGER report_document_truncate
;;
CREATE FUNCTION report_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'report-no-truncate', ERRCODE = '23000';
END $$
;;
CREATE TRIGGER report_truncate BEFORE TRUNCATE ON report FOR EACH STATEMENT EXECUTE FUNCTION report_truncate()
;;
ALTER TABLE report ENABLE ALWAYS TRIGGER report_truncate
;;
CREATE FUNCTION verification_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'verification-no-truncate', ERRCODE = '23000';
END $$
;;
CREATE TRIGGER verification_truncate BEFORE TRUNCATE ON verification FOR EACH STATEMENT EXECUTE FUNCTION verification_truncate()
;;
ALTER TABLE verification ENABLE ALWAYS TRIGGER verification_truncate
;;
CREATE FUNCTION proposal_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'proposal-no-truncate', ERRCODE = '23000';
END $$
;;
CREATE TRIGGER proposal_truncate BEFORE TRUNCATE ON proposal FOR EACH STATEMENT EXECUTE FUNCTION proposal_truncate()
;;
ALTER TABLE proposal ENABLE ALWAYS TRIGGER proposal_truncate
;;
CREATE FUNCTION approval_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'approval-no-truncate', ERRCODE = '23000';
END $$
;;
CREATE TRIGGER approval_truncate BEFORE TRUNCATE ON approval FOR EACH STATEMENT EXECUTE FUNCTION approval_truncate()
;;
ALTER TABLE approval ENABLE ALWAYS TRIGGER approval_truncate
;;
CREATE FUNCTION issuance_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'issuance-no-truncate', ERRCODE = '23000';
END $$
;;
CREATE TRIGGER issuance_truncate BEFORE TRUNCATE ON issuance FOR EACH STATEMENT EXECUTE FUNCTION issuance_truncate()
;;
ALTER TABLE issuance ENABLE ALWAYS TRIGGER issuance_truncate
;;
CREATE FUNCTION batch_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'batch-no-truncate', ERRCODE = '23000';
END $$
;;
CREATE TRIGGER batch_truncate BEFORE TRUNCATE ON batch FOR EACH STATEMENT EXECUTE FUNCTION batch_truncate()
;;
ALTER TABLE batch ENABLE ALWAYS TRIGGER batch_truncate
;;
CREATE FUNCTION credit_block_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'credit_block-no-truncate', ERRCODE = '23000';
END $$
;;
CREATE TRIGGER credit_block_truncate BEFORE TRUNCATE ON credit_block FOR EACH STATEMENT EXECUTE FUNCTION credit_block_truncate()
;;
ALTER TABLE credit_block ENABLE ALWAYS TRIGGER credit_block_truncate
;;
CREATE FUNCTION posting_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'posting-no-truncate', ERRCODE = '23000';
END $$
;;
CREATE TRIGGER posting_truncate BEFORE TRUNCATE ON posting FOR EACH STATEMENT EXECUTE FUNCTION posting_truncate()
;;
ALTER TABLE posting ENABLE ALWAYS TRIGGER posting_truncate
;;
CREATE FUNCTION idempotency_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'idempotency-no-truncate', ERRCODE = '23000';
END $$
;;
CREATE TRIGGER idempotency_truncate BEFORE TRUNCATE ON idempotency FOR EACH STATEMENT EXECUTE FUNCTION idempotency_truncate()
;;
ALTER TABLE idempotency ENABLE ALWAYS TRIGGER idempotency_truncate
;;
CREATE FUNCTION checkpoint_truncate() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE broken text;
BEGIN
  RAISE EXCEPTION USING MESSAGE = 'checkpoint-no-truncate', ERRCODE = '23000';
END $$
;;
CREATE TRIGGER checkpoint_truncate BEFORE TRUNCATE ON checkpoint FOR EACH STATEMENT EXECUTE FUNCTION checkpoint_truncate()
;;
ALTER TABLE checkpoint ENABLE ALWAYS TRIGGER checkpoint_truncate
