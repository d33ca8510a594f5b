"""Rates, sizes and labels as people write them."""

import re
from collections.abc import Sequence
from decimal import Decimal

from weft.model.errors import Invalid

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")
_KILOBITS = {
    "kbit": Decimal(1),
    "mbit": Decimal(1000),
    "gbit": Decimal(1_000_000),
    "tbit": Decimal(1_000_000_000),
}
_BYTES = {"kb": Decimal(8), "mb": Decimal(8000)}


def kilobits_per_second(text: str) -> int:
    """A rate like `10mbit` or `1.5gbit`, in kbit/s. Raises Invalid."""
    return _whole(text, _KILOBITS, "a rate is written like 512kbit, 10mbit or 1.5gbit")


def kilobits(text: str) -> int:
    """A burst size like `500kbit`, `2mbit` or `64kB`, in kilobits. Raises Invalid."""
    return _whole(text, _KILOBITS | _BYTES, "a burst is written like 500kbit, 2mbit or 64kB")


def rate_text(kbps: int) -> str:
    """A rate in the largest unit that needs no rounding."""
    for unit in ("tbit", "gbit", "mbit"):
        size = int(_KILOBITS[unit])
        if kbps % size == 0:
            return f"{kbps // size}{unit}"
    return f"{kbps}kbit"


def labels_in(texts: Sequence[str]) -> dict[str, str]:
    """Labels from `key=value` words. Raises Invalid."""
    labels: dict[str, str] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator or not key:
            raise Invalid(f"a label is written key=value, not {text!r}", field="labels")
        labels[key] = value
    return labels


def _whole(text: str, units: dict[str, Decimal], how: str) -> int:
    match = _QUANTITY.fullmatch(text.strip())
    size = None if match is None else units.get(match.group(2).lower())
    if match is None or size is None:
        raise Invalid(f"{text!r} has no meaning here; {how}")
    amount = Decimal(match.group(1)) * size
    if amount != amount.to_integral_value() or amount < 1:
        raise Invalid(f"{text!r} is not a whole number of kilobits, at least one; {how}")
    return int(amount)
