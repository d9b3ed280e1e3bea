"""The invariants of the ledger: SQL queries that must return no rows.

Each gives one column, the place of a defect. They run in SQLite, on a registry file itself or on
one consistent copy of the rows of a PostgreSQL database (:mod:`.postgres_snapshot`). Hashes and
signatures are SQL functions that :mod:`.invariants` registers. The queries say again, in other
words, what triggers and the ledger already forbid: whoever went round them (a dropped trigger, an
edited file) is found here.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Table

from bluecarbon.registry import schema


@dataclass(frozen=True)
class Invariant:
    """A statement about the ledger, its two names, and the SQL that finds what contradicts it."""

    code: str
    english: str
    chinese: str
    sql: str


def _records_replayed() -> str:
    """Rows of tables that their events do not state, and rows of events that no table has."""
    return " UNION ALL ".join(_table_replayed(table) for table in schema.JOURNALLED)


def _table_replayed(table: Table) -> str:
    columns = schema.journalled_columns(table)
    return _TABLE_REPLAYED.format(
        table=table.name,
        own=schema.event_column(table),
        stored=", ".join(f't."{column}"' for column in columns),
        stated=", ".join(f"json_extract(r.value, '$.{column}')" for column in columns),
    )


# EXCEPT finds rows that differ, in both directions; the count finds a row that is there twice.
_TABLE_REPLAYED = """\
SELECT 'event ' || e || ': {table}' FROM (
  SELECT t.{own} AS e, {stored} FROM {table} t
  EXCEPT SELECT e.sequence, {stated} FROM event e, json_each(e.payload, '$.records.{table}') r)
UNION ALL SELECT 'event ' || e || ': {table}' FROM (
  SELECT e.sequence AS e, {stated} FROM event e, json_each(e.payload, '$.records.{table}') r
  EXCEPT SELECT t.{own}, {stored} FROM {table} t)
UNION ALL SELECT '{table}: number of rows' WHERE (SELECT count(*) FROM {table}) <>
  (SELECT count(*) FROM event e, json_each(e.payload, '$.records.{table}') r)
