"""Since when a pair is as it is: back over the change log, judging only what can matter to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from uuid import UUID

from weft.api.schemas.explain import TrafficIn
from weft.model.ids import PortId
from weft.model.network import Address
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.store import Change, Declared, Kind, Store
from weft.store.history import changes_back
from weft.verifier.concern import Concern
from weft.verifier.station import Station, owner, stations
from weft.verifier.verdict import Judge

_KINDS = (
    *(Kind.POLICIES, Kind.GROUPS, Kind.ADDRESS_GROUPS),
    *(Kind.NETWORKS, Kind.SUBNETS, Kind.ROUTERS),
)


Held = dict[Kind, dict[UUID | str, Declared]]


class State(StrEnum):
    """How a pair is: `absent` where one of its ends does not exist."""

    OPEN = "open"
    CLOSED = "closed"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """`state` now, `before` it another one, and the changes of one revision that turned it.

    Without changes it was always so as far back as everything is kept. `judged` says how many revisions were
    judged.
    """

    state: State
    before: State | None
    changes: Sequence[Change]
    judged: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two ends, one of them a port, and the traffic between them."""

    source: PortId | Address
    destination: PortId | Address
    traffic: TrafficIn

    @property
    def concern(self) -> Concern:
        """What can matter to it."""
        ends = (self.source, self.destination)
        ports = frozenset(end for end in ends if not isinstance(end, IPv4Address | IPv6Address))
        headers = [header for version in (4, 6) if (header := self.traffic.to_model(version)) is not None]
        return Concern(
            ports, frozenset(end for end in ends if isinstance(end, IPv4Address | IPv6Address)), headers
        )

    def state(self, snapshot: Snapshot) -> State:
        """How it is in a model, which need only have what concerns it."""
        ends = [self._end(snapshot, end) for end in (self.source, self.destination)]
        if None in ends:
            return State.ABSENT
        sources, destinations = (self._stations(snapshot, ends[n], ends[1 - n]) for n in (0, 1))
        judge = Judge(snapshot)
        passes = any(
            judge.verdict(one, other, header).passes
            for header in self.concern.headers
            for one in sources
            for other in destinations
            if one.address.version == other.address.version == header.version
        )
        return State.OPEN if passes else State.CLOSED

    def _end(self, snapshot: Snapshot, end: PortId | Address) -> Port | Address | None:
        return end if isinstance(end, IPv4Address | IPv6Address) else snapshot.ports.get(end)

    def _stations(
        self, snapshot: Snapshot, end: Port | Address | None, other: Port | Address | None
    ) -> Sequence[Station]:
        if isinstance(end, Port):
            return stations(end)
        if end is None or not isinstance(other, Port):
            return ()
        return (Station(end, owner(snapshot, other.network_id, end)),)


def since(store: Store, pair: Pair) -> Since:
    """When the pair became what it is now, as far as is kept."""
    concern, now = pair.concern, store.snapshot()
    kinds = (*_KINDS, Kind.PORTS) if concern.addresses else _KINDS
    held: Held = {kind: dict(getattr(now, kind.value)) for kind in (*_KINDS, Kind.PORTS)}
    state, judged = pair.state(concern.reduced(now)), 1
    for changes in changes_back(store, kinds, [str(port) for port in concern.ports], now.revision):
        after = _model(now, held)
        matters = [change for change in changes if concern.matters(after, change.before, change.after)]
        _put(held, {(change.kind, change.object_id): change.before for change in changes})
        if matters:
            judged += 1
            earlier = pair.state(concern.reduced(_model(now, held)))
            if earlier is not state:
                return Since(state=state, before=earlier, changes=matters, judged=judged)
    return Since(state=state, before=None, changes=(), judged=judged)


def _model(now: Snapshot, held: Held) -> Snapshot:
    return replace(now, **{kind.value: items for kind, items in held.items()})  # type: ignore[arg-type]


def _put(held: Held, versions: Mapping[tuple[Kind, UUID | str], Declared | None]) -> None:
    for (kind, key), version in versions.items():
        held[kind].pop(key, None)
        if version is not None:
            held[kind][key] = version
