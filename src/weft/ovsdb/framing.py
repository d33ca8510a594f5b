"""Where one JSON text ends and the next begins: OVSDB's stream has no lengths and no separators.

RFC 7047, section 4, sends bare JSON objects back to back. Pure: bytes in, whole messages out.
"""

import re

MAX_MESSAGE = 1 << 30
"""A peer that sends more than this many bytes without ending a message is not an OVSDB server."""

_INTERESTING = re.compile(rb'["{}\[\]]')
_STRING_END = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


class Splitter:
    """Cuts a stream into JSON objects, whatever the sizes of the chunks it arrives in."""

    def __init__(self, max_message: int = MAX_MESSAGE) -> None:
        """Starts between two messages, of `max_message` bytes each at most."""
        self._max_message = max_message
        self._buffer = bytearray()
        self._scanned = 0
        self._depth = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The messages that end in `chunk`; ValueError when the stream cannot be JSON objects."""
        self._buffer += chunk
        found: list[bytes] = []
        while (end := self._next_end()) is not None:
            found.append(bytes(self._buffer[:end]))
            del self._buffer[:end]
            self._scanned = 0
        if len(self._buffer) > self._max_message:
            raise ValueError(f"a message is longer than {self._max_message} bytes")
        return found

    def _next_end(self) -> int | None:
        """The offset behind the message at the front of the buffer, None while it is incomplete."""
        while (match := _INTERESTING.search(self._buffer, self._scanned)) is not None:
            mark = match.group()
            if mark == b'"':
                end = _STRING_END.match(self._buffer, match.end())
                if end is None:
                    self._scanned = match.start()
                    return None
                self._scanned = end.end()
                continue
            self._scanned = match.end()
            self._depth += 1 if mark in b"{[" else -1
            if self._depth < 0:
                raise ValueError("a message closes what it did not open")
            if self._depth == 0:
                return self._scanned
        self._scanned = len(self._buffer)
        return None
