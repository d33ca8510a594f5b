"""The feed of what is dropped, over connections that may be lost."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

from weft.client.errors import ServerUnreachable
from weft.client.events import events_in
from weft.client.transport import Transport

_SILENCE_S = 60.0
_PAUSE_S = 1.0


def follow_drops(transport: Transport, filters: Mapping[str, object]) -> Iterator[dict[str, Any] | None]:
    """The entries that change from now on, for ever; None where some are missing. A refusal is raised."""
    reached: int | None = None
    while True:
        try:
            with transport.stream("/drops/feed", {**filters, "after": reached}, _SILENCE_S) as lines:
                for event, body in events_in(lines):
                    if event == "drop":
                        reached = int(body["number"])
                        yield body
                    elif event == "missing":
                        yield None
        except ServerUnreachable:
            threading.Event().wait(_PAUSE_S)
