"""Machines on VLANs are plugged as the server says, heal, stay while it is away, and say what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from weft.agent.baremetal.keeper import ASK_S, RETELL_S, Machines
from weft.agent.baremetal.patches import Patch
from weft.client import Machine, ServerUnreachable
from weft.ovsdb import OvsdbError

PRINTER = Machine(port_id="p1", physical_network="physnet1", vlan=120)
SCANNER = Machine(port_id="p2", physical_network="physnet1", vlan=121)
PLUGGED = Patch(port_id="p1", bridge="br-ex", vlan=120)


@dataclass
class Site:
    """A server, a switch and a clock."""

    machines: list[Machine] = field(default_factory=list)
    away: bool = False
    refuses: bool = False
    answers: bool = True
    mappings: dict[str, str] = field(default_factory=lambda: {"physnet1": "br-ex"})
    kinds: dict[str, str] = field(default_factory=lambda: {"br-int": "netdev", "br-ex": "netdev"})
    plugged: dict[str, Patch | None] = field(default_factory=dict)
    made: int = 0
    told: list[tuple[str, str, str]] = field(default_factory=list)
    now: float = 1000.0

    def host_machines(self, host: str) -> Sequence[Machine]:
        assert host == "gw"
        if self.away:
            raise ServerUnreachable("https://weft", "it does not answer")
        return tuple(self.machines)

    def set_port_status(self, host: str, port_id: str, state: str, reason: str = "") -> None:
        assert host == "gw"
        if self.away:
            raise ServerUnreachable("https://weft", "it does not answer")
        self.told.append((port_id, state, reason))

    def bridge_mappings(self) -> Mapping[str, str]:
        return self.mappings

    def bridges(self) -> Mapping[str, str]:
        return self.kinds

    def datapath(self) -> str:
        return self.kinds["br-int"]

    def patches(self) -> Mapping[str, Patch | None]:
        return dict(self.plugged)

    def patch(self, patch: Patch) -> None:
        if self.refuses:
            raise OvsdbError("constraint violation", "no more")
        self.plugged[patch.port_id] = patch
        self.made += 1

    def unpatch(self, port_id: str) -> None:
        self.plugged.pop(port_id, None)

    def installed(self) -> frozenset[str]:
        return frozenset(port_id for port_id, patch in self.plugged.items() if patch and self.answers)


@pytest.fixture
def site() -> Site:
    return Site(machines=[PRINTER])


@pytest.fixture
def agent(site: Site) -> Machines:
    return Machines("gw", site, site, clock=lambda: site.now)


def look(site: Site, agent: Machines, after_s: float = ASK_S) -> None:
    site.now += after_s
    agent.look()


def states(site: Site) -> list[tuple[str, str]]:
    return [(port_id, state) for port_id, state, _ in site.told]


def test_what_the_server_names_is_plugged_once_and_up_when_ovn_has_it(site: Site, agent: Machines) -> None:
    site.answers = False
    look(site, agent)
    assert site.plugged == {"p1": PLUGGED}
    site.answers = True
    for _ in range(3):
        look(site, agent)

    assert site.made == 1
    assert states(site) == [("p1", "pending"), ("p1", "up")]


def test_what_the_server_names_no_more_goes_and_what_it_never_named_too(site: Site, agent: Machines) -> None:
    site.plugged["stranger"] = None
    look(site, agent)
    assert site.plugged == {"p1": PLUGGED}

    site.machines = [SCANNER]
    look(site, agent)

    assert site.plugged == {"p2": Patch(port_id="p2", bridge="br-ex", vlan=121)}


def test_another_vlan_takes_the_place_of_the_first(site: Site, agent: Machines) -> None:
    look(site, agent)
    site.machines = [Machine(port_id="p1", physical_network="physnet1", vlan=7)]
    look(site, agent)

    assert site.plugged == {"p1": Patch(port_id="p1", bridge="br-ex", vlan=7)}


def test_damage_is_repaired_at_the_next_look_even_while_the_server_is_away(
    site: Site, agent: Machines
) -> None:
    look(site, agent)
    site.away = True
    site.plugged["p1"] = None
    look(site, agent)

    assert site.plugged == {"p1": PLUGGED}


def test_an_agent_that_starts_while_the_server_is_away_leaves_what_stands(
    site: Site, agent: Machines
) -> None:
    site.away, site.plugged = True, {"p1": PLUGGED, "p2": None}
    look(site, agent)

    assert (site.plugged, site.made, site.told) == ({"p1": PLUGGED, "p2": None}, 0, [])


@pytest.mark.parametrize(
    ("mappings", "kinds", "why"),
    [
        ({}, {"br-int": "netdev"}, "host gw is not connected to physical network physnet1"),
        ({"physnet1": "br-ex"}, {"br-int": "netdev"}, "host gw has no bridge br-ex"),
        ({"physnet1": "br-ex"}, {"br-int": "netdev", "br-ex": "system"}, "datapath_type=netdev"),
    ],
)
def test_a_machine_that_cannot_be_plugged_has_failed_and_says_why_and_works_when_it_can(
    site: Site, agent: Machines, mappings: dict[str, str], kinds: dict[str, str], why: str
) -> None:
    right = site.mappings, site.kinds
    site.mappings, site.kinds = mappings, kinds
    look(site, agent)
    ((port_id, state, reason),) = site.told
    assert (port_id, state, site.plugged) == ("p1", "failed", {})
    assert why in reason

    site.mappings, site.kinds = right
    look(site, agent)

    assert (states(site)[-1], site.plugged) == (("p1", "up"), {"p1": PLUGGED})


def test_when_the_physical_network_goes_the_machine_is_unplugged_and_has_failed(
    site: Site, agent: Machines
) -> None:
    look(site, agent)
    site.mappings = {}
    look(site, agent)

    assert (states(site), site.plugged) == ([("p1", "up"), ("p1", "failed")], {})


def test_a_refusal_of_the_switch_is_one_machines_failure_alone(site: Site, agent: Machines) -> None:
    look(site, agent)
    site.machines, site.refuses = [PRINTER, SCANNER], True
    look(site, agent)

    assert site.told[-1][:2] == ("p2", "failed")
    assert "constraint violation" in site.told[-1][2]
    assert site.plugged == {"p1": PLUGGED}


def test_a_failure_is_told_again_for_others_tell_of_the_port_too(site: Site, agent: Machines) -> None:
    site.mappings = {}
    look(site, agent)
    look(site, agent, after_s=0.1)
    assert len(site.told) == 1

    look(site, agent, after_s=RETELL_S)

    assert states(site) == [("p1", "failed")] * 2


def test_what_could_not_be_told_is_told_later(site: Site, agent: Machines) -> None:
    look(site, agent)
    site.away, site.mappings = True, {}
    look(site, agent)
    site.away = False
    look(site, agent, after_s=0.1)

    assert states(site) == [("p1", "up"), ("p1", "failed")]
