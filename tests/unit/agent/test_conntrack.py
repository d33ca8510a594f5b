"""Connections in Open vSwitch's words, and which of them a host ends."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

import pytest

from weft.agent.conntrack import Conntrack, Tracked, tracked_in
from weft.agent.flush import flush
from weft.agent.unixctl import CommandRefused
from weft.client import FlushDomain, FlushWork
from weft.model.judgement import Clause, Connection, Judgement, Judgements, Peers
from weft.model.policy import Direction, Protocol

ICMP = (
    "icmp,orig=(src=192.168.200.2,dst=192.168.200.3,id=16,type=8,code=0),"
    "reply=(src=192.168.200.3,dst=192.168.200.2,id=16,type=0,code=0),zone=1"
)
TCP = (
    "tcp,orig=(src=192.168.200.2,dst=192.168.200.3,sport=59338,dport=80),"
    "reply=(src=192.168.200.3,dst=192.168.200.2,sport=80,dport=59338),zone=1,mark=0x2,"
    "protoinfo=(state=TIME_WAIT)"
)
UDP6 = (
    "udp,orig=(src=fd00::2,dst=fd00::3,sport=5000,dport=53),"
    "reply=(src=fd00::3,dst=fd00::2,sport=53,dport=5000),zone=70,labels=0x1"
)
GRE = "47,orig=(src=10.0.0.2,dst=10.0.0.3),reply=(src=10.0.0.3,dst=10.0.0.2),zone=3"


def only(text: str) -> Tracked:
    (found,) = tracked_in(text)
    return found


def test_ports_are_read_as_seen_by_who_opened_the_connection() -> None:
    assert only(TCP) == Tracked(
        1,
        Connection(
            source=ip_address("192.168.200.2"),
            destination=ip_address("192.168.200.3"),
            protocol=Protocol.TCP,
            value=80,
            source_port=59338,
        ),
        "ct_nw_src=192.168.200.2,ct_nw_dst=192.168.200.3,ct_nw_proto=6,ct_tp_src=59338,ct_tp_dst=80",
    )


def test_an_echo_is_read_by_its_type() -> None:
    found = only(ICMP)

    assert (found.connection.protocol, found.connection.value) == (Protocol.ICMP, 0x800)
    assert found.words.endswith("ct_nw_proto=1,icmp_type=8,icmp_code=0,icmp_id=16")


def test_ipv6_is_read() -> None:
    found = only(UDP6)

    assert (found.zone, found.connection.source) == (70, ip_address("fd00::2"))
    assert found.words.startswith("ct_ipv6_src=fd00::2,ct_ipv6_dst=fd00::3,ct_nw_proto=17")


def test_a_protocol_without_ports_is_read() -> None:
    found = only(GRE)

    assert found.connection.protocol is None
    assert found.words == "ct_nw_src=10.0.0.2,ct_nw_dst=10.0.0.3,ct_nw_proto=47"


@pytest.mark.parametrize("line", ["", "nonsense", "tcp,orig=(src=10.0.0.1),reply=(),zone=1"])
def test_other_lines_are_left_out(line: str) -> None:
    assert list(tracked_in(line)) == []


@dataclass
class FakeVswitchd:
    """Holds connections as text."""

    lines: list[str]
    refusal: str = ""
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def command(self, name: str, *arguments: str) -> str:
        self.asked.append((name, *arguments))
        if name == "dpctl/dump-conntrack":
            return "\n".join(self.lines)
        if self.refusal:
            raise CommandRefused(self.refusal)
        return ""


def test_a_connection_is_ended_in_its_own_zone() -> None:
    vswitchd = FakeVswitchd([TCP])
    conntrack = Conntrack(vswitchd)
    (one,) = conntrack.tracked()

    conntrack.end(one)

    assert vswitchd.asked[-1] == ("dpctl/flush-conntrack", "zone=1", one.words)


def test_one_that_ended_by_itself_is_no_error_and_any_other_refusal_is() -> None:
    gone = Conntrack(FakeVswitchd([TCP], "ovs-vswitchd refused it: No such file or directory"))
    gone.end(only(TCP))

    with pytest.raises(CommandRefused):
        Conntrack(FakeVswitchd([TCP], "ovs-vswitchd refused it: Invalid argument")).end(only(TCP))


@dataclass
class FakeTracking:
    """The connections of a host."""

    held: list[Tracked]

    def tracked(self) -> Iterator[Tracked]:
        return iter(self.held)

    def end(self, one: Tracked) -> None:
        self.held.remove(one)


def work(*ports: str) -> FlushWork:
    """The second address lets nobody but the first in, and that one only by TCP to port 80."""
    web = Peers.of([ip_network("192.168.200.2/32")])
    judgement = Judgement(
        direction=Direction.INGRESS,
        addresses=frozenset({ip_address("192.168.200.3")}),
        clauses=(
            Clause(allows=True, peers=web, protocol=Protocol.TCP, values=((80, 80),)),
            Clause(allows=False),
        ),
    )
    return FlushWork(
        acknowledge=7, domains=(FlushDomain(ports=ports, judgements=Judgements.of([judgement])),)
    )


def test_what_is_not_allowed_ends_and_what_is_allowed_does_not() -> None:
    tracking = FakeTracking([only(TCP), only(ICMP)])

    ended = flush(work("b"), {"b": 1}, tracking)

    assert (ended, tracking.held) == (1, [only(TCP)])


def test_zones_of_other_ports_are_not_touched() -> None:
    tracking = FakeTracking([only(ICMP)])

    assert flush(work("b"), {"b": 9, "c": 1}, tracking) == 0


def test_a_port_that_is_not_plugged_has_nothing_to_end() -> None:
    assert flush(work("b"), {}, FakeTracking([only(ICMP)])) == 0
