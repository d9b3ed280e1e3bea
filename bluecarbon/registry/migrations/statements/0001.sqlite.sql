CREATE TABLE meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
)
 STRICT


;;
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


;;
CREATE TABLE party (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	name_zh TEXT NOT NULL, 
	event INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)
 STRICT


;;
CREATE TABLE party_role (
	party TEXT NOT NULL, 
	role TEXT NOT NULL, 
	event INTEGER NOT NULL, 
	PRIMARY KEY (party, role), 
	FOREIGN KEY(party) REFERENCES party (id), 
	FOREIGN KEY(event) REFERENCES event (sequence)
)
 STRICT


;;
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


;;
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


;;
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


;;
CREATE TABLE report_document (
	seal TEXT NOT NULL, 
	document TEXT NOT NULL, 
	PRIMARY KEY (seal)
)
 STRICT


;;
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


;;
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


;;
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


;;
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


;;
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


;;
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


;;
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


;;
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


;;
CREATE TABLE checkpoint (
	tree_size INTEGER NOT NULL, 
	root_sha256 TEXT NOT NULL, 
	at TEXT NOT NULL, 
	signature TEXT NOT NULL, 
	PRIMARY KEY (tree_size)
)
 STRICT


;;
CREATE TRIGGER meta_no_delete BEFORE DELETE ON meta WHEN 1
BEGIN SELECT RAISE(ABORT, 'meta-no-delete'); END
;;
CREATE TRIGGER meta_no_update BEFORE UPDATE ON meta WHEN 1
BEGIN SELECT RAISE(ABORT, 'meta-no-update'); END
;;
CREATE TRIGGER meta_no_replace_key BEFORE INSERT ON meta WHEN EXISTS (SELECT 1 FROM meta WHERE key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'meta-no-replace-key'); END
;;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event WHEN 1
BEGIN SELECT RAISE(ABORT, 'event-no-delete'); END
;;
CREATE TRIGGER event_no_update BEFORE UPDATE ON event WHEN 1
BEGIN SELECT RAISE(ABORT, 'event-no-update'); END
;;
CREATE TRIGGER event_no_replace_sequence BEFORE INSERT ON event WHEN EXISTS (SELECT 1 FROM event WHERE sequence = NEW.sequence)
BEGIN SELECT RAISE(ABORT, 'event-no-replace-sequence'); END
;;
CREATE TRIGGER event_no_replace_actor_idempotency_key BEFORE INSERT ON event WHEN EXISTS (SELECT 1 FROM event WHERE actor = NEW.actor AND idempotency_key = NEW.idempotency_key)
BEGIN SELECT RAISE(ABORT, 'event-no-replace-actor-idempotency_key'); END
;;
CREATE TRIGGER event_gap BEFORE INSERT ON event WHEN NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) FROM event) + 1
BEGIN SELECT RAISE(ABORT, 'event-gap'); END
;;
CREATE TRIGGER event_effective_in_future BEFORE INSERT ON event WHEN NEW.effective_at > NEW.recorded_at
BEGIN SELECT RAISE(ABORT, 'event-effective-in-future'); END
;;
CREATE TRIGGER event_payload_not_json BEFORE INSERT ON event WHEN NOT json_valid(NEW.payload)
BEGIN SELECT RAISE(ABORT, 'event-payload-not-json'); END
;;
CREATE TRIGGER party_no_delete BEFORE DELETE ON party WHEN 1
BEGIN SELECT RAISE(ABORT, 'party-no-delete'); END
;;
CREATE TRIGGER party_no_update BEFORE UPDATE ON party WHEN 1
BEGIN SELECT RAISE(ABORT, 'party-no-update'); END
;;
CREATE TRIGGER party_no_replace_id BEFORE INSERT ON party WHEN EXISTS (SELECT 1 FROM party WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'party-no-replace-id'); END
;;
CREATE TRIGGER party_only_newest_event BEFORE INSERT ON party WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'party-only-newest-event'); END
;;
CREATE TRIGGER party_role_no_delete BEFORE DELETE ON party_role WHEN 1
BEGIN SELECT RAISE(ABORT, 'party_role-no-delete'); END
;;
CREATE TRIGGER party_role_no_update BEFORE UPDATE ON party_role WHEN 1
BEGIN SELECT RAISE(ABORT, 'party_role-no-update'); END
;;
CREATE TRIGGER party_role_no_replace_party_role BEFORE INSERT ON party_role WHEN EXISTS (SELECT 1 FROM party_role WHERE party = NEW.party AND role = NEW.role)
BEGIN SELECT RAISE(ABORT, 'party_role-no-replace-party-role'); END
;;
CREATE TRIGGER party_role_only_newest_event BEFORE INSERT ON party_role WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'party_role-only-newest-event'); END
;;
CREATE TRIGGER account_no_delete BEFORE DELETE ON account WHEN 1
BEGIN SELECT RAISE(ABORT, 'account-no-delete'); END
;;
CREATE TRIGGER account_no_update BEFORE UPDATE ON account WHEN 1
BEGIN SELECT RAISE(ABORT, 'account-no-update'); END
;;
CREATE TRIGGER account_no_replace_id BEFORE INSERT ON account WHEN EXISTS (SELECT 1 FROM account WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'account-no-replace-id'); END
;;
CREATE TRIGGER account_only_newest_event BEFORE INSERT ON account WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'account-only-newest-event'); END
;;
CREATE TRIGGER project_no_delete BEFORE DELETE ON project WHEN 1
BEGIN SELECT RAISE(ABORT, 'project-no-delete'); END
;;
CREATE TRIGGER project_no_update BEFORE UPDATE ON project WHEN 1
BEGIN SELECT RAISE(ABORT, 'project-no-update'); END
;;
CREATE TRIGGER project_no_replace_id BEFORE INSERT ON project WHEN EXISTS (SELECT 1 FROM project WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'project-no-replace-id'); END
;;
CREATE TRIGGER project_no_replace_code BEFORE INSERT ON project WHEN EXISTS (SELECT 1 FROM project WHERE code = NEW.code)
BEGIN SELECT RAISE(ABORT, 'project-no-replace-code'); END
;;
CREATE TRIGGER project_only_newest_event BEFORE INSERT ON project WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'project-only-newest-event'); END
;;
CREATE TRIGGER lifecycle_no_delete BEFORE DELETE ON lifecycle WHEN 1
BEGIN SELECT RAISE(ABORT, 'lifecycle-no-delete'); END
;;
CREATE TRIGGER lifecycle_no_update BEFORE UPDATE ON lifecycle WHEN 1
BEGIN SELECT RAISE(ABORT, 'lifecycle-no-update'); END
;;
CREATE TRIGGER lifecycle_no_replace_project_report_state BEFORE INSERT ON lifecycle WHEN EXISTS (SELECT 1 FROM lifecycle WHERE project = NEW.project AND report = NEW.report AND state = NEW.state)
BEGIN SELECT RAISE(ABORT, 'lifecycle-no-replace-project-report-state'); END
;;
CREATE TRIGGER lifecycle_only_newest_event BEFORE INSERT ON lifecycle WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'lifecycle-only-newest-event'); END
;;
CREATE TRIGGER report_document_no_delete BEFORE DELETE ON report_document WHEN 1
BEGIN SELECT RAISE(ABORT, 'report_document-no-delete'); END
;;
CREATE TRIGGER report_document_no_update BEFORE UPDATE ON report_document WHEN 1
BEGIN SELECT RAISE(ABORT, 'report_document-no-update'); END
;;
CREATE TRIGGER report_document_no_replace_seal BEFORE INSERT ON report_document WHEN EXISTS (SELECT 1 FROM report_document WHERE seal = NEW.seal)
BEGIN SELECT RAISE(ABORT, 'report_document-no-replace-seal'); END
;;
CREATE TRIGGER report_no_delete BEFORE DELETE ON report WHEN 1
BEGIN SELECT RAISE(ABORT, 'report-no-delete'); END
;;
CREATE TRIGGER report_no_update BEFORE UPDATE ON report WHEN 1
BEGIN SELECT RAISE(ABORT, 'report-no-update'); END
;;
CREATE TRIGGER report_no_replace_seal BEFORE INSERT ON report WHEN EXISTS (SELECT 1 FROM report WHERE seal = NEW.seal)
BEGIN SELECT RAISE(ABORT, 'report-no-replace-seal'); END
;;
CREATE TRIGGER report_only_newest_event BEFORE INSERT ON report WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'report-only-newest-event'); END
;;
CREATE TRIGGER verification_no_delete BEFORE DELETE ON verification WHEN 1
BEGIN SELECT RAISE(ABORT, 'verification-no-delete'); END
;;
CREATE TRIGGER verification_no_update BEFORE UPDATE ON verification WHEN 1
BEGIN SELECT RAISE(ABORT, 'verification-no-update'); END
;;
CREATE TRIGGER verification_no_replace_report BEFORE INSERT ON verification WHEN EXISTS (SELECT 1 FROM verification WHERE report = NEW.report)
BEGIN SELECT RAISE(ABORT, 'verification-no-replace-report'); END
;;
CREATE TRIGGER verification_only_newest_event BEFORE INSERT ON verification WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'verification-only-newest-event'); END
;;
CREATE TRIGGER verification_four_eyes BEFORE INSERT ON verification WHEN NEW.verifier IN (SELECT l.actor FROM lifecycle l JOIN report r ON r.project = l.project WHERE r.seal = NEW.report AND l.report = '' AND l.state = 'validated')
BEGIN SELECT RAISE(ABORT, 'verification-four-eyes'); END
;;
CREATE TRIGGER proposal_no_delete BEFORE DELETE ON proposal WHEN 1
BEGIN SELECT RAISE(ABORT, 'proposal-no-delete'); END
;;
CREATE TRIGGER proposal_no_update BEFORE UPDATE ON proposal WHEN 1
BEGIN SELECT RAISE(ABORT, 'proposal-no-update'); END
;;
CREATE TRIGGER proposal_no_replace_event BEFORE INSERT ON proposal WHEN EXISTS (SELECT 1 FROM proposal WHERE event = NEW.event)
BEGIN SELECT RAISE(ABORT, 'proposal-no-replace-event'); END
;;
CREATE TRIGGER proposal_only_newest_event BEFORE INSERT ON proposal WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'proposal-only-newest-event'); END
;;
CREATE TRIGGER approval_no_delete BEFORE DELETE ON approval WHEN 1
BEGIN SELECT RAISE(ABORT, 'approval-no-delete'); END
;;
CREATE TRIGGER approval_no_update BEFORE UPDATE ON approval WHEN 1
BEGIN SELECT RAISE(ABORT, 'approval-no-update'); END
;;
CREATE TRIGGER approval_no_replace_proposal BEFORE INSERT ON approval WHEN EXISTS (SELECT 1 FROM approval WHERE proposal = NEW.proposal)
BEGIN SELECT RAISE(ABORT, 'approval-no-replace-proposal'); END
;;
CREATE TRIGGER approval_only_newest_event BEFORE INSERT ON approval WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'approval-only-newest-event'); END
;;
CREATE TRIGGER approval_four_eyes BEFORE INSERT ON approval WHEN NEW.approver IS (SELECT proposer FROM proposal WHERE event = NEW.proposal)
BEGIN SELECT RAISE(ABORT, 'approval-four-eyes'); END
;;
CREATE TRIGGER issuance_no_delete BEFORE DELETE ON issuance WHEN 1
BEGIN SELECT RAISE(ABORT, 'issuance-no-delete'); END
;;
CREATE TRIGGER issuance_no_update BEFORE UPDATE ON issuance WHEN 1
BEGIN SELECT RAISE(ABORT, 'issuance-no-update'); END
;;
CREATE TRIGGER issuance_no_replace_report BEFORE INSERT ON issuance WHEN EXISTS (SELECT 1 FROM issuance WHERE report = NEW.report)
BEGIN SELECT RAISE(ABORT, 'issuance-no-replace-report'); END
;;
CREATE TRIGGER issuance_only_newest_event BEFORE INSERT ON issuance WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'issuance-only-newest-event'); END
;;
CREATE TRIGGER issuance_above_verified BEFORE INSERT ON issuance WHEN NEW.verified_g > coalesce((SELECT verified_g FROM verification WHERE report = NEW.report), 0)
BEGIN SELECT RAISE(ABORT, 'issuance-above-verified'); END
;;
CREATE TRIGGER issuance_period_overlaps BEFORE INSERT ON issuance WHEN EXISTS (SELECT 1 FROM issuance i WHERE i.project = NEW.project AND i.period_start < NEW.period_end AND NEW.period_start < i.period_end)
BEGIN SELECT RAISE(ABORT, 'issuance-period-overlaps'); END
;;
CREATE TRIGGER issuance_not_approved BEFORE INSERT ON issuance WHEN NOT EXISTS (SELECT 1 FROM approval a JOIN proposal p ON p.event = a.proposal WHERE p.report = NEW.report)
BEGIN SELECT RAISE(ABORT, 'issuance-not-approved'); END
;;
CREATE TRIGGER batch_no_delete BEFORE DELETE ON batch WHEN 1
BEGIN SELECT RAISE(ABORT, 'batch-no-delete'); END
;;
CREATE TRIGGER batch_no_update BEFORE UPDATE ON batch WHEN 1
BEGIN SELECT RAISE(ABORT, 'batch-no-update'); END
;;
CREATE TRIGGER batch_no_replace_id BEFORE INSERT ON batch WHEN EXISTS (SELECT 1 FROM batch WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'batch-no-replace-id'); END
;;
CREATE TRIGGER batch_no_replace_code BEFORE INSERT ON batch WHEN EXISTS (SELECT 1 FROM batch WHERE code = NEW.code)
BEGIN SELECT RAISE(ABORT, 'batch-no-replace-code'); END
;;
CREATE TRIGGER batch_only_newest_event BEFORE INSERT ON batch WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'batch-only-newest-event'); END
;;
CREATE TRIGGER batch_above_issuance BEFORE INSERT ON batch WHEN NEW.issued + (SELECT coalesce(sum(issued), 0) FROM batch WHERE report = NEW.report) > coalesce((SELECT issued FROM issuance WHERE report = NEW.report), 0)
BEGIN SELECT RAISE(ABORT, 'batch-above-issuance'); END
;;
CREATE TRIGGER credit_block_no_delete BEFORE DELETE ON credit_block WHEN 1
BEGIN SELECT RAISE(ABORT, 'credit_block-no-delete'); END
;;
CREATE TRIGGER credit_block_no_replace_id BEFORE INSERT ON credit_block WHEN EXISTS (SELECT 1 FROM credit_block WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'credit_block-no-replace-id'); END
;;
CREATE TRIGGER credit_block_only_newest_event BEFORE INSERT ON credit_block WHEN NEW.opened_by IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'credit_block-only-newest-event'); END
;;
CREATE TRIGGER block_born_closed BEFORE INSERT ON credit_block WHEN NEW.closed_by IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'block-born-closed'); END
;;
CREATE TRIGGER block_range_invalid BEFORE INSERT ON credit_block WHEN NEW.first < 1 OR NEW.last < NEW.first
BEGIN SELECT RAISE(ABORT, 'block-range-invalid'); END
;;
CREATE TRIGGER block_count_mismatch BEFORE INSERT ON credit_block WHEN NEW.quantity <> NEW.last - NEW.first + 1
BEGIN SELECT RAISE(ABORT, 'block-count-mismatch'); END
;;
CREATE TRIGGER block_outside_batch BEFORE INSERT ON credit_block WHEN NEW.last > coalesce((SELECT issued FROM batch WHERE id = NEW.batch), 0)
BEGIN SELECT RAISE(ABORT, 'block-outside-batch'); END
;;
CREATE TRIGGER block_overlaps BEFORE INSERT ON credit_block WHEN coalesce((SELECT last FROM credit_block WHERE batch = NEW.batch AND closed_by IS NULL AND first <= NEW.last ORDER BY first DESC LIMIT 1), 0) >= NEW.first
BEGIN SELECT RAISE(ABORT, 'block-overlaps'); END
;;
CREATE TRIGGER block_status_not_of_account BEFORE INSERT ON credit_block WHEN coalesce((SELECT kind FROM account WHERE id = NEW.holder), '') <> CASE NEW.status WHEN 'active' THEN 'holding' WHEN 'buffer' THEN 'buffer' WHEN 'retired' THEN 'retirement' WHEN 'cancelled' THEN 'cancellation' ELSE '?' END
BEGIN SELECT RAISE(ABORT, 'block-status-not-of-account'); END
;;
CREATE TRIGGER block_without_issuance BEFORE INSERT ON credit_block WHEN NEW.parent IS NULL AND NOT EXISTS (SELECT 1 FROM batch b JOIN event e ON e.sequence = b.event AND e.kind = 'issue' WHERE b.id = NEW.batch AND b.event = NEW.opened_by)
BEGIN SELECT RAISE(ABORT, 'block-without-issuance'); END
;;
CREATE TRIGGER block_outside_parent BEFORE INSERT ON credit_block WHEN NEW.parent IS NOT NULL AND NOT EXISTS (SELECT 1 FROM credit_block p WHERE p.id = NEW.parent AND p.batch = NEW.batch AND p.closed_by = NEW.opened_by AND p.first <= NEW.first AND p.last >= NEW.last)
BEGIN SELECT RAISE(ABORT, 'block-outside-parent'); END
;;
CREATE TRIGGER block_closed_twice BEFORE UPDATE ON credit_block WHEN OLD.closed_by IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'block-closed-twice'); END
;;
CREATE TRIGGER block_terminal BEFORE UPDATE ON credit_block WHEN OLD.status NOT IN ('active', 'buffer')
BEGIN SELECT RAISE(ABORT, 'block-terminal'); END
;;
CREATE TRIGGER block_immutable BEFORE UPDATE ON credit_block WHEN NEW.id <> OLD.id OR NEW.batch <> OLD.batch OR NEW.first <> OLD.first OR NEW.last <> OLD.last OR NEW.quantity <> OLD.quantity OR NEW.holder <> OLD.holder OR NEW.status <> OLD.status OR NEW.parent IS NOT OLD.parent OR NEW.opened_by <> OLD.opened_by
BEGIN SELECT RAISE(ABORT, 'block-immutable'); END
;;
CREATE TRIGGER block_closed_by_other_event BEFORE UPDATE ON credit_block WHEN NEW.closed_by IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'block-closed-by-other-event'); END
;;
CREATE TRIGGER block_closed_when_opened BEFORE UPDATE ON credit_block WHEN NEW.closed_by <= OLD.opened_by
BEGIN SELECT RAISE(ABORT, 'block-closed-when-opened'); END
;;
CREATE TRIGGER posting_no_delete BEFORE DELETE ON posting WHEN 1
BEGIN SELECT RAISE(ABORT, 'posting-no-delete'); END
;;
CREATE TRIGGER posting_no_update BEFORE UPDATE ON posting WHEN 1
BEGIN SELECT RAISE(ABORT, 'posting-no-update'); END
;;
CREATE TRIGGER posting_no_replace_event_account_batch BEFORE INSERT ON posting WHEN EXISTS (SELECT 1 FROM posting WHERE event = NEW.event AND account = NEW.account AND batch = NEW.batch)
BEGIN SELECT RAISE(ABORT, 'posting-no-replace-event-account-batch'); END
;;
CREATE TRIGGER posting_only_newest_event BEFORE INSERT ON posting WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'posting-only-newest-event'); END
;;
CREATE TRIGGER idempotency_no_delete BEFORE DELETE ON idempotency WHEN 1
BEGIN SELECT RAISE(ABORT, 'idempotency-no-delete'); END
;;
CREATE TRIGGER idempotency_no_update BEFORE UPDATE ON idempotency WHEN 1
BEGIN SELECT RAISE(ABORT, 'idempotency-no-update'); END
;;
CREATE TRIGGER idempotency_no_replace_actor_key BEFORE INSERT ON idempotency WHEN EXISTS (SELECT 1 FROM idempotency WHERE actor = NEW.actor AND key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'idempotency-no-replace-actor-key'); END
;;
CREATE TRIGGER idempotency_only_newest_event BEFORE INSERT ON idempotency WHEN NEW.event IS NOT (SELECT coalesce(max(sequence), 0) FROM event)
BEGIN SELECT RAISE(ABORT, 'idempotency-only-newest-event'); END
;;
CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint WHEN 1
BEGIN SELECT RAISE(ABORT, 'checkpoint-no-delete'); END
;;
CREATE TRIGGER checkpoint_no_update BEFORE UPDATE ON checkpoint WHEN 1
BEGIN SELECT RAISE(ABORT, 'checkpoint-no-update'); END
;;
CREATE TRIGGER checkpoint_no_replace_tree_size BEFORE INSERT ON checkpoint WHEN EXISTS (SELECT 1 FROM checkpoint WHERE tree_size = NEW.tree_size)
BEGIN SELECT RAISE(ABORT, 'checkpoint-no-replace-tree_size'); END
