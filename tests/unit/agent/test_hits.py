"""What flows matched is told once, whatever becomes of the flows, the switch and the server."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import pytest

from weft.agent.hits import INTERVAL_S, SILENCE_S, Count, Flow, FlowsUnreadable, Hits, flows_in
from weft.client import ServerUnreachable

DROP, OTHER = 0x5C9B7AE4, 0xBA294369
TEXT = """NXST_FLOW reply (xid=0x4):
 cookie=0x0, duration=21.157s, table=0, n_packets=7, n_bytes=8, priority=105,in_port=1 actions=drop
 cookie=0x5c9b7ae4, duration=10.466s, table=16, n_packets=3, n_bytes=294, idle_age=1, \
priority=1400,ip,reg0=0x200/0x200,metadata=0x1 actions=drop
 cookie=0xba294369, duration=10.462s, table=16, n_packets=0, n_bytes=0, idle_age=10, hard_age=9, \
priority=1500,ipv6,reg0=0x80/0x80 actions=resubmit(,17)
"""
"""As Open vSwitch 3.1 prints it."""


def test_flows_are_read_with_what_they_matched() -> None:
    drop, other = flows_in(TEXT)

    assert drop == Flow(DROP, 16, "priority=1400,ip,reg0=0x200/0x200,metadata=0x1", 10.466, 3, 294)
    assert (other.cookie, other.packets) == (OTHER, 0)


@pytest.mark.parametrize("cut", range(0, len(TEXT), 7))
def test_an_answer_that_was_cut_off_is_read_as_far_as_it_is_whole(cut: int) -> None:
    whole = list(flows_in(TEXT))

    assert list(flows_in(TEXT[:cut])) == whole[: len(list(flows_in(TEXT[:cut])))]


@dataclass
class World:
    """A host, its flows, and a server that sums what it is told as the real one does."""

    now: float = 1000.0
    flows: dict[tuple[int, str], tuple[float, int]] = field(default_factory=dict)
    """By cookie and match, when the flow was put in and how many packets of 100 bytes it matched."""
    others: frozenset[int] = frozenset()
    deaf: bool = False
    forgetful: bool = False
    unreadable: bool = False
    taken: set[tuple[str, int]] = field(default_factory=set)
    sums: dict[int, int] = field(default_factory=dict)
    calls: list[Sequence[tuple[int, int, int]]] = field(default_factory=list)

    def report_hits(
        self, host: str, *, run: str, number: int, counted: Sequence[tuple[int, int, int]]
    ) -> Collection[int]:
        """`deaf` does not hear; `forgetful` hears, and its answer is lost."""
        assert host == "h1"
        if self.deaf:
            raise ServerUnreachable("https://server", "away")
        self.calls.append(counted)
        if (run, number) not in self.taken:
            self.taken.add((run, number))
            for cookie, packets, _ in counted:
                self.sums[cookie] = self.sums.get(cookie, 0) + packets
        if self.forgetful:
            raise ServerUnreachable("https://server", "no answer")
        return [cookie for cookie, _, _ in counted if cookie in self.others]

    def put_in(self, match: str = "ip", cookie: int = DROP) -> None:
        self.flows[cookie, match] = self.now, 0

    def matched(self, packets: int, match: str = "ip", cookie: int = DROP) -> None:
        born, before = self.flows[cookie, match]
        self.flows[cookie, match] = born, before + packets

    def dump(self) -> str:
        if self.unreadable:
            raise FlowsUnreadable("no switch")
        return "".join(
            f" cookie={cookie:#x}, duration={self.now - born:.3f}s, table=16, n_packets={packets}, "
            f"n_bytes={packets * 100}, idle_age=0, priority=1,{match} actions=drop\n"
            for (cookie, match), (born, packets) in self.flows.items()
        )

    def hits(self) -> Hits:
        return Hits("h1", self, self.dump, clock=lambda: self.now)

    def later(self, hits: Hits, seconds: float = INTERVAL_S) -> None:
        self.now += seconds
        hits.look()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def hits(world: World) -> Hits:
    found = world.hits()
    world.put_in()
    return found


def test_only_what_moved_is_told(world: World, hits: Hits) -> None:
    world.put_in(cookie=OTHER)
    for packets in (3, 0, 4):
        world.matched(packets)
        world.later(hits)

    assert [list(call) for call in world.calls] == [[(DROP, 3, 300)], [(DROP, 4, 400)]]


def test_flows_of_one_cookie_count_together(world: World, hits: Hits) -> None:
    world.put_in("ipv6")
    world.matched(2)
    world.matched(5, "ipv6")
    world.later(hits)

    assert world.sums == {DROP: 7}


@pytest.mark.parametrize("packets", [1, 3, 9])
def test_a_flow_that_was_put_in_anew_counts_from_nothing(world: World, hits: Hits, packets: int) -> None:
    world.matched(3)
    world.later(hits)
    world.now += 4
    world.put_in()
    world.matched(packets)
    world.later(hits, INTERVAL_S - 4)

    assert world.sums == {DROP: 3 + packets}


def test_flows_that_are_gone_for_a_while_are_no_loss(world: World, hits: Hits) -> None:
    world.matched(3)
    world.later(hits)
    world.flows.clear()
    world.later(hits)
    world.put_in()
    world.matched(2)
    world.later(hits)

    assert world.sums == {DROP: 5}


def test_an_agent_that_starts_again_counts_nothing_twice(world: World, hits: Hits) -> None:
    world.matched(3)
    world.later(hits)
    again = world.hits()
    world.later(again)
    world.matched(2)
    world.later(again)

    assert world.sums == {DROP: 5}


def test_a_server_that_was_away_hears_everything_later(world: World, hits: Hits) -> None:
    world.deaf = True
    for _ in range(3):
        world.matched(2)
        world.later(hits)
    world.deaf = False
    world.later(hits)

    assert world.sums == {DROP: 6}


def test_a_report_whose_answer_was_lost_counts_once(world: World, hits: Hits) -> None:
    world.matched(2)
    world.forgetful = True
    world.later(hits)
    world.matched(3)
    world.later(hits)
    world.forgetful = False
    world.later(hits)

    assert world.sums == {DROP: 5}


def test_what_the_server_has_no_use_for_is_told_once(world: World, hits: Hits) -> None:
    world.others = frozenset({OTHER})
    world.put_in(cookie=OTHER)
    for _ in range(3):
        world.matched(1, cookie=OTHER)
        world.later(hits)

    assert world.sums == {OTHER: 1}


def test_silence_is_told_too_so_that_zero_is_not_unknown(world: World, hits: Hits) -> None:
    world.later(hits)
    world.later(hits)
    world.later(hits, SILENCE_S)

    assert [list(call) for call in world.calls] == [[], []]


def test_flows_that_cannot_be_read_are_no_report_of_nothing(world: World, hits: Hits) -> None:
    world.unreadable = True
    world.later(hits)
    unread = list(world.calls)
    world.unreadable = False
    world.matched(2)
    world.later(hits)

    assert unread == []
    assert world.sums == {DROP: 2}


def test_counts_add_up() -> None:
    assert Count(1, 60) + Count(2, 90) == Count(3, 150)
