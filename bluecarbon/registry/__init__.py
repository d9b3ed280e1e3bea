"""The ledger: sealed claims become serial-numbered credits that cannot be lost or doubled."""
