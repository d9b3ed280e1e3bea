"""How long work tells its caller where it is, without knowing about terminals."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called as ``progress(what, done, total)``; cheap, may be called often."""


def silent(what: str, done: int, total: int) -> None:
    """The progress that nobody watches."""
