"""Real data lie outside the repository; in CI they must be there, elsewhere tests are skipped."""

import os
from pathlib import Path

import pytest

VARIABLE = "BLUECARBON_REAL_DATA"


@pytest.fixture(scope="session")
def real_data():
    """The folder of the real data. Skips with a reason where it is unknown, and fails in CI."""
    place = os.environ.get(VARIABLE, "")
    if place and Path(place).is_dir():
        return Path(place)
    reason = f"{VARIABLE} is {'not a folder: ' + place if place else 'not set'}"
    if os.environ.get("CI", "").lower() in {"true", "1"}:
        pytest.fail(f"{reason}: in CI the tests on real data must run", pytrace=False)
    pytest.skip(f"{reason}: tests on real data need it")
