"""Every way in which the ledger says no, each with a stable code, in English and in Chinese.

::

    RegistryError (bluecarbon.errors)
    └── LedgerError                       code, message_en, message_zh, facts; str() gives both
        ├── QuantityError                 not whole, not positive, too large
        ├── TextError, TimeError          an argument that cannot be recorded
        ├── SerialError                   not a serial number, or its check does not fit
        ├── UnknownError                  no such party, account, project, report, event
        ├── AuthorityError                role missing, four eyes, not the holder
        ├── StateError                    out of order, duplicate, stale approval
        ├── ReportRefusedError            a sealed report that may not be issued; carries findings
        ├── HoldingError                  balance too small, serial not held
        ├── IdempotencyError              the key was used for another request
        ├── SigningError, PublicKeyError  no key to sign with; a file that holds no public key
        ├── EvidenceError                 a kept file that cannot be read
        └── StoreError                    the database refuses, is busy, full, gone, or no registry

An error means that nothing was changed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import ClassVar

from bluecarbon.errors import RegistryError
from bluecarbon.spec import Finding


class LedgerError(RegistryError):
    """The ledger refuses. ``facts`` are the values that the two messages speak of.

    ``place`` is the key of a project file that the refusal is about, when there is one.
    """

    code: ClassVar[str] = "ledger-refused"
    english: ClassVar[str] = "{reason}"
    chinese: ClassVar[str] = "{reason}"

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        self.place = ""
        self.message_en = self.english.format(**facts)
        self.message_zh = self.chinese.format(**facts)
        super().__init__(f"{self.code}: {self.message_en} / {self.message_zh}")

    def __str__(self) -> str:
        place = f"{self.place}: " if self.place else ""
        return f"{self.code}: {place}{self.message_en} / {self.message_zh}"

    def __reduce__(self) -> tuple[Callable[[], LedgerError], tuple[()], dict[str, str]]:
        # The arguments are keywords, which the default pickling of exceptions would drop.
        return functools.partial(type(self), **self.facts), (), {"place": self.place}


class QuantityError(LedgerError):
    """A number of credits that cannot be one."""

    code = "quantity-invalid"


class QuantityNotWholeError(QuantityError):
    """Credits are whole: a float, a bool or a text is refused, even when it looks whole."""

    code = "quantity-not-whole"
    english = "{field} must be a whole number of credits, not {value}"
    chinese = "{field} 必须是整数个减排量，不能是 {value}"


class QuantityNotPositiveError(QuantityError):
    """Zero or less cannot move."""

    code = "quantity-not-positive"
    english = "{field} must be at least 1, not {value}"
    chinese = "{field} 必须不小于 1，不能是 {value}"


class QuantityTooLargeError(QuantityError):
    """More than canonical JSON and the database can carry exactly."""

    code = "quantity-too-large"
    english = "{field} {value} is greater than {limit}, the largest number that is kept exactly"
    chinese = "{field} {value} 超过可精确记录的最大数 {limit}"


class SelectionError(QuantityError):
    """Either a quantity or chosen serials, not both and not neither."""

    code = "selection-ambiguous"
    english = "give either a quantity or a serial range, and only one of them"
    chinese = "数量与编号区间只能且必须给出一项"


class TextError(LedgerError):
    """A text that is empty, too long or holds characters that cannot be printed."""

    code = "text-invalid"
    english = "{field} {defect}"
    chinese = "{field} 不合要求（{defect}）"


class TimeError(LedgerError):
    """A time without zone, out of all reason, or in effect after the time of recording."""

    code = "time-invalid"
    english = "{field}: {defect}"
    chinese = "{field} 时间无效（{defect}）"


class BoundaryError(LedgerError):
    """The project boundary is not a valid polygon in longitude and latitude."""

    code = "boundary-invalid"
    english = "the boundary of {project} {defect}"
    chinese = "项目 {project} 的边界无效（{defect}）"


class SerialError(LedgerError):
    """The text is not a serial number of this scheme, or was mistyped."""

    code = "serial-invalid"
    english = "{serial!r} is not a serial number: {defect}"
    chinese = "{serial!r} 不是有效的减排量编号（{defect}）"


class UnknownError(LedgerError):
    """A name that the ledger does not know."""

    code = "unknown"
    english = "there is no {what} {name!r}"
    chinese = "不存在该对象：{what} {name!r}"


class UnknownPartyError(UnknownError):
    """No such party."""

    code = "unknown-party"


class UnknownAccountError(UnknownError):
    """No such account, or not one that holds credits for a party."""

    code = "unknown-account"


class UnknownProjectError(UnknownError):
    """No such project."""

    code = "unknown-project"


class UnknownReportError(UnknownError):
    """No report with this seal was submitted."""

    code = "unknown-report"


class UnknownEventError(UnknownError):
    """No such event, or not one of the kind that is needed."""

    code = "unknown-event"


class AuthorityError(LedgerError):
    """The actor may not do this."""

    code = "not-authorised"


class RoleMissingError(AuthorityError):
    """The actor lacks the role that the act needs."""

    code = "role-missing"
    english = "{actor} does not have the role {role}"
    chinese = "{actor} 不具备角色 {role}"


class NotHolderError(AuthorityError):
    """Only the holder of an account moves what is in it."""

    code = "not-the-holder"
    english = "{actor} is not the holder of account {account}"
    chinese = "{actor} 不是账户 {account} 的持有人"


class FourEyesError(AuthorityError):
    """Two acts that must be done by two different parties."""

    code = "four-eyes"
    english = "{actor} did '{first}' and so may not do '{second}'"
    chinese = "{actor} 已执行“{first}”，不得再执行“{second}”（双人复核）"


class StateError(LedgerError):
    """The act does not fit the present state."""

    code = "state-invalid"
    english = "{subject} is {state}; '{act}' needs it to be {needed}"
    chinese = "{subject} 当前状态为 {state}；“{act}”要求状态为 {needed}"


class AlreadyExistsError(StateError):
    """A party, project or report with this name is recorded already."""

    code = "already-exists"
    english = "{what} {name!r} is recorded already"
    chinese = "{what} {name!r} 已登记"


class BoundaryOverlapError(StateError):
    """The project's area overlaps the area of another live project."""

    code = "boundary-overlap"
    english = "the boundary of {project} overlaps that of {other} by {area_ha} ha"
    chinese = "项目 {project} 的边界与项目 {other} 重叠 {area_ha} 公顷"


