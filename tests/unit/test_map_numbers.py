"""How many different numbers a class map may hold, and what is said of one that holds more."""

import numpy as np
import pytest
from support.class_raster import write_classes

from bluecarbon.mrv import map_stack
from bluecarbon.mrv.blocks import Threads
from bluecarbon.mrv.map_stack import CLASSES_MAX, open_stack, too_many_classes


def opened(folder, **maps):
    paths = [write_classes(folder / f"{name}.tif", codes) for name, codes in maps.items()]
    return open_stack(paths, [path.name for path in paths], runner=Threads(1))


def numbers(first, count, shape=(1024, 16)):
    return (first + np.arange(np.prod(shape)) % count).reshape(shape).astype(np.uint16)


def test_as_many_classes_as_places_are_read(tmp_path):
    stack, found = opened(tmp_path, a=numbers(60_000, CLASSES_MAX))
    assert found == ()
    assert stack.values == tuple(range(60_000, 60_000 + CLASSES_MAX))


def test_the_map_with_too_many_numbers_is_named(tmp_path):
    stack, (finding,) = opened(tmp_path, a=numbers(1, 5), b=numbers(60_000, CLASSES_MAX + 1))
    assert stack is None
    assert finding.subject == "b.tif"
    assert "256 different numbers occur, the largest 60255;" in finding.message
    assert "reflectance" not in finding.message


def test_maps_that_have_too_many_only_together_are_named_together(tmp_path):
    stack, (finding,) = opened(tmp_path, a=numbers(1, 200), b=numbers(300, 200))
    assert stack is None
    assert finding.subject == "a.tif, b.tif"


@pytest.mark.parametrize(("largest", "light"), [(9_000, True), (40_000, False)])
def test_reflectance_is_recognised_by_its_size(largest, light):
    finding = too_many_classes("a.tif", range(largest + 1))
    assert ("look like reflectance" in finding.message) == light
    assert "crosswalk" in finding.fix


def test_measured_values_are_not_read_to_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(map_stack, "NUMBERS_ENOUGH", 1000)
    looked_at = []
    real = map_stack._distinct

    def distinct(stack, block):
        looked_at.append(block.row)
        return real(stack, block)

    monkeypatch.setattr(map_stack, "_distinct", distinct)
    _, (finding,) = opened(tmp_path, a=numbers(0, 16_384))
    assert finding.code == "class-map-too-many-classes"
    assert looked_at == [0]
