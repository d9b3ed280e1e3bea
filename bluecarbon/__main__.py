"""``python -m bluecarbon`` is the ``bluecarbon`` command."""

from bluecarbon.cli.app import main

main()