class StaleApprovalError(StateError):
    """What was approved is no longer what would be issued."""

    code = "stale-approval"
    english = "the issuance of report {report} changed after it was proposed; propose it again"
    chinese = "报告 {report} 的签发方案在提出后已变化，须重新提出"


class SameAccountError(StateError):
    """A transfer to the account that it comes from."""

    code = "same-account"
    english = "account {account} cannot transfer to itself"
    chinese = "账户 {account} 不能向自身转移"


class ReportRefusedError(LedgerError):
    """The report may not be issued; ``findings`` are all the reasons, not only the first."""

    code = "report-refused"
    english = "report {report} is refused: {defects}"
    chinese = "报告 {report} 不予受理：{defects}"

    def __init__(self, *, report: str, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        defects = "; ".join(f"{f.code}: {f.message}" for f in self.findings)
        super().__init__(report=report, defects=defects)
        self.facts = {"report": report, "findings": self.findings}


class BadSealError(ReportRefusedError):
    """The seal is not the digest of the report: it was changed after it was sealed."""

    code = "report-seal-broken"


class NoQuantificationError(ReportRefusedError):
    """The report states measurements and claims nothing."""

    code = "report-without-claim"


class UnverifiedParametersError(ReportRefusedError):
    """The claim rests on numbers that nobody has read in their document."""

    code = "report-parameters-unverified"


class DoubleIssuanceError(ReportRefusedError):
    """Credits were issued already for a part of this period of this project."""

    code = "report-period-issued"


class PeriodNotEndedError(ReportRefusedError):
    """The monitoring period ends after the act: nobody can have measured it yet."""

    code = "report-period-not-ended"


class HoldingError(LedgerError):
    """The account does not hold what is to move."""

    code = "holding-invalid"


class InsufficientBalanceError(HoldingError):
    """Fewer credits than asked for."""

    code = "insufficient-balance"
    english = "account {account} holds {available} credits that can move; {wanted} are asked for"
    chinese = "账户 {account} 可用减排量为 {available}，少于所需的 {wanted}"


class SerialNotHeldError(HoldingError):
    """Some of the chosen serials are not in the account, or were retired."""

    code = "serial-not-held"
    english = "account {account} does not hold all of {serial} as active credits"
    chinese = "账户 {account} 未持有 {serial} 的全部有效减排量"


class IdempotencyError(LedgerError):
    """The key was used before for another request."""

    code = "idempotency-key-reused"
    english = "key {key!r} of {actor} was used for another request (event {sequence})"
    chinese = "{actor} 的幂等键 {key!r} 已用于另一请求（事件 {sequence}）"


class StoreError(LedgerError):
    """The database, not a rule, is the reason."""

    code = "store-error"
    english = "{path}: {reason}"
    chinese = "{path}：{reason}"


class NotARegistryError(StoreError):
    """The place holds no registry that this program knows."""

    code = "not-a-registry"


class OlderSchemaError(NotARegistryError):
    """The registry is of an earlier version and must be migrated first."""

    code = "registry-schema-older"
    english = (
        "{path} has schema {found}; this program needs {known}:"
        " keep a copy, then run 'bluecarbon registry migrate'"
    )
    chinese = (
        "{path} 的数据库结构版本为 {found}，本程序需要 {known}："
        "请先备份，再运行 bluecarbon registry migrate"
    )


class NewerSchemaError(NotARegistryError):
    """The registry was written by a later version of this program."""

    code = "registry-schema-newer"
    english = "{path} has schema {found}; this program knows {known}: use a newer bluecarbon"
    chinese = "{path} 的数据库结构版本为 {found}，本程序仅支持 {known}：请使用更新版本的 bluecarbon"


class DatabaseRefusedError(StoreError):
    """A constraint of the database refused the write: a fault in this program, stopped in time."""

    code = "database-refused"


class BusyError(StoreError):
    """Another writer kept the database for longer than the time allowed."""

    code = "registry-busy"


class UnavailableError(StoreError):
    """The database cannot be reached: no such file or server, or the connection was lost."""

    code = "registry-unavailable"


class DiskFullError(StoreError):
    """There is no room left to write to."""

    code = "registry-disk-full"


class ReadOnlyError(StoreError):
    """The database may be read and not written to."""

    code = "registry-read-only"


class ClosedError(StoreError):
    """The registry was closed, and is asked to write."""

    code = "registry-closed"


class SigningError(LedgerError):
    """There is no key to sign with, or it is not the key of this registry."""

    code = "signing-refused"
    english = "cannot sign for {registry}: {defect}"
    chinese = "无法为 {registry} 签名（{defect}）"


class PublicKeyError(LedgerError):
    """The file or the bytes hold no public key that could check a registry's signature."""

    code = "public-key-invalid"
    english = "{source} holds no public key of a registry: {defect}"
    chinese = "{source} 不含可用的登记机构公钥（{defect}）"


class EvidenceError(LedgerError):
    """A certificate or checkpoint that somebody kept cannot be read."""

    code = "evidence-unreadable"
    english = "{path} is no certificate or checkpoint that can be compared: {defect}"
    chinese = "{path} 不是可比对的证书或检查点（{defect}）"


class CheckpointMissingError(LedgerError):
    """A certificate needs a signed checkpoint that covers its event."""

    code = "checkpoint-missing"
    english = "no checkpoint covers event {sequence} yet; sign one first"
    chinese = "尚无覆盖事件 {sequence} 的签名检查点，请先签署"


_BY_FINDING: dict[str, type[ReportRefusedError]] = {
    kind.code: kind
    for kind in (
        BadSealError,
        NoQuantificationError,
        UnverifiedParametersError,
        DoubleIssuanceError,
        PeriodNotEndedError,
    )
}


def report_refused(report: str, findings: Sequence[Finding]) -> ReportRefusedError:
    """The error for a report: the class of its first defect, carrying all of them."""
    kind = _BY_FINDING.get(findings[0].code, ReportRefusedError)
    return kind(report=report, findings=findings)
