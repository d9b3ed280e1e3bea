"""The raster commands on workers and on a cluster: the bytes of one machine, a lost worker or not.

The second half kills a worker in the middle of counting; the cluster computes its blocks again.
"""

import itertools
import os
import signal
import time
from functools import partial

import numpy as np
import pytest
from support.change_maps import LEGEND, digests, mrv, write_coast

from bluecarbon.mrv import change_files, transitions
from bluecarbon.mrv.blocks import Threads
from bluecarbon.mrv.change_files import ChangeRules, write_cleaned_maps
from bluecarbon.mrv.cluster import local_workers
from bluecarbon.mrv.map_stack import open_stack
from bluecarbon.mrv.minimum_mapping_unit import MappingUnit, without_small_changes
from bluecarbon.mrv.persistence import three_date_filter
from bluecarbon.mrv.transitions import DatedMap, transition_areas

YEARS = (2010, 2015, 2020)
BLOCK_PX = 60 * 240
"""Blocks so small that a map of a test has many."""

pytestmark = pytest.mark.filterwarnings("ignore")  # distributed warns of workers that we kill


def tall_maps(folder, rows=3000, columns=60):
    """Maps of many blocks whose clumps lie on the seams between blocks too."""
    rng = np.random.default_rng(8)
    first = rng.choice([1, 2], size=(rows, columns), p=[0.7, 0.3]).astype(np.uint8)
    layers = [first]
    for _ in YEARS[1:]:
        changed = layers[-1].copy()
        flips = rng.random(first.shape) < 0.05
        changed[flips] = 3 - changed[flips]
        layers.append(changed)
    paths = write_coast(folder, codes=layers)
    return layers, tuple(DatedMap(y, p) for y, p in zip(YEARS, paths, strict=True))


@pytest.fixture(scope="module")
def cluster():
    with local_workers(2) as runner:
        yield runner


@pytest.fixture(scope="module")
def tall(tmp_path_factory):
    return tall_maps(tmp_path_factory.mktemp("tall"))


def late(work, item):
    """The work with its process, slow enough that a worker dies in the middle of it."""
    time.sleep(0.15)
    return os.getpid(), work(item)


class Killing:
    """A runner that kills the worker of the first answer while others are still at work."""

    def __init__(self, runner):
        self.runner, self.killed, self.others, self.items = runner, None, set(), 0

    def results(self, work, items):
        self.items += len(items)
        for process, answer in self.runner.results(partial(late, work), items):
            if self.killed is None:
                self.killed = process
                os.kill(process, signal.SIGKILL)
            self.others.add(process)
            yield answer


def test_transitions_survive_a_killed_worker_to_the_last_bit(cluster, tall, monkeypatch):
    _, maps = tall
    monkeypatch.setattr(transitions, "BLOCK_PX", BLOCK_PX)
    alone, _ = transition_areas(maps, runner=Threads(1))
    killing = Killing(cluster)
    scaled, found = transition_areas(maps, runner=killing)
    assert found == ()
    assert killing.killed is not None
    assert killing.others - {killing.killed}, "another worker took over"
    for name in ("stratum", "codes", "pixels", "area_ha"):
        assert getattr(scaled, name).tobytes() == getattr(alone, name).tobytes()
    assert killing.items > 10


def test_every_command_writes_the_same_bytes_on_a_cluster(cluster, tmp_path):
    paths = write_coast(tmp_path / "in")
    address = cluster.client.scheduler.address
    rules = ["--mmu", 2, "--persistence", "three-date"]
    for name, scale in (("alone", []), ("scaled", ["--dask", address])):
        done = mrv("change", *paths, *LEGEND, *rules, *scale, "--out", tmp_path / name / "change")
        assert done.exit_code == 0, done.output
        stacked = mrv("stack", *paths, *LEGEND, *scale, "--out", tmp_path / name / "classes.nc")
        assert stacked.exit_code == 0, stacked.output
        (tmp_path / name / "areas.csv").write_text(mrv("areas", paths[0], *scale).stdout)
    assert digests(tmp_path / "scaled") == digests(tmp_path / "alone")
    assert len(digests(tmp_path / "alone")) > 12


def test_workers_of_this_machine_give_the_same_table(tmp_path):
    class_map = write_coast(tmp_path / "in")[0]
    alone, scaled = mrv("areas", class_map), mrv("areas", class_map, "--workers", 1)
    assert scaled.exit_code == 0, scaled.output
    assert scaled.stdout == alone.stdout


@pytest.mark.parametrize("adjacency", [4, 8])
@pytest.mark.parametrize("pixels", [1, 4])
def test_rules_on_blocks_are_rules_on_the_whole_map(tall, tmp_path, monkeypatch, pixels, adjacency):
    layers, maps = tall
    monkeypatch.setattr(change_files, "TILE_PX", 32)  # seams in both directions
    monkeypatch.setattr(change_files, "BLOCK_PX", 32 * 32)
    unit = MappingUnit(pixels, adjacency)
    rules = ChangeRules(1, {}, frozenset({0}), three_dates=True, mapping_unit=unit)
    stack, _ = open_stack([m.path for m in maps], ["a", "b", "c"], runner=Threads(1))
    made, found = write_cleaned_maps(maps, stack, rules, tmp_path, runner=Threads())
    assert found == ()
    whole = three_date_filter(np.stack(layers), unknown=frozenset({0}))
    for before, after in itertools.pairwise(range(3)):
        whole[after] = without_small_changes(
            whole[before], whole[after], unit, unknown=frozenset({0})
        )
    again, _ = open_stack([m.path for m in made], ["a", "b", "c"], runner=Threads(1))
    written = np.concatenate([again.read(block) for block in again.blocks], axis=1)
    assert np.array_equal(written, whole)


def test_no_scheduler_is_said_and_nothing_written(tmp_path):
    paths = write_coast(tmp_path / "in")
    done = mrv("change", *paths, *LEGEND, "--dask", "tcp://x:y", "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "no dask scheduler answers" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
