"""A scheduler that is not there is said in one sentence, with no complaint after it."""

import gc
import socket
import subprocess
import sys
import threading

import pytest

from bluecarbon.errors import ClusterError

pytest.importorskip("distributed")

PROGRAM = """
from bluecarbon.errors import ClusterError
from bluecarbon.mrv.cluster import connected
try:
    with connected({address!r}):
        pass
except ClusterError as error:
    print(error)
"""


def closed_port():
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return place.getsockname()[1]


@pytest.mark.parametrize("address", ["foo", "", "tcp://127.0.0.1:PORT", "magic://127.0.0.1:1"])
def test_nobody_answers(address, monkeypatch):
    from bluecarbon.mrv import cluster

    monkeypatch.setattr(cluster, "SECONDS", 1)
    place = address.replace("PORT", str(closed_port()))
    with (
        pytest.raises(ClusterError, match="no dask scheduler answers at"),
        cluster.connected(place),
    ):
        pass
    gc.collect()


def test_the_refusal_is_all_that_is_printed():
    command = [sys.executable, "-c", PROGRAM.format(address="foo")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "no dask scheduler answers at foo" in done.stdout
    assert done.stderr == ""


def test_another_server_is_no_scheduler(monkeypatch):
    from bluecarbon.mrv import cluster

    monkeypatch.setattr(cluster, "SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up():
            while True:
                try:
                    server.accept()[0].close()
                except OSError:
                    return

        threading.Thread(target=hang_up, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ClusterError), cluster.connected(address):
            pass
        server.shutdown(socket.SHUT_RDWR)
