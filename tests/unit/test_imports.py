"""Importing is cheap: measured in a process of its own, as a user's notebook would do it."""

import json
import subprocess
import sys

import pytest

HEAVY = ("rasterio", "matplotlib", "sklearn", "fastapi", "geopandas", "pandas", "sqlalchemy")

PROBE = """
import json, sys, time
started = time.process_time()
import {module}
spent = time.process_time() - started
print(json.dumps([spent, sorted(m for m in sys.modules if "." not in m)]))
"""


def probe(module):
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(module=module)],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("module", ["bluecarbon", "bluecarbon.cli.app", "bluecarbon.report"])
def test_import_is_light(module):
    seconds, loaded = probe(module)
    assert not set(HEAVY) & set(loaded)
    # CPU seconds of the import itself: a limit of the issue, not a speed claim.
    assert seconds < 1.0


def test_registry_boots_without_raster_code():
    _, loaded = probe("bluecarbon.registry.service")
    assert not {"rasterio", "matplotlib", "sklearn", "geopandas"} & set(loaded)
