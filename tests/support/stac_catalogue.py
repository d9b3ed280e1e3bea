"""STAC catalogues of the small coast, on disk and behind the smallest API that there can be."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np

from support import small_coast as coast

COMMON = {"blue": "B02", "green": "B03", "red": "B04", "nir": "B08", "swir1": "B11",
          "swir2": "B12", "scl": "SCL"}  # fmt: skip
COARSE = coast.grid(size=20, pixel=20.0)


def write_item(folder, date, *, epoch=2020, offset=1000, coarse=(), **properties):
    """An item with one file per band; numbers carry the offset of baseline 04.00."""
    name = f"S2_{date}"
    numbers = coast.scene_numbers(epoch, int(date[5:7] + date[2:4]))
    assets = {}
    for place, band in enumerate(coast.BANDS):
        layer = numbers[place] + (offset if band != "scl" else 0)
        layer = layer.astype(np.uint8 if band == "scl" else np.uint16)
        grid = COARSE if band in coarse else coast.grid()
        layer = layer[::2, ::2].copy() if band in coarse else layer
        key, common = COMMON[band], "swir16" if band == "swir1" else band
        coast.write_raster(folder / f"{name}_{key}.tif", layer[None], grid, nodata=0)
        assets[key] = {"href": f"./{name}_{key}.tif", "type": "image/tiff"}
        assets[key]["gsd"] = 20 if band in coarse else 10
        if band != "scl":
            assets[key]["eo:bands"] = [{"name": key, "common_name": common}]
    left, bottom, right, top = coast.grid().footprint().bounds
    ring = [[left, bottom], [right, bottom], [right, top], [left, top], [left, bottom]]
    item = {
        "type": "Feature", "stac_version": "1.0.0", "id": name, "assets": assets, "links": [],
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": [left, bottom, right, top], "collection": "s2",
        "properties": {"datetime": f"{date}T03:00:00Z", "s2:processing_baseline": "05.09",
                       "proj:epsg": coast.EPSG, "proj:shape": [40, 40],
                       "proj:transform": list(coast.grid().transform)[:6], **properties},
    }  # fmt: skip
    (folder / f"{name}.json").write_text(json.dumps(item), encoding="utf-8")
    return item


def write_catalogue(folder, **options):
    folder.mkdir(exist_ok=True)
    dates = {"2020-10-01": 2020, "2015-10-01": 2015, "2015-11-01": 2015}
    for date, epoch in dates.items():
        write_item(folder, date, epoch=epoch, **options)
    links = [{"rel": "item", "href": f"./S2_{date}.json"} for date in dates]
    inner = {"type": "Collection", "id": "s2", "stac_version": "1.0.0", "links": links,
             "description": "-", "license": "other",
             "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]},
                        "temporal": {"interval": [[None, None]]}}}  # fmt: skip
    (folder / "collection.json").write_text(json.dumps(inner), encoding="utf-8")
    outer = {"type": "Catalog", "id": "root", "stac_version": "1.0.0", "description": "-",
             "links": [{"rel": "child", "href": "./collection.json"}]}  # fmt: skip
    (folder / "catalog.json").write_text(json.dumps(outer), encoding="utf-8")
    return folder / "catalog.json"


class Api(BaseHTTPRequestHandler):
    """The smallest STAC API: a landing page and a search that answers with what it was given."""

    answers: dict = {}

    def do_GET(self):
        self._reply()

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self._reply()

    def _reply(self):
        body = json.dumps(self.answers[self.path.split("?")[0]]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextmanager
def served(folder):
    """The catalogue of a folder behind an API at the address that this gives."""
    write_catalogue(folder)
    features = [json.loads(p.read_text()) for p in sorted(folder.glob("S2_*.json"))]
    for feature in features:
        for asset in feature["assets"].values():
            asset["href"] = str(folder / asset["href"])
    server = HTTPServer(("127.0.0.1", 0), Api)
    address = f"http://127.0.0.1:{server.server_port}"
    conforms = ["https://api.stacspec.org/v1.0.0/core",
                "https://api.stacspec.org/v1.0.0/item-search"]  # fmt: skip
    search = {"rel": "search", "href": f"{address}/search", "method": "POST",
              "type": "application/geo+json"}  # fmt: skip
    root = {"type": "Catalog", "id": "api", "stac_version": "1.0.0", "description": "-",
            "conformsTo": conforms, "links": [search]}  # fmt: skip
    Api.answers = {
        "/": root,
        "": root,
        "/search": {"type": "FeatureCollection", "features": features, "links": []},
    }
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield address
    server.shutdown()
    thread.join()
    server.server_close()
