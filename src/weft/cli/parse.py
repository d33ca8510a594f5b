"""What people type, as the API takes it. ValueError says what would have been right."""

import re
from collections.abc import Sequence
from typing import Any

_UNITS = {"kbit": 1, "mbit": 1000, "gbit": 1_000_000}


def labels(pairs: Sequence[str]) -> dict[str, str]:
    """`KEY=VALUE` pairs."""
    found = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise ValueError(f"{pair!r} is not a label; write it like app=web")
        found[key] = value
    return found


def rate(text: str) -> int:
    """A rate like `10mbit`, in kilobits a second."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(kbit|mbit|gbit)", text.lower())
    if match is None:
        raise ValueError(f"{text!r} is not a rate; write it like 500kbit, 10mbit or 1gbit")
    return round(float(match[1]) * _UNITS[match[2]])


def peer(text: str) -> dict[str, str]:
    """`any`, `group:NAME`, `network:NAME` or a prefix."""
    kind, colon, name = text.partition(":")
    if text == "any":
        return {}
    if colon and kind in ("group", "network"):
        return {kind: name}
    return {"cidr": text}


def service(text: str) -> dict[str, Any]:
    """`any`, `icmp`, or `tcp/80,8000-8080`."""
    if text == "any":
        return {}
    protocol, _, ports = text.partition("/")
    return {"protocol": protocol, "ports": [p for p in ports.split(",") if p]}
