"""Small dated class maps as files, and the ``bluecarbon mrv`` command as a test calls it."""

import hashlib

import numpy as np
from typer.testing import CliRunner

from bluecarbon.cli.mrv_commands import mrv_app
from support.class_raster import write_classes

YEARS = (2010, 2015, 2020)
LEGEND = ["--legend", "1=mangrove", "--legend", "2=other"]


def coast(rows=96, columns=80, seed=4):
    """Maps of three years: a shore that moves, a pond that is dug, specks that come and go."""
    rng = np.random.default_rng(seed)
    x = np.arange(columns)[None, :]
    maps = []
    for step in range(3):
        codes = np.where(x < 30 + 4 * step, 1, 2).repeat(rows, axis=0).astype(np.uint8)
        codes[rng.random(codes.shape) < 0.02] = 2
        maps.append(codes)
    for codes in maps[1:]:
        codes[20:32, 5:15] = 2
    maps[0][:3, :3] = 0
    return maps


def write_coast(folder, *, nodata=0, codes=None, **profile):
    """The maps of :func:`coast` (or others) as classes_<year>.tif; their paths."""
    folder.mkdir(exist_ok=True)
    return [
        write_classes(folder / f"classes_{year}.tif", layer, nodata=nodata, **profile)
        for year, layer in zip(YEARS, codes or coast(), strict=False)
    ]


def mrv(*arguments):
    """Run ``bluecarbon mrv ...`` in this process."""
    return CliRunner().invoke(mrv_app, [str(part) for part in arguments])


def digests(folder):
    """SHA-256 of every file of a folder, by its name."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
