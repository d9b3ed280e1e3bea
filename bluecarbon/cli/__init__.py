"""The ``bluecarbon`` command."""
