"""Equations as numpy functions, named after their source; units stand last in every name."""
