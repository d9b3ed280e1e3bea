"""What the ledger did with a claim, in rows for the terminal and for the report page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bluecarbon.registry.demonstration import DemonstrationResult

GRAMS_PER_TONNE = 1_000_000

Rows = list[tuple[str, str]]


def summary_rows(ledger: DemonstrationResult) -> Rows:
    """The few lines that a newcomer looks for."""
    return [
        ("DEMONSTRATION ledger 示范登记簿", "fictional parties, public key"),
        ("credits issued 签发", f"{ledger.issued:,} tCO2e"),
        ("of these in the buffer pool 缓冲池", f"{ledger.buffer:,} tCO2e"),
        ("transferred 转移", _counted(ledger.transfer_serials)),
        ("retired 注销", _counted(ledger.retirement_serials)),
    ]


def page_rows(ledger: DemonstrationResult) -> Rows:
    """Everything that the page shows, in the order in which it happened."""
    vintages = ", ".join(f"{year}: {n:,}" for year, n in ledger.issued_by_vintage.items())
    balances = ", ".join(f"{who}: {n:,}" for who, n in ledger.balance_by_account.items())
    return [
        ("签发 issued, tCO2e", f"{ledger.issued:,} ({vintages})"),
        ("缓冲池 buffer pool, tCO2e", f"{ledger.buffer:,}"),
        (
            "结转余量 carried to the next period, tCO2e",
            f"{ledger.carried_out_g / GRAMS_PER_TONNE:.6f}",
        ),
        ("转移 transferred", ", ".join(ledger.transfer_serials)),
        ("注销 retired", ", ".join(ledger.retirement_serials)),
        ("余额 balances, tCO2e", balances),
        ("事件 events in the journal", f"{ledger.events}"),
        ("日志根 signed root of the log", ledger.checkpoint_root_sha256),
    ]


def _counted(serials: tuple[str, ...]) -> str:
    return "\n".join(serials)
