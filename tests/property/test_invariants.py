"""An invariant holds exactly where a look at every single packet says so."""

from collections import Counter
from random import Random

import pytest
from tests.property.test_difference import DHCP
from tests.support import naive
from tests.support.builders import a_peer, a_service, an_id
from tests.support.random_models import GROUPS, random_model

from weft.model.ids import InvariantId, ProjectId
from weft.model.invariant import Invariant, Promise
from weft.model.policy import Protocol
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.verifier.invariants import Breach, breaches, end_of
from weft.verifier.lines import OfGroup, OfNetwork
from weft.verifier.packet import EPHEMERAL, Header
from weft.verifier.world import World

SERVICES = ["tcp/80", "tcp/81", "udp/53", "sctp/7", "icmp/8.0", "tcp/443"]


def _invariant(chance: Random, number: int) -> Invariant:
    ends = [
        chance.choice([a_peer(group=chance.choice(list(GROUPS))), a_peer(network="blue"), a_peer()])
        for _ in range(2)
    ]
    return Invariant(
        id=InvariantId(an_id("invariant", str(number))),
        project_id=ProjectId(an_id("project", "default")),
        name=f"i{number}",
        promise=chance.choice(list(Promise)),
        source=ends[0],
        destination=ends[1],
        service=a_service(chance.choice(SERVICES)),
    )


def _members(model: Snapshot, invariant: Invariant, *, source: bool) -> list[Port]:
    who = end_of(invariant, invariant.source if source else invariant.destination)
    match who:
        case OfGroup(group):
            return [model.ports[p] for p in model.members_of[group]]
        case OfNetwork(network):
            return [p for p in model.ports.values() if p.network_id == network]
        case _:
            return list(model.ports.values())


def _holds(model: Snapshot, invariant: Invariant) -> bool:
    """By every two ports, addresses and both kinds of source port."""
    service = invariant.service
    value = service.ports[0].first if service.ports else 8 << 8
    for one in _members(model, invariant, source=True):
        for other in _members(model, invariant, source=False):
            if one.id == other.id:
                continue
            versions = (4,) if service.protocol is Protocol.ICMP else (4, 6)
            said = [
                naive.arrives(model, one, a.address, other, b.address, header)
                for version in versions
                for port in ([0] if service.protocol is Protocol.ICMP else [EPHEMERAL, 80, 53, 7, 443, 1500])
                for header in [
                    Header(version=version, protocol=service.protocol, value=value, source_port=port)
                ]
                for a in one.fixed_ips
                for b in other.fixed_ips
                if a.address.version == b.address.version == version
            ]
            if invariant.promise is Promise.NEVER and any(said):
                return False
            if invariant.promise is Promise.ALWAYS and (not said or not all(said)):
                return False
    return True


def _shows(model: Snapshot, breach: Breach) -> bool:
    """Whether the counter-example is one."""
    one, other = breach.source, breach.destination
    assert one.port is not None
    assert other.port is not None
    if breach.header is None:
        return breach.invariant.promise is Promise.ALWAYS
    assert (breach.header.source_port, breach.header.value) not in DHCP
    passes = naive.arrives(model, one.port, one.address, other.port, other.address, breach.header)
    return passes is (breach.invariant.promise is Promise.NEVER)


@pytest.mark.parametrize("start", range(0, 150, 50))
def test_what_breaks_is_what_every_single_packet_says(start: int) -> None:
    seen: Counter[tuple[Promise, bool]] = Counter()
    for seed in range(start, start + 50):
        model, chance = random_model(seed, most_ports=5), Random(seed)
        asked = [_invariant(chance, number) for number in range(12)]
        found = {breach.invariant.id: breach for breach in breaches(World.of(model), asked)}
        for invariant in asked:
            assert (invariant.id not in found) is _holds(model, invariant), (seed, invariant)
            seen[invariant.promise, invariant.id in found] += 1
        for breach in found.values():
            assert _shows(model, breach), (seed, breach)
    assert len(seen) == 4
    assert min(seen.values()) > 5


def test_any_service_is_all_of_them_but_neighbour_discovery() -> None:
    for seed in range(40):
        model = random_model(seed, most_ports=4)
        never = Invariant(
            id=InvariantId(an_id("invariant", "any")),
            project_id=ProjectId(an_id("project", "default")),
            name="any",
            promise=Promise.NEVER,
        )
        for breach in breaches(World.of(model), [never]):
            assert _shows(model, breach), (seed, breach)
            assert breach.header is not None
            assert breach.header.protocol is not Protocol.ICMPV6 or breach.header.value >> 8 not in (
                133,
                135,
                136,
            )
