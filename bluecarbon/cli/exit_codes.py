"""How the commands end: 0 when all is sound, and these when it is not."""

DIFFERS = 1
"""Something was checked and contradicts: a claim, a ledger, a certificate, a plug-in."""

REFUSED = 2
"""Nothing was done: the input is missing, unreadable or forbids going on."""
