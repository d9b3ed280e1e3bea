"""Two square strata on a UTM grid, for plots to be placed in."""

import geopandas as gpd
import shapely

UTM = 32649


def strata(**shapes):
    return gpd.GeoDataFrame({"stratum": list(shapes)}, geometry=list(shapes.values()), crs=UTM)


def square(x, y, side):
    return shapely.box(500_000 + x, 2_380_000 + y, 500_000 + x + side, 2_380_000 + y + side)


GROUND = strata(K15=square(0, 0, 1000), S17=square(1500, 0, 400))
