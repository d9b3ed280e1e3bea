"""Maps of cubes are files while a command runs, and gone when it ends, however it ends."""

import numpy as np
import pytest
import typer
from support import dated_maps as kit
from support.change_maps import coast

from bluecarbon.cli.held_maps import held_map, held_maps, held_raster, held_resources
from bluecarbon.errors import DataError
from bluecarbon.mrv.arrays import to_dataarray
from bluecarbon.mrv.exports import write_netcdf
from bluecarbon.mrv.transitions import DatedMap
from bluecarbon.spec import Finding


@pytest.fixture
def cube(tmp_path):
    array = to_dataarray(np.stack(coast()), kit.grid(96, 80), "classes").rename(band="year")
    path = tmp_path / "stack.nc"
    write_netcdf(array.assign_coords(year=[2010, 2015, 2020]).to_dataset(), path)
    return path


def test_a_map_is_there_until_the_command_ends(cube):
    with held_resources():
        item, found = held_map(f"2015={cube}")
        assert item.path.is_file()
        assert item.path != cube
        assert (item.year, item.file, item.subject) == (0, cube, "stack.nc 2015")
        assert found == ()
    assert not item.path.exists()


def test_it_is_gone_when_the_command_fails(cube):
    held = []

    def fail():
        with held_resources():
            held.append(held_map(f"2010={cube}")[0])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not held[0].path.exists()


def test_findings_of_the_arguments_are_told_with_those_of_the_files(cube):
    before = Finding.warning("some-code", "some", "before")
    wrong = [DatedMap(1999, cube), DatedMap(2015, cube.with_name("none.nc"))]
    with held_resources(), pytest.raises(DataError) as caught:
        held_maps(wrong, (before,))
    codes = [finding.code for finding in caught.value.findings]
    assert codes == ["some-code", "class-map-year-missing", "class-map-unreadable"]


def test_what_is_no_cube_stays_as_it_is(tmp_path):
    assert held_raster(tmp_path / "sizes.csv") == tmp_path / "sizes.csv"


def test_a_raster_that_cannot_be_used_ends_the_command(cube, capsys):
    with held_resources(), pytest.raises(typer.Exit) as caught:
        held_raster(cube)
    assert caught.value.exit_code == 2
    assert "say which one is meant" in capsys.readouterr().err


def test_outside_of_a_command_nothing_can_be_held(cube):
    with pytest.raises(LookupError):
        held_map(str(cube))
