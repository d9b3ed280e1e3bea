"""The ledger: sealed claims become serial-numbered credits that cannot be lost or doubled.

The public face is :mod:`bluecarbon.registry.service`; everything else in this room is how it
keeps its promises. Importing the room loads no database driver: its modules do.
"""
