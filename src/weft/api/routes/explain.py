"""/explain: may this endpoint reach that one, what decides, and who made it so."""

from collections.abc import Callable, Sequence
from functools import cache

from fastapi import APIRouter

from weft.api import references
from weft.api.auth import sees
from weft.api.context import Asking, Reading
from weft.api.schemas.explain import TO_COME, EndpointIn, ExplainIn, ExplainShown, Telling, VerdictShown
from weft.api.schemas.remedy import RemedyShown
from weft.model.errors import Invalid, WeftError
from weft.model.ids import NetworkId
from weft.model.ipam import first_free
from weft.model.network import Address, Network
from weft.model.policy import Group, Policy, Tier
from weft.model.port import FixedIP, Port, PortKind, mac_for
from weft.model.snapshot import Snapshot
from weft.store import Change, Store
from weft.store.provenance import origin_of_default, origin_of_rule
from weft.store.tokens import Role
from weft.verifier.lines import Line, OfNetwork, Origin
from weft.verifier.station import Station, owner, stations
from weft.verifier.unenforced import Unenforced
from weft.verifier.verdict import Judge, Verdict

router = APIRouter(prefix="/explain", tags=["explain"])


@router.post("")
def explain(asking: Reading, body: ExplainIn) -> ExplainShown:
    """The verdict on traffic between two endpoints, and the lines that decided it on both sides."""
    snapshot = asking.store.snapshot()
    sources, destinations = ends(asking, snapshot, body)
    found = verdicts(snapshot, sources, destinations, body)
    told, unenforced = telling(asking, snapshot), Unenforced(snapshot)
    return ExplainShown(
        revision=snapshot.revision,
        passes=any(verdict.passes for verdict in found),
        verdicts=[VerdictShown.from_model(told, verdict, unenforced) for verdict in found],
        remedies=_remedies(asking, snapshot, found) if body.remedies else [],
    )


def telling(asking: Asking, snapshot: Snapshot) -> Telling:
    """The words of an explanation, with who made each line what it is."""
    return Telling(snapshot, _origins(asking.store))


def _remedies(asking: Asking, snapshot: Snapshot, judged: Sequence[Verdict]) -> list[RemedyShown]:
    """What would turn the first verdict that anything can turn."""

    def editable(one: Policy | Group) -> bool:
        if asking.caller.role is Role.ADMIN:
            return True
        ours = asking.caller.role is Role.MEMBER and sees(asking.caller, one.project_id)
        return ours and not (isinstance(one, Policy) and one.tier is Tier.ADMIN)

    found = asking.api.planner.remedies(snapshot, judged, editable)
    return [RemedyShown.from_model(snapshot, one) for one in found]


def verdicts(
    snapshot: Snapshot, sources: Sequence[Station], destinations: Sequence[Station], body: ExplainIn
) -> list[Verdict]:
    """A verdict for every two addresses of the ends. Raises Invalid."""
    judge = Judge(snapshot)
    versions = {station.address.version for station in sources}
    found = [
        judge.verdict(source, destination, header)
        for version in (4, 6)
        if (header := body.traffic.to_model(version)) is not None
        for source in sources
        for destination in destinations
        if source.address.version == destination.address.version == version
    ]
    if not found:
        spoken = " and ".join(f"IPv{version}" for version in sorted(versions)) or "no IP at all"
        raise Invalid(
            f"there is no such traffic between these two: the source speaks {spoken}; "
            "ask about endpoints with addresses of the same IP version, and a protocol that it has",
            field="traffic",
        )
    return found


def ends(asking: Asking, snapshot: Snapshot, body: ExplainIn) -> tuple[Sequence[Station], Sequence[Station]]:
    """Both ends; an address means what it means where the other end is, or else a floating IP."""
    source = _port(asking, snapshot, body.source, body.project, "source")
    destination = _port(asking, snapshot, body.destination, body.project, "destination")
    found = (
        _stations(asking, snapshot, source, body.source, destination),
        _stations(asking, snapshot, destination, body.destination, source),
    )
    if all(station.port is None for end in found for station in end):
        raise Invalid("two addresses say nothing; name the port of at least one end", field="source")
    return found


def _stations(
    asking: Asking, snapshot: Snapshot, port: Port | None, asked: EndpointIn, other: Port | None
) -> Sequence[Station]:
    if port is not None:
        return stations(port)
    if asked.address is None:
        raise ValueError("an end is a port or an address")
    found = None if other is None else owner(snapshot, other.network_id, asked.address)
    called = None if found is not None else _by_floating_ip(asking, snapshot, asked.address)
    return (Station(asked.address, found) if called is None else called,)


def _by_floating_ip(asking: Asking, snapshot: Snapshot, address: Address) -> Station | None:
    """The port to which a floating IP leads that the caller may see. Raises Invalid."""
    led = {port: one for port, one in snapshot.floating_of.items() if one.address == address}
    found = [(snapshot.ports[port], one) for port, one in led.items() if sees(asking.caller, one.project_id)]
    if len(found) > 1:
        called = " and ".join(sorted(one.name for _, one in found))
        raise Invalid(
            f"{address} is floating IP {called}, on several networks; name the port", field="address"
        )
    for port, floating in found:
        if port.first_ip4 is not None:
            return Station(port.first_ip4, port, floating)
    return None


def _port(
    asking: Asking, snapshot: Snapshot, asked: EndpointIn, within: str | None, field: str
) -> Port | None:
    """The port that is meant, or a port as it would be; None for an address."""
    try:
        if asked.port is not None:
            return references.visible(snapshot, asking.caller, Port, asked.port, within)
        if asked.network is not None:
            network = references.visible(snapshot, asking.caller, Network, asked.network, within)
            return _to_come(snapshot, network, asked)
    except WeftError as error:
        error.field = field
        raise
    return None


def _to_come(snapshot: Snapshot, network: Network, asked: EndpointIn) -> Port:
    """A port that does not exist yet, with the addresses that it would get."""
    return Port(
        id=TO_COME,
        project_id=network.project_id,
        network_id=network.id,
        name=f"a new endpoint on {network.name}",
        kind=PortKind.CONTAINER,
        mac=mac_for(TO_COME),
        fixed_ips=_next_addresses(snapshot, network.id),
        labels=dict(asked.labels or {}),
    )


def _next_addresses(snapshot: Snapshot, network: NetworkId) -> tuple[FixedIP, ...]:
    taken = {fixed.address for port in snapshot.ports_of.get(network, ()) for fixed in port.fixed_ips}
    found: dict[int, FixedIP] = {}
    for subnet in snapshot.subnets_of.get(network, ()):
        address = first_free(subnet, taken)
        if address is not None:
            found.setdefault(address.version, FixedIP(subnet.id, address))
    return tuple(found.values())


def _origins(store: Store) -> Callable[[Line], Change | None]:
    """Who made a line what it is; each is looked up once."""

    @cache
    def origin(line: Line) -> Change | None:
        if line.policy is not None and line.rule is not None:
            return origin_of_rule(store, line.policy, line.rule.id)
        if line.origin is Origin.DEFAULT and isinstance(line.target, OfNetwork):
            network = store.snapshot().networks.get(line.target.network)
            return None if network is None else origin_of_default(store, network, line.direction)
        return None

    return origin
