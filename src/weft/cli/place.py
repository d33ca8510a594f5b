"""Where an endpoint is, in words."""

from collections.abc import Mapping
from typing import Any


def place(port: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Its host, and the VLAN there (gw physnet1/120) or on the endpoint that carries it (h1 vm1/30)."""
    del names
    physical, trunk = port.get("physical_network"), port.get("trunk")
    where = "" if physical is None else f"{physical['name']}/{physical['vlan']}"
    if trunk is not None:
        where = f"{trunk['port']}/{trunk['vlan']}"
    return " ".join(word for word in (port.get("host") or "", where) if word)
