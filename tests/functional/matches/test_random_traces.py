"""Random models: what the verifier says of a packet is what OVN's own trace does with it."""

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

import pytest
from tests.functional.matches.conftest import Ovn
from tests.property.test_verdicts import asked
from tests.support.random_models import random_model

from weft.api.tracing import entry, microflow
from weft.model.policy import Protocol
from weft.model.snapshot import Snapshot
from weft.verifier.packet import Header
from weft.verifier.station import Station, link_local, may_use
from weft.verifier.verdict import Judge, Obstacle

MODELS, MODELS_OF_A_PROOF, PACKETS = 10, 500, 14
DHCP = {(68, 67), (67, 68), (546, 547), (547, 546)}
NEIGHBOURS = range(133, 137)
"""RS, RA, NS and NA: what OVN answers itself, and no stack sends with an arbitrary target."""


def traceable(header: Header) -> bool:
    """Whether OVN hands the packet on instead of answering it."""
    if header.protocol is Protocol.ICMPV6:
        return header.value >> 8 not in NEIGHBOURS
    return header.protocol is not Protocol.UDP or (header.source_port, header.value) not in DHCP


def lax(here: Station) -> bool:
    """Where ovn-trace passes what ovn-controller drops: the link-local address of a port without IPv6.

    Seen on 23.03: the flows of table 73 have no IPv6 for such a port, and ovn-trace lets it through.
    """
    assert here.port is not None
    return here.address == link_local(here.port.mac) and not may_use(here.port, here.address)


def packets(seed: int, model: Snapshot) -> Iterator[tuple[Station, Station, Header]]:
    """Some packets of the model, half of them such as pass, as far as there are any."""
    judge = Judge(model)
    found = [q for n in range(10) for q in asked(seed + n, model) if traceable(q[2]) and not lax(q[0])]
    passing = [question for question in found if judge.verdict(*question).passes]
    chance = Random(seed)
    yield from chance.sample(passing, min(PACKETS // 2, len(passing)))
    yield from chance.sample(found, min(PACKETS // 2, len(found)))


@pytest.fixture(scope="module")
def ovn(new_ovn: Callable[[Snapshot], Ovn]) -> Ovn:
    return new_ovn(random_model(0))


@pytest.fixture
def seeds(request: pytest.FixtureRequest) -> range:
    return range(MODELS_OF_A_PROOF if request.config.getoption("proof") else MODELS)


def test_a_packet_arrives_where_the_verifier_says_so_and_nowhere_else(
    ovn: Ovn, seeds: range, record_property: Callable[[str, object], None]
) -> None:
    seen: Counter[str] = Counter()
    for seed in seeds:
        model = random_model(seed)
        ovn.realise(model)
        judge = Judge(model)
        for here, there, header in packets(seed, model):
            assert here.port is not None
            assert there.port is not None
            verdict = judge.verdict(here, there, header)
            seen[verdict.obstacle or ("passes" if verdict.passes else "dropped")] += 1
            packet = microflow(model, here, there, header)
            said = ovn.trace(entry(here.port), packet, "--minimal", "--ct=new", "--ct=new")
            assert (f'output("{there.port.id}")' in said) == verdict.passes, (seed, packet, verdict, said)
    record_property("packets traced", ", ".join(f"{word} {count}" for word, count in seen.items()))
    assert sum(seen.values()) >= 100
    assert all(seen[word] > 3 for word in ("passes", "dropped", Obstacle.SPOOFED)), seen
