"""Loops over pixels: each compiled by numba where that is installed, each with a numpy twin."""
