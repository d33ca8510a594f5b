"""Where an endpoint is, in words."""

from collections.abc import Mapping
from typing import Any


def place(port: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Its host; of a bare-metal machine the VLAN there, too: gw physnet1/120."""
    del names
    physical = port.get("physical_network")
    where = "" if physical is None else f"{physical['name']}/{physical['vlan']}"
    return " ".join(word for word in (port.get("host") or "", where) if word)
