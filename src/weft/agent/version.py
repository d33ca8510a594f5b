"""Which version of Weft this is."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("weft")
except PackageNotFoundError:
    VERSION = "unknown"
