"""What a host tells of the packets that it saw: hits of rules, connections, drops, counters."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from weft.client.transport import Transport, path_of
from weft.client.types import Json

COUNTERS_PACE_S = 15.0
"""How often counters are told to a server that does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatTold:
    """What a host is asked to look at: the ids of its ports that are audited, and its counters, how often."""

    audited: tuple[str, ...] = ()
    counters_pace_s: float = COUNTERS_PACE_S

    @classmethod
    def from_body(cls, body: Json) -> Self:
        """What `body` tells; a server of an earlier release tells nothing."""
        pace_s = float(body.get("counters_pace_s") or COUNTERS_PACE_S)
        return cls(audited=tuple(body.get("audited") or ()), counters_pace_s=pace_s)


class ObservedCalls:
    """The calls of a client that tell what a host saw."""

    _transport: Transport

    def report_hits(
        self, host: str, *, run: str, number: int, counted: Sequence[tuple[int, int, int]]
    ) -> Collection[int]:
        """Tell cookie, packets and bytes of flows on `host`; the cookies that are no policy's. Idempotent."""
        told = [{"cookie": c, "packets": packets, "bytes": size} for c, packets, size in counted]
        body = {"run": run, "number": number, "counted": told}
        answer = self._transport.send("POST", path_of("hosts", host, "hits"), body=body).body
        return list(map(int, answer["others"]))

    def report_connections(self, host: str, *, run: str, number: int, connections: object) -> Collection[str]:
        """Tell connections that began at audited ports of `host`; the ids of these ports. Idempotent."""
        body = {"run": run, "number": number, "connections": connections}
        return list(
            self._transport.send("POST", path_of("hosts", host, "connections"), body=body).body["ports"]
        )

    def report_drops(self, host: str, message: Mapping[str, object]) -> None:
        """Tell what was dropped, rejected or logged at ports of `host`. Idempotent by `run` and `number`."""
        self._transport.send("POST", path_of("hosts", host, "drops"), body=message)

    def report_spoofed(self, host: str, message: Mapping[str, object]) -> None:
        """Tell what anti-spoofing dropped at ports of `host`. Idempotent by `run` and `number`."""
        self._transport.send("POST", path_of("hosts", host, "spoofed"), body=message)

    def report_counters(self, host: str, message: Mapping[str, object]) -> float:
        """Tell what ports of `host` sent and received; in how many seconds to tell again. Idempotent."""
        answer = self._transport.send("POST", path_of("hosts", host, "counters"), body=message).body
        return float(answer["pace_s"])
