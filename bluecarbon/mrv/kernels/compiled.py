"""Compiling loops on first use, and doing without a compiler where there is none.

Modules whose names end in ``_loops`` are made of functions under :func:`jit`. They import numba,
which takes longer than counting 100 million pixels, so nobody imports them but through
:func:`loops`, when there are pixels to count.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])

NO_COMPILER = "BLUECARBON_NO_NUMBA"
"""With this in the environment the numpy twins are used even where numba is installed."""


def jit(function: Function) -> Function:
    """``function`` compiled on its first call, without the interpreter's lock.

    The machine code is kept beside the source, in the user's cache folder or in NUMBA_CACHE_DIR,
    whichever can be written first; where none can, it is compiled anew in every process.
    """
    return _compiled(function)


def jit_ieee(function: Function) -> Function:
    """As :func:`jit`, but a division by zero gives infinity or "not a number", as in numpy.

    Loops that divide are only turned into vector instructions when none of them may raise.
    """
    return _compiled(function, error_model="numpy")


def jit_inline(function: Function) -> Function:
    """As :func:`jit`, for the small functions in the middle of a loop: put into their caller."""
    return _compiled(function, forceinline=True)


def _compiled(function: Function, **options: Any) -> Function:
    import numba

    try:
        return cast("Function", numba.njit(cache=True, nogil=True, **options)(function))
    except RuntimeError:
        return cast("Function", numba.njit(nogil=True, **options)(function))


@cache
def loops(name: str) -> ModuleType | None:
    """The module ``bluecarbon.mrv.kernels.<name>_loops``; None where numba is not installed."""
    if os.environ.get(NO_COMPILER):
        return None
    try:
        return importlib.import_module(f"bluecarbon.mrv.kernels.{name}_loops")
    except ImportError as error:
        if (error.name or "").partition(".")[0] in {"numba", "llvmlite"}:
            return None
        raise
