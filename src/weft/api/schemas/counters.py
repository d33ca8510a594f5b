"""Bodies of /hosts/{host}/counters, and what /ports/{id}/counters shows."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from weft.api.counters import Count, Sample, Totals
from weft.api.schemas.base import Body, Shown
from weft.model.ids import HostName, PortId
from weft.model.policy import QosPolicy
from weft.model.snapshot import Snapshot

Number = Annotated[int, Field(strict=True, ge=0, le=2**53)]


class CountIn(Body):
    """What the switch has counted one way since the port was plugged."""

    bytes: Number
    packets: Number
    dropped: Number

    def to_model(self) -> Count:
        """The same."""
        return Count(self.bytes, self.packets, self.dropped)


class PortCountIn(Body):
    """The counters of one port; `id` is the interface's iface-id, which may be of somebody else's."""

    id: Annotated[str, Field(max_length=255)]
    sent: CountIn
    received: CountIn


class CountersIn(Body):
    """Body of POST /hosts/{host}/counters, read at `clock_s` seconds of a clock that never goes back."""

    clock_s: Annotated[float, Field(ge=0, le=2**53, allow_inf_nan=False)]
    ports: Annotated[list[PortCountIn], Field(max_length=1000)]

    def of_ports(self, snapshot: Snapshot, host: HostName) -> dict[PortId, Totals]:
        """The totals of the ports that are bound to `host`."""
        said = {
            one.id: Totals(clock_s=self.clock_s, sent=one.sent.to_model(), received=one.received.to_model())
            for one in self.ports
        }
        bound = snapshot.ports_on.get(host, ())
        return {port.id: said[str(port.id)] for port in bound if str(port.id) in said}


class CountersTold(Shown):
    """In how many seconds the host is to tell again: sooner while somebody looks at one of its ports."""

    pace_s: int


class CountShown(Shown):
    """What went one way; `dropped` are packets that the switch itself lost. Policy's are in /drops."""

    bytes: int
    packets: int
    dropped: int

    @classmethod
    def from_model(cls, count: Count) -> "CountShown":
        """As the API shows it."""
        return cls(bytes=count.bytes, packets=count.packets, dropped=count.dropped)


class SampleShown(Shown):
    """What was counted in the `seconds` before `at`, and the rates that this is, in kbit/s as limits are."""

    at: datetime
    seconds: float
    sent: CountShown
    received: CountShown
    sent_kbps: float
    received_kbps: float

    @classmethod
    def from_model(cls, sample: Sample) -> "SampleShown":
        """As the API shows it."""
        return cls(
            at=sample.at,
            seconds=sample.seconds,
            sent=CountShown.from_model(sample.sent),
            received=CountShown.from_model(sample.received),
            sent_kbps=_kbps(sample.sent, sample.seconds),
            received_kbps=_kbps(sample.received, sample.seconds),
        )


class LimitShown(Shown):
    """The QoS policy that limits a port, its own or that of its network; null is no limit."""

    qos_policy_id: UUID
    qos_policy: str
    of_network: bool
    sent_kbps: int | None
    received_kbps: int | None
    dscp: int | None

    @classmethod
    def from_model(cls, policy: QosPolicy, *, of_network: bool) -> "LimitShown":
        """As the API shows it."""
        return cls(
            qos_policy_id=policy.id,
            qos_policy=policy.name,
            of_network=of_network,
            sent_kbps=None if policy.egress is None else policy.egress.rate_kbps,
            received_kbps=None if policy.ingress is None else policy.ingress.rate_kbps,
            dscp=policy.dscp,
        )


class CountersShown(Shown):
    """What a port sent and received, seen from its workload.

    `sent` is counted before a limit, `received` after it. Both sum since the port was plugged, and are null
    while nobody has told them, which is not zero. `samples` is how they grew, the oldest first. `told_at` is
    when the host told last; it is `silent` when that is longer ago than it should be.
    """

    host: str | None
    told_at: datetime | None
    silent: bool
    pace_s: int
    sent: CountShown | None
    received: CountShown | None
    samples: list[SampleShown]
    limit: LimitShown | None


def _kbps(count: Count, seconds: float) -> float:
    return round(count.bytes * 8 / 1000 / seconds, 3)
