"""bluecarbon: the open engine for mangrove carbon.

Satellite rasters and field plots become defensible tonnes, tonnes become serial-numbered
credits, and every credit can be walked back to the pixels and equations it came from.

Importing this package is cheap on purpose: rooms load their heavy libraries when they are
entered (``bluecarbon.mrv``, ``bluecarbon.registry`` ...), never before.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