"""


INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "schema-intact",
        "tables, indexes and triggers are those of this version",
        "表、索引与触发器与本版本一致",
        "SELECT type || ' ' || name FROM (SELECT type, name, sql FROM temp.actual"
        " EXCEPT SELECT type, name, sql FROM temp.expected)"
        " UNION ALL SELECT type || ' ' || name || ' is missing' FROM (SELECT type, name, sql"
        " FROM temp.expected EXCEPT SELECT type, name, sql FROM temp.actual)"
        " UNION ALL SELECT 'version' WHERE (SELECT group_concat(version_num)"
        " FROM alembic_version) IS NOT this_revision()",
    ),
    Invariant(
        "charter-unchanged",
        "the charter is the one that the first event states",
        "登记簿章程与首个事件所载一致",
        "SELECT 'charter' WHERE NOT EXISTS (SELECT 1 FROM event e JOIN meta m ON m.key = 'charter'"
        " WHERE e.sequence = 1 AND e.kind = 'found-registry'"
        " AND m.value = canonical(json_extract(e.payload, '$.facts.charter')))",
    ),
    Invariant(
        "meta-known",
        "the registry states its charter about itself and nothing else",
        "登记簿的自述信息仅含章程",
        "SELECT 'meta ' || quote(key) FROM meta WHERE key <> 'charter'",
    ),
    Invariant(
        "blocks-tile",
        "the open blocks of each batch tile 1..issued, without gap or overlap",
        "每批次的有效区间恰好铺满 1 至签发量，无缺口、无重叠",
        "SELECT b.code || ' at ' || coalesce(g.first, 'end') FROM batch b JOIN ("
        " SELECT batch, first, coalesce(lag(last) OVER w, 0) AS before FROM credit_block"
        " WHERE closed_by IS NULL WINDOW w AS (PARTITION BY batch ORDER BY first, last)) g"
        " ON g.batch = b.id WHERE g.first <> g.before + 1"
        " UNION ALL SELECT b.code || ' ends at ' || coalesce(max(c.last), 0)"
        " FROM batch b LEFT JOIN credit_block c ON c.batch = b.id AND c.closed_by IS NULL"
        " GROUP BY b.id, b.issued HAVING coalesce(max(c.last), 0) <> b.issued"
        " UNION ALL SELECT 'block ' || id || ' of no batch' FROM credit_block"
        " WHERE batch NOT IN (SELECT id FROM batch)",
    ),
    Invariant(
        "block-counts",
        "each block counts its own range and has the status of its account",
        "每个区间的数量与起止编号相符，状态与账户类型相符",
        "SELECT 'block ' || c.id FROM credit_block c LEFT JOIN account a ON a.id = c.holder"
        " WHERE c.first < 1 OR c.last < c.first OR c.quantity <> c.last - c.first + 1"
        " OR coalesce(a.kind, '') <> CASE c.status WHEN 'active' THEN 'holding'"
        " WHEN 'buffer' THEN 'buffer' WHEN 'retired' THEN 'retirement'"
        " WHEN 'cancelled' THEN 'cancellation' ELSE '?' END",
    ),
    Invariant(
        "splits-tile",
        "the children of a closed block tile it and were opened by the event that closed it",
        "已关闭区间的子区间恰好铺满原区间，且由同一事件开立",
        "SELECT 'block ' || p.id FROM credit_block p LEFT JOIN credit_block c ON c.parent = p.id"
        " WHERE p.closed_by IS NOT NULL GROUP BY p.id"
        " HAVING coalesce(sum(c.quantity), 0) <> p.quantity OR min(c.first) <> p.first"
        " OR max(c.last) <> p.last OR max(c.opened_by) <> p.closed_by"
        " OR min(c.opened_by) <> p.closed_by"
        " UNION ALL SELECT 'block ' || c.id FROM credit_block c LEFT JOIN credit_block p"
        " ON p.id = c.parent WHERE c.parent IS NOT NULL AND (p.closed_by IS NULL"
        " OR p.batch <> c.batch)",
    ),
    Invariant(
        "retired-stays",
        "nothing moves after retirement or cancellation",
        "注销或取消后的减排量不再变动",
        "SELECT 'block ' || id || ' closed by event ' || closed_by FROM credit_block"
        " WHERE status IN ('retired', 'cancelled') AND closed_by IS NOT NULL"
        " UNION ALL SELECT 'block ' || c.id FROM credit_block c JOIN credit_block p"
        " ON p.id = c.parent WHERE p.status IN ('retired', 'cancelled')"
        " UNION ALL SELECT 'event ' || event FROM posting"
        " WHERE account IN ('@retirement', '@cancellation') AND quantity < 0",
    ),
    Invariant(
        "balances-agree",
        "balances from postings equal those from open blocks",
        "由分录得出的余额与有效区间合计一致",
        "SELECT account || ' batch ' || batch || ': postings and blocks differ by ' || sum(q)"
        " FROM (SELECT account, batch, quantity AS q FROM posting WHERE account <> '@issuance'"
        " UNION ALL SELECT holder, batch, -quantity FROM credit_block WHERE closed_by IS NULL)"
        " GROUP BY account, batch HAVING sum(q) <> 0"
        " UNION ALL SELECT code || ': issued ' || issued || ' is not what was posted' FROM batch b"
        " WHERE issued <> -coalesce((SELECT sum(quantity) FROM posting"
        " WHERE account = '@issuance' AND batch = b.id), 0)",
    ),
    Invariant(
        "double-entry",
        "the postings of each event net to zero in each batch",
        "每个事件在每批次内借贷相抵为零",
        "SELECT 'event ' || event || ' batch ' || batch FROM posting"
        " GROUP BY event, batch HAVING sum(quantity) <> 0",
    ),
    Invariant(
        "journal-replays",
        "every row is the one that its event states, and every stated row is there",
        "每行记录均与其事件所载一致，且无遗漏",
        _records_replayed(),
    ),
    Invariant(
        "closings-replay",
        "blocks were closed by the events that say so",
        "区间的关闭与事件所载一致",
        "SELECT 'block ' || b || ' event ' || e FROM (SELECT id AS b, closed_by AS e"
        " FROM credit_block WHERE closed_by IS NOT NULL EXCEPT SELECT r.value, e.sequence"
        " FROM event e, json_each(e.payload, '$.closed') r)"
        " UNION ALL SELECT 'block ' || b || ' event ' || e FROM (SELECT r.value AS b,"
        " e.sequence AS e FROM event e, json_each(e.payload, '$.closed') r"
        " EXCEPT SELECT id, closed_by FROM credit_block)",
    ),
    Invariant(
        "journal-gapless",
        "events are numbered 1, 2, 3 ... without a gap",
        "事件编号连续无缺",
        "SELECT 'event ' || sequence FROM (SELECT sequence,"
        " row_number() OVER (ORDER BY sequence) AS place FROM event) WHERE sequence <> place"
        " UNION ALL SELECT 'no events' WHERE NOT EXISTS (SELECT 1 FROM event)",
    ),
    Invariant(
        "journal-times",
        "no event takes effect after it was recorded",
        "事件生效时间不晚于记录时间",
        "SELECT 'event ' || sequence FROM event WHERE"
        " (moment(effective_at) <= moment(recorded_at)) IS NOT 1",
    ),
    Invariant(
        "leaf-hashes",
        "each event still has the hash that the log holds of it",
        "每个事件与日志所存哈希一致",
        "SELECT 'event ' || sequence FROM event WHERE leaf IS NOT leaf_of(sequence, kind, actor,"
        " effective_at, recorded_at, idempotency_key, request_sha256, payload)",
    ),
    Invariant(
        "checkpoints-prefix",
        "each checkpoint is the root of the first events of the log",
        "每个检查点均为日志前缀的根",
        "SELECT 'checkpoint ' || tree_size FROM checkpoint WHERE tree_size >"
        " (SELECT count(*) FROM event) OR root_sha256 IS NOT root_of(tree_size)"
        " ORDER BY tree_size",
    ),
    Invariant(
        "log-nodes",
        "each kept node joins the two below it, and the newest checkpoint has all of them",
        "日志所存各节点均由其下两节点得出，且覆盖至最新检查点",
        "SELECT 'node ' || level || '/' || position FROM (SELECT n.*,"
        " coalesce(l.hash, a.leaf) AS low, coalesce(r.hash, b.leaf) AS high FROM log_node n"
        " LEFT JOIN log_node l ON l.level = n.level - 1 AND l.position = n.position * 2"
        " LEFT JOIN log_node r ON r.level = n.level - 1 AND r.position = n.position * 2 + 1"
        " LEFT JOIN event a ON n.level = 1 AND a.sequence = n.position * 2 + 1"
        " LEFT JOIN event b ON n.level = 1 AND b.sequence = n.position * 2 + 2)"
        " WHERE level < 1 OR hash IS NOT node_of(low, high)"
        " UNION ALL SELECT 'number of nodes' WHERE (SELECT count(*) FROM log_node) <>"
        " node_count((SELECT coalesce(max(tree_size), 0) FROM checkpoint))",
    ),
    Invariant(
        "checkpoints-signed",
        "each checkpoint is signed with the registry's key",
        "每个检查点均由登记机构密钥签名",
        "SELECT 'checkpoint ' || tree_size FROM checkpoint"
        " WHERE signed(tree_size, root_sha256, at, signature) IS NOT 1",
    ),
    Invariant(
        "log-signed",
        "a signed checkpoint covers the last event, so nothing can be cut off unseen",
        "最后一个事件已被签名检查点覆盖，截断可被发现",
        "SELECT 'no signed checkpoint' WHERE EXISTS (SELECT 1 FROM event"
        " WHERE kind <> 'found-registry') AND NOT EXISTS (SELECT 1 FROM checkpoint"
        " WHERE signed(tree_size, root_sha256, at, signature) IS 1)"
        " UNION ALL SELECT 'event ' || sequence || ' is not covered' FROM event"
        " WHERE at_rest() AND kind <> 'found-registry' AND sequence >"
        " (SELECT coalesce(max(tree_size), 0) FROM checkpoint"
        " WHERE signed(tree_size, root_sha256, at, signature) IS 1)",
    ),
    Invariant(
        "issued-within-verified",
        "issued credits plus the remainder are exactly what was verified",
        "签发量加结转余量恰等于核查量",
        "SELECT 'report ' || substr(i.report, 1, 12) FROM issuance i"
        " LEFT JOIN verification v ON v.report = i.report LEFT JOIN report r ON r.seal = i.report"
        " WHERE i.verified_g > coalesce(v.verified_g, 0) OR i.verified_g > coalesce(r.claim_g, 0)"
        " OR i.issued * 1000000 + i.carried_out_g <> i.verified_g + i.carried_in_g"
        " OR i.carried_out_g NOT BETWEEN 0 AND 999999"
        " OR i.issued <> coalesce((SELECT sum(issued) FROM batch b WHERE b.report = i.report), 0)"
        " OR i.carried_in_g <> coalesce((SELECT carried_out_g FROM issuance p WHERE"
        " p.project = i.project AND p.event < i.event ORDER BY p.event DESC LIMIT 1), 0)",
    ),
    Invariant(
        "buffer-share",
        "the buffer pool got its share of each issuance, rounded up",
        "每次签发均按比例（向上取整）计提缓冲池",
        "SELECT 'report ' || substr(i.report, 1, 12) FROM issuance i WHERE"
        " i.buffer <> (i.issued * i.buffer_share_ppm + 999999) / 1000000"
        " OR i.buffer_share_ppm <> (SELECT json_extract(value, '$.policy.buffer_share_ppm')"
        " FROM meta WHERE key = 'charter')"
        " OR i.buffer <> coalesce((SELECT sum(p.quantity) FROM posting p JOIN batch b"
        " ON b.id = p.batch WHERE p.event = i.event AND p.account = '@buffer-pool'"
        " AND b.report = i.report), 0)",
    ),
    Invariant(
        "four-eyes",
        "who approves did not propose; who verifies did not validate; each had the role",
        "批准人非提出人，核查方非审定方，且均具备相应角色",
        "SELECT 'proposal ' || a.proposal FROM approval a JOIN proposal p ON p.event = a.proposal"
        " WHERE p.proposer = a.approver"
        " UNION ALL SELECT 'report ' || substr(v.report, 1, 12) FROM verification v"
        " JOIN report r ON r.seal = v.report JOIN project j ON j.id = r.project"
        " WHERE v.verifier = j.proponent OR v.verifier IN (SELECT actor FROM lifecycle l"
        " WHERE l.project = r.project AND l.report = '' AND l.state = 'validated')"
        " UNION ALL SELECT 'approval ' || proposal FROM approval WHERE approver NOT IN"
        " (SELECT party FROM party_role WHERE role = 'approver')"
        " UNION ALL SELECT 'verification ' || substr(report, 1, 12) FROM verification"
        " WHERE verifier NOT IN (SELECT party FROM party_role WHERE role = 'verifier')"
        " UNION ALL SELECT 'report ' || substr(report, 1, 12) || ' without approval' FROM issuance"
        " WHERE report NOT IN (SELECT p.report FROM approval a JOIN proposal p"
        " ON p.event = a.proposal)",
    ),
    Invariant(
        "issued-once",
        "no two issuances of a project overlap in time",
        "同一项目的签发期互不重叠",
        "SELECT 'report ' || substr(a.report, 1, 12) || ' and ' || substr(b.report, 1, 12)"
        " FROM issuance a JOIN issuance b ON a.project = b.project AND a.report < b.report"
        " AND a.period_start < b.period_end AND b.period_start < a.period_end"
        " UNION ALL SELECT b.code FROM batch b JOIN issuance i ON i.report = b.report"
        " WHERE b.vintage NOT BETWEEN CAST(substr(i.period_start, 1, 4) AS INTEGER)"
        " AND CAST(substr(i.period_end, 1, 4) AS INTEGER)",
    ),
    Invariant(
        "issued-after-period",
        "nothing was issued for a period that had not ended",
        "监测期结束前不得签发",
        "SELECT 'report ' || substr(i.report, 1, 12) FROM issuance i LEFT JOIN event e"
        " ON e.sequence = i.event"
        " WHERE (i.period_end <= substr(e.effective_at, 1, 10)) IS NOT 1",
    ),
    Invariant(
        "reports-sealed",
        "each report is the one that its seal names, byte for byte, and was submitted",
        "每份报告与其封印逐字节一致，且已提交",
        "SELECT 'report ' || substr(seal, 1, 12) FROM report_document"
        " WHERE seal IS NOT seal_of(document) OR document IS NOT canonical_report(document)"
        " OR seal NOT IN (SELECT seal FROM report)"
        " UNION ALL SELECT 'report ' || substr(seal, 1, 12) || ' is missing' FROM report"
        " WHERE seal NOT IN (SELECT seal FROM report_document)",
    ),
    Invariant(
        "answers-kept",
        "each event has kept its answer, as it follows from the event, under its own key",
        "每个事件均在其幂等键下保存与事件相符的答复",
        "SELECT 'event ' || e.sequence FROM event e LEFT JOIN idempotency i ON i.event = e.sequence"
        " WHERE i.actor IS NOT e.actor OR i.key IS NOT e.idempotency_key"
        " OR i.request_sha256 IS NOT e.request_sha256"
        " OR i.answer IS NOT answer_of(e.payload, e.sequence, e.kind, e.recorded_at,"
        " lower(hex(e.leaf)))"
        " UNION ALL SELECT 'answer ' || key FROM idempotency"
        " WHERE event NOT IN (SELECT sequence FROM event)",
    ),
)
