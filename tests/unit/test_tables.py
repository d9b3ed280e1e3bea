"""The shipped tables: read strictly, every number with a source that exists."""

import csv
from pathlib import Path

import pytest

from bluecarbon.errors import MethodologyError
from bluecarbon.methodology import tables
from bluecarbon.methodology.kernels.allometry import FORMS, equations
from bluecarbon.methodology.kernels.wood_density import (
    accepted_species,
    nearest_species,
    wood_densities,
)
from bluecarbon.mrv.tree_equation_checks import diameters, heights, input_columns

FOLDER = Path(tables.__file__).parent
DOCS = Path(__file__).parents[2] / "docs"


def test_a_table_is_read_in_file_order():
    rows = tables.read_table("wood_density.csv", "species")
    assert rows[0]["species"] == "Aegiceras corniculatum"
    assert rows is tables.read_table("wood_density.csv", "species")


def test_rows_cannot_be_changed():
    with pytest.raises(TypeError):
        tables.read_table("wood_density.csv", "species")[0]["species"] = "other"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,value\na,1\nb,2\na,3\n", "line 4: 'a' is there twice"),
        ("id,value\na,1\na,1\n", "line 3: 'a' is there twice"),
        ("id,value\na,1,2\n", "line 2: 3 cells"),
        ("name,value\na,1\n", "no column 'id'"),
        ("", "no column 'id'"),
    ],
)
def test_a_table_that_is_not_sound_is_refused(text, message):
    with pytest.raises(MethodologyError, match=message):
        tables.table_from_text(text, "some.csv", "id")


def test_a_table_that_is_not_there_is_named():
    with pytest.raises(MethodologyError, match=r"no table 'nothing\.csv'"):
        tables.read_table("nothing.csv", "id")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.csv")), ids=lambda p: p.name)
def test_every_source_stands_in_the_bibliography(path):
    with path.open(encoding="utf-8", newline="") as stream:
        keys = {row["source"] for row in csv.DictReader(stream)}
    assert keys, path.name
    assert keys <= set(tables.sources())


def test_a_source_has_a_citation_and_its_doi():
    source = tables.sources()["komiyama2005"]
    assert "Journal of Tropical Ecology. 21. 471-477" in source.citation
    assert source.url == "https://doi.org/10.1017/S0266467405002476"
    assert all(source.citation for source in tables.sources().values())


def test_every_equation_is_sound():
    for row in equations().values():
        assert row.form in FORMS, row.id
        assert row.note, f"{row.id}: a row says where it was read"
        if row.diameter_min_cm is not None and row.diameter_max_cm is not None:
            assert row.diameter_min_cm < row.diameter_max_cm


def test_doubtful_equations_are_marked():
    doubtful = (
        "single source",
        "conflict",
        "assumed",
        "recalled",
        "not stated",
        "doubtful",
        "not traced",
        "not identified",
        "was not read",
    )
    for row in equations().values():
        if any(word in row.note.casefold() for word in doubtful):
            assert row.status == "unverified", row.id


@pytest.mark.parametrize(
    ("written", "accepted"),
    [
        ("Kandelia obovata", "Kandelia obovata"),
        ("  kandelia   OBOVATA ", "Kandelia obovata"),
        ("Kandelia_obovata", "Kandelia obovata"),
        ("Bruguiera gymnorrhiza", "Bruguiera gymnorhiza"),
        ("秋茄", "Kandelia obovata"),
        ("桐花树", "Aegiceras corniculatum"),
        ("白骨壤", "Avicennia marina"),
        ("木榄", "Bruguiera gymnorhiza"),
        ("红海榄", "Rhizophora stylosa"),
        ("无瓣海桑", "Sonneratia apetala"),
        ("common", None),
        ("", None),
        ("Quercus robur", None),
    ],
)
def test_species_are_known_by_many_names(written, accepted):
    assert accepted_species(written) == accepted


def test_the_nearest_species_is_suggested():
    assert nearest_species("Kandela obovatta") == "Kandelia obovata"
    assert nearest_species("Quercus robur") is None


def test_no_name_means_two_species():
    names = [name for row in wood_densities().values() for name in row.names]
    assert len(names) == len(set(names))


def test_wood_densities_are_densities_of_wood():
    for row in wood_densities().values():
        assert 0.3 < row.density_g_cm3 < 1.0, row.species
        assert row.note


def test_avicennia_has_the_density_of_the_library_and_says_why():
    row = wood_densities()["Avicennia marina"]
    assert row.density_g_cm3 == 0.65
    assert "0.445" in row.note


def test_the_mean_of_mangroves_is_a_draft():
    assert wood_densities()["common"].status == "unverified"


def test_the_manual_lists_every_equation_with_its_range_and_status():
    lines = (DOCS / "tree_equations.md").read_text(encoding="utf-8").splitlines()
    told = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    told = [cells for cells in told if cells[0].startswith("`")]
    shipped = [
        (f"`{row.id}`", ", ".join(row.species), row.component, diameters(row), heights(row),
         row.status)
        for row in equations().values()
    ]  # fmt: skip
    assert [(*cells[:3], *cells[4:]) for cells in told] == shipped
    for cells in told:
        row = equations()[cells[0].strip("`")]
        density = ("wood density",) if row.needs_wood_density else ()
        assert cells[3] == ", ".join((*input_columns(row), *density))
