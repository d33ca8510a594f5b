"""Server-sent events: a pure reading of lines (WHATWG HTML, section 9.2)."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from weft.client.types import Change


def changes_in(lines: Iterable[str]) -> Iterator[Change]:
    """The changes that `lines` announce, in order; comments and other events are passed over."""
    for event, data in events_in(lines):
        if event in ("", "change"):
            yield Change.from_body(data)


def events_in(lines: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """The events that `lines` announce, each with its JSON document; comments are passed over."""
    event = ""
    data: list[str] = []
    for line in lines:
        if line == "":
            if data:
                yield event, json.loads("\n".join(data))
            event, data = "", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            event = value
        elif name == "data":
            data.append(value)
