"""Server-sent events as changes: a pure reading of lines (WHATWG HTML, section 9.2)."""

import json
from collections.abc import Iterable, Iterator

from weft.client.types import Change


def changes_in(lines: Iterable[str]) -> Iterator[Change]:
    """The changes that `lines` announce, in order; comments and other events are passed over."""
    event = ""
    data: list[str] = []
    for line in lines:
        if line == "":
            if data and event in ("", "change"):
                yield Change.from_body(json.loads("\n".join(data)))
            event, data = "", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            event = value
        elif name == "data":
            data.append(value)
