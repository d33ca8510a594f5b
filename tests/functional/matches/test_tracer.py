"""OVN's own trace, run and read: its steps are called by our rules."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.functional.matches.conftest import Ovn
from tests.functional.matches.test_matches_parse import APP, DB, FAR, MODEL, NEAR, OPEN, WEB, member
from tests.support.builders import an_id

from weft.api.tracing import Told, entry, microflow, told
from weft.model.ids import RuleId
from weft.model.policy import Protocol
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.ovn.trace import TraceFailed, Tracer
from weft.verifier.packet import transport
from weft.verifier.station import Station


@pytest.fixture(scope="module")
def ovn(new_ovn: Callable[[Snapshot], Ovn]) -> Ovn:
    return new_ovn(MODEL)


@pytest.fixture(scope="module")
def tracer(ovn: Ovn) -> Tracer:
    return Tracer(ovn.remote("nb"), ovn.remote("sb"))


def traced(tracer: Tracer, source: Port, target: Port, port: int, protocol: Protocol = Protocol.TCP) -> Told:
    here, there = (Station(end.fixed_ips[0].address, end) for end in (source, target))
    packet = microflow(MODEL, here, there, transport(4, protocol, port))
    return told(MODEL, tracer(entry(source), packet), target)


def test_a_rule_that_decides_is_named_by_its_policy_and_its_place(tracer: Tracer) -> None:
    found = traced(tracer, APP, DB, 5432)

    assert found.arrives
    assert found.lines == (
        "on network net:",
        "  the default band of the network decides where it is sent",
        "  one of the rules 1 to 2 of policy db decides where it is received",
    ), "one ACL stands for both"


@pytest.mark.parametrize(
    ("source", "protocol", "rule"),
    [
        pytest.param(WEB, Protocol.TCP, "db-3", id="reject: the answer's own way is not the packet's"),
        pytest.param(OPEN, Protocol.UDP, "db-4", id="drop, with log"),
    ],
)
def test_what_ends_on_the_way_ends_with_the_rule_that_ended_it(
    tracer: Tracer, source: Port, protocol: Protocol, rule: str
) -> None:
    found = traced(tracer, source, DB, 5432, protocol)

    assert not found.arrives
    (policy,) = (policy for policy in MODEL.policies.values() if policy.name == "db")
    place = [each.id for each in policy.rules].index(RuleId(an_id("rule", rule)))
    assert found.lines[-1] == f"  rule {place + 1} of policy db decides where it is received"


def test_a_way_through_a_router_is_told_network_by_network(tracer: Tracer) -> None:
    routed = next(port for port in MODEL.ports.values() if port.name == "routed-1")

    found = traced(tracer, routed, FAR, 80)

    assert [line for line in found.lines if line.startswith("on ")] == [
        "on network routed:",
        "on router shop:",
        "on network near:",
    ]
    assert "  it is routed" in found.lines


def test_a_forged_address_is_told_as_such(tracer: Tracer) -> None:
    here, there = Station(DB.fixed_ips[0].address, APP), Station(WEB.fixed_ips[0].address, WEB)
    packet = microflow(MODEL, here, there, transport(4, Protocol.TCP, 80))

    found = told(MODEL, tracer(entry(APP), packet), WEB)

    assert not found.arrives
    assert "anti-spoofing" in found.lines[-1]


def test_a_port_that_ovn_does_not_know_is_a_failure_that_says_so(tracer: Tracer) -> None:
    with pytest.raises(TraceFailed, match="ovn-trace"):
        traced(tracer, member(99, "stranger"), WEB, 80)


def test_a_database_that_is_away_is_a_failure(ovn: Ovn) -> None:
    away = Tracer(ovn.remote("nb"), f"unix:{ovn.place}/no.sock", longest_s=1)

    with pytest.raises(TraceFailed):
        traced(away, NEAR, FAR, 80)


def test_a_database_that_never_answers_ends_the_trace_and_its_program(ovn: Ovn, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent.sock"))
        silent.listen()
        stuck = Tracer(ovn.remote("nb"), f"unix:{tmp_path}/silent.sock", longest_s=1)

        with pytest.raises(TraceFailed, match=r"ovn-trace could not be run to its end: .* timed out"):
            traced(stuck, NEAR, FAR, 80)
