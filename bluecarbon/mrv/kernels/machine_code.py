"""Compiled loops that are loaded without numba, in a twentieth of a second.

Loading numba, and what it loads to look into its own cache, takes half a second and 120 MB, more
than counting two maps of 100 million pixels. A loop that takes addresses of whole numbers needs
nothing of that once it is machine code: numba compiles it, LLVM drops all but the loop, and what
is left is kept as an object file that LLVM alone can load. A loop that would call anything else,
to take memory for instance, is refused when it is compiled.

A module ``<name>_loops`` that is loaded so has a function ``entry`` and its ``SIGNATURE``.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from bluecarbon.mrv.kernels.compiled import NO_COMPILER

CACHE_FOLDER = "NUMBA_CACHE_DIR"
"""Names the folder for machine code, as it does for numba's own."""

OUTSIDE = {"memset", "memcpy", "memmove"}
"""What a loop may call that is not its own: the C library has it."""

ENTRY = "entry"
DIGEST_BYTES = 32

AddressLoop = Callable[..., None]


@cache
def address_loop(name: str, arguments: int) -> AddressLoop | None:
    """``entry`` of the module ``<name>_loops``, which takes so many addresses, as ints.

    The interpreter's lock is let go of during a call. None where no compiler is installed.
    ValueError when the loop cannot do without numba.
    """
    if os.environ.get(NO_COMPILER):
        return None
    try:
        import llvmlite.binding as llvm

        return _loaded(name, arguments, llvm)
    except ImportError as error:
        if (error.name or "").partition(".")[0] in {"numba", "llvmlite"}:
            return None
        raise


def _loaded(name: str, arguments: int, llvm: Any) -> AddressLoop:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    processor = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=processor[0], features=processor[1], opt=3, codemodel="jitdefault", jit=True
    )
    file_name = f"{name}-{_digest(name, *processor, importlib.import_module('llvmlite'))}.o"
    code = _kept(file_name)
    if code is None:
        code = _compiled(name, machine, llvm)
        _keep(file_name, code)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    kind = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_void_p] * (arguments + 2))
    return _callable(kind(engine.get_function_address(ENTRY)), engine)


def _callable(function: Any, engine: Any) -> AddressLoop:
    # numba's functions write what they return and raise to their first two arguments: nothing.
    nothing = ctypes.create_string_buffer(16)
    returned = ctypes.addressof(nothing)

    def call(*addresses: int, _alive: Any = (engine, nothing)) -> None:
        if function(returned, returned + 8, *addresses):
            raise RuntimeError("a compiled loop ended with an exception, which none may have")

    return call


def _digest(name: str, processor: str, features: str, llvmlite: Any) -> str:
    """Of all that the machine code depends on."""
    here = Path(__file__)
    sources = [here, here.with_name(f"{name}_loops.py"), here.with_name("compiled.py")]
    parts = [path.read_bytes() for path in sources]
    parts += [text.encode() for text in (processor, features, llvmlite.__version__)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:DIGEST_BYTES]


def _compiled(name: str, machine: Any, llvm: Any) -> bytes:
    """The object file with the function ``entry`` alone."""
    import numba

    loops = importlib.import_module(f"bluecarbon.mrv.kernels.{name}_loops")
    # "numpy" is the way to treat a division by zero that raises nothing.
    made = numba.cfunc(loops.SIGNATURE, error_model="numpy")(loops.entry)
    module = llvm.parse_assembly(made.inspect_llvm())
    for function in module.functions:
        if function.name == made.native_name:
            function.linkage = "internal"  # numba's wrapper for C, which knows of exceptions
        elif not function.is_declaration:
            function.name = ENTRY
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    names = {function.name for function in module.functions}
    foreign = {item for item in names if not item.startswith("llvm.")} - OUTSIDE - {ENTRY}
    if foreign:
        raise ValueError(f"{name}_loops cannot be loaded without numba: {sorted(foreign)}")
    return bytes(machine.emit_object(module))


def _folders() -> tuple[Path, ...]:
    """Where machine code may be kept; the first that can be written is taken."""
    here = Path(__file__).parent / "__pycache__"
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "bluecarbon"
    named = os.environ.get(CACHE_FOLDER)
    return (Path(named) if named else here, home)


def _kept(file_name: str) -> bytes | None:
    for folder in _folders():
        try:
            content = (folder / file_name).read_bytes()
        except OSError:
            continue
        digest, code = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
        # A damaged file would not fail but crash the process.
        if hashlib.sha256(code).digest() == digest:
            return code
    return None


def _keep(file_name: str, code: bytes) -> None:
    """Write it into the first folder that lets us; else it is compiled anew in every process."""
    for folder in _folders():
        unfinished = folder / f"{file_name}.{os.getpid()}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(hashlib.sha256(code).digest() + code)
            unfinished.replace(folder / file_name)
        except OSError:
            continue
        return
