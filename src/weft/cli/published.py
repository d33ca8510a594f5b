"""What is published of an endpoint, in words."""

from collections.abc import Mapping
from typing import Any


def published(port: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """As Docker writes it: 8080->80/tcp."""
    del names
    return ", ".join(_one(each) for each in port.get("published") or [])


def _one(each: Mapping[str, Any]) -> str:
    at = f"{each['host_address']}:" if each["host_address"] else ""
    return f"{at}{each['host_port']}->{each['port']}/{each['protocol']}"
