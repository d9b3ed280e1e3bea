"""``coordinates`` of [boundary], [strata], [inventory] and [soil]: the system of positions."""

from __future__ import annotations

from typing import Literal, TypeAlias

Coordinates: TypeAlias = Literal["wgs84", "gcj-02", "bd-09"]
"""``gcj-02`` and ``bd-09`` are those of Chinese web maps (Amap and Tencent; Baidu). They are
converted to WGS 84 when the file is read, and the report says so; nothing is converted unasked."""
