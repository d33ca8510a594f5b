"""Moments as people write them: `2h` from now, or a time."""

import re
from datetime import UTC, datetime, timedelta

from weft.model.errors import Invalid

_SPAN = re.compile(r"([0-9]{1,5})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def ahead(text: str, now: datetime, *, field: str) -> datetime:
    """The moment that lies `text` (like 2h) after `now`, or that `text` is. Raises Invalid."""
    span = _span(text)
    return _time(text, field) if span is None else now + span


def ago(text: str, now: datetime, *, field: str) -> datetime:
    """The moment that lies `text` (like 10m) before `now`, or that `text` is. Raises Invalid."""
    span = _span(text)
    return _time(text, field) if span is None else now - span


def _span(text: str) -> timedelta | None:
    found = _SPAN.fullmatch(text)
    return None if found is None else timedelta(**{_UNITS[found[2]]: int(found[1])})


def _time(text: str, field: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(
            f"{text!r} is no time; write 90s, 10m, 2h, 3d or 1w, or a time like 2026-11-28T09:00:00Z",
            field=field,
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
