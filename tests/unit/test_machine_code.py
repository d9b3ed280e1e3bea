"""Loops that are loaded without numba: kept, found again, refused, and never loaded damaged."""

import os
import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest

from bluecarbon.mrv.kernels import machine_code

pytest.importorskip("numba")

PROGRAM = """
import sys
import numpy as np
from bluecarbon.mrv.blocks import Block
from bluecarbon.mrv.kernels.histograms import run_moments

maps = np.arange(2 * 3 * 16, dtype=np.uint8).reshape(2, 3, 16) // 5
codes, moments = run_moments(maps, Block(0, 0, 3, 16))
print(len(codes), moments.sum(axis=0).tolist(), "numba" in sys.modules)
"""


def answer(folder):
    """What a new process says that keeps its machine code in a folder."""
    empty = {"XDG_CACHE_HOME": str(folder / "home")}
    surroundings = os.environ | empty | {machine_code.CACHE_FOLDER: str(folder)}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=surroundings, check=True, capture_output=True, text=True)
    return done.stdout.strip().rsplit(" ", 1)


def test_the_second_process_needs_no_numba_and_a_damaged_file_is_made_anew(tmp_path):
    first, compiled = answer(tmp_path)
    (kept,) = tmp_path.glob("histograms-*.o")
    again, compiled_again = answer(tmp_path)
    assert (compiled, compiled_again) == ("True", "False")
    content = kept.read_bytes()
    kept.write_bytes(content[:-40])
    after, compiled_after = answer(tmp_path)
    assert compiled_after == "True"
    assert kept.read_bytes() == content
    assert first == again == after
    assert not list(tmp_path.glob("*.part"))


def test_a_folder_that_cannot_be_written_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(machine_code.CACHE_FOLDER, str(tmp_path / "file"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    machine_code._keep("loop-1.o", b"code")
    assert machine_code._kept("loop-1.o") == b"code"
    assert (tmp_path / "home" / "bluecarbon" / "loop-1.o").is_file()
    assert machine_code._kept("loop-2.o") is None


def test_nothing_is_kept_where_no_folder_can_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    for name in (machine_code.CACHE_FOLDER, "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "file"))
    machine_code._keep("loop-1.o", b"code")
    assert machine_code._kept("loop-1.o") is None


def fake_loops(entry, signature):
    module = ModuleType("bluecarbon.mrv.kernels.fake_loops")
    module.entry, module.SIGNATURE = entry, signature
    return module


@pytest.fixture
def machine():
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(jit=True), llvm


def test_an_exception_in_a_loop_is_not_passed_over():
    given = []
    failing = machine_code._callable(lambda *addresses: given.append(addresses) or 1, engine=None)
    with pytest.raises(RuntimeError, match="ended with an exception"):
        failing(5, 6)
    assert given[0][2:] == (5, 6)


def test_a_loop_that_takes_memory_is_refused(monkeypatch, machine):
    from numba import types

    def entry(values):
        values[0] = np.zeros(values[0], np.int64).sum()

    signature = types.void(types.CPointer(types.int64))
    monkeypatch.setitem(
        sys.modules, "bluecarbon.mrv.kernels.fake_loops", fake_loops(entry, signature)
    )
    with pytest.raises(ValueError, match="cannot be loaded without numba"):
        machine_code._compiled("fake", *machine)


def test_without_a_compiler_there_is_no_loop(monkeypatch):
    machine_code.address_loop.cache_clear()
    try:
        monkeypatch.setenv("BLUECARBON_NO_NUMBA", "1")
        assert machine_code.address_loop("histograms", 7) is None
        machine_code.address_loop.cache_clear()
        monkeypatch.delenv("BLUECARBON_NO_NUMBA")
        monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
        assert machine_code.address_loop("histograms", 7) is None
    finally:
        machine_code.address_loop.cache_clear()
