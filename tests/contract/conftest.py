"""One run of the demonstration coast, shared by the tests that look at it."""

import pytest
from support.demo import bluecarbon, copy_demo


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory):
    """(output folder, finished process) of ``bluecarbon run`` on a copy of the coast."""
    place = tmp_path_factory.mktemp("demo")
    project = copy_demo(place / "coast") / "project.toml"
    done = bluecarbon("run", project, "--out", place / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    return place / "out", done
