"""Run the commands of README.md, as a reader would, in a fresh clone of this repository.

Usage: python scripts/readme_commands.py FOLDER     (FOLDER is made; the clone goes there)
Blocks marked ``sh`` run in bash, blocks marked ``python`` in the clone's .venv; ``console`` blocks
are what continuous integration itself runs first (make demo, make test) and are left out.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main(folder: Path) -> None:
    """Clone, then run each block in order; the first failure ends it."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    for language, code in BLOCK.findall((folder / "README.md").read_text(encoding="utf-8")):
        print(f"--- README, {language}:\n{code}", end="", flush=True)
        if language == "sh":
            command = ["bash", "-euo", "pipefail", "-c", code]
        else:
            command = [str(folder / ".venv" / "bin" / "python"), "-c", code]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    print("README: every command works in a fresh clone")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
