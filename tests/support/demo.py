"""Running the command as a user does, on copies of the demonstration coast."""

import shutil
import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parents[2] / "fixtures" / "demo_coast"


def bluecarbon(*arguments, cwd=None):
    """Run the command as a user does; the finished process with its output."""
    return subprocess.run(
        [sys.executable, "-m", "bluecarbon", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        cwd=cwd,
    )


def copy_demo(folder):
    """A copy of the demonstration coast that a test may spoil."""
    return Path(shutil.copytree(DEMO, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__")))
