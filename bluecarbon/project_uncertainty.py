"""``[uncertainty]`` of project.toml: how many draws, and the errors that the project assumes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bluecarbon.spec import Real, Value

DRAWS_LEAST, DRAWS_MOST = 100, 1_000_000


class Uncertainty(Value):
    """``[uncertainty]``: a Monte Carlo from the errors of the measurements to the claim.

    ``errors`` replaces rows of ``tables/measurement_errors.csv`` by their name; what they are and
    where they come from stands there.
    """

    draws: int = Field(default=10_000, ge=DRAWS_LEAST, le=DRAWS_MOST)
    seed: int = Field(ge=0)
    errors: dict[str, Annotated[Real, Field(ge=0, le=10, allow_inf_nan=False)]] = {}
