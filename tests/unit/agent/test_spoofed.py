"""What anti-spoofing dropped is told once for each port; and nothing where it cannot be known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from weft.agent.hits import FlowsUnreadable
from weft.agent.spoofed import INTERVAL_S, MOST_TOLD, SILENCE_S, Local, Spoofed, interfaces_in
from weft.client import ServerUnreachable

BEGAN = datetime(2026, 11, 28, tzinfo=UTC)
_AGE = 100.0


def came_in(cookie: int, interface: str) -> str:
    """As OVN 23.03 and Open vSwitch 3.1 print it, shortened at its end."""
    return (
        f" cookie={cookie:#x}, duration=3.4s, table=0, n_packets=20, n_bytes=976, idle_age=1, priority=100,"
        f'in_port="{interface}" actions=set_field:0x3->reg13,resubmit(,8)\n'
    )


def checked(cookie: int, refused: int, discovery: int, age_s: float) -> str:
    start = f" cookie={cookie:#x}, duration={age_s}s,"
    end = "idle_age=3, priority"
    here = "reg14=0x1,metadata=0x2"
    return (
        f"{start} table=73, n_packets=5, n_bytes=210, {end}=95,arp,{here} actions=resubmit(,74)\n"
        f"{start} table=73, n_packets=50, n_bytes=900, {end}=90,ip,{here},dl_src=0e:b5:0a:54:00:02,"
        "nw_src=10.84.0.2 actions=set_field:0/0x1000->reg10\n"
        f"{start} table=73, n_packets={refused}, n_bytes={refused * 50}, {end}=80,{here} "
        "actions=set_field:0x1000/0x1000->reg10\n"
        f"{start} table=74, n_packets={discovery}, n_bytes={discovery * 42}, {end}=80,arp,{here} "
        "actions=set_field:0x1000/0x1000->reg10\n"
    )


@dataclass
class World:
    """A host with ports, each with a cookie, and a server that takes each message once, as a real one."""

    refused: dict[int, tuple[int, int]]
    unreadable: bool = False
    unchecked: bool = False
    deaf: bool = False
    forgetful: bool = False
    seconds: float = 0.0
    taken: dict[tuple[object, object], Mapping[str, object]] = field(default_factory=dict)

    def flows(self) -> str:
        if self.unreadable:
            raise FlowsUnreadable("no switch")
        incoming = "".join(came_in(cookie, f"if-{cookie}") for cookie in self.refused)
        if self.unchecked:
            return incoming
        age = _AGE + self.seconds
        return incoming + "".join(checked(c, ip, nd, age) for c, (ip, nd) in self.refused.items())

    def report_spoofed(self, host: str, message: Mapping[str, object]) -> None:
        """`deaf` does not hear; `forgetful` hears, and its answer is lost."""
        assert host == "h1"
        if self.deaf:
            raise ServerUnreachable("https://server", "away")
        self.taken.setdefault((message["run"], message["number"]), message)
        if self.forgetful:
            raise ServerUnreachable("https://server", "no answer")

    @property
    def told(self) -> dict[str, int]:
        """By port, what the server took in all."""
        found: dict[str, int] = {}
        for message in self.taken.values():
            for one in cast("list[dict[str, Any]]", message["ports"]):
                found[one["port"]] = found.get(one["port"], 0) + one["packets"]
        return found

    def begun(self) -> Spoofed:
        """An agent that has looked once."""
        local = Local(
            flows=self.flows,
            plugged=lambda: {f"if-{cookie}": f"port-{cookie}" for cookie in self.refused},
            clock=lambda: self.seconds,
            now=lambda: BEGAN + timedelta(seconds=self.seconds),
        )
        agent = Spoofed("h1", self, local)
        agent.look()
        return agent

    def after(self, agent: Spoofed, seconds: float = INTERVAL_S) -> None:
        self.seconds += seconds
        agent.look()


def test_what_is_refused_after_the_first_look_is_told_for_the_port() -> None:
    world = World({1: (1000, 0), 2: (0, 0)})
    agent = world.begun()
    world.refused = {1: (1007, 5), 2: (0, 0)}
    world.after(agent)
    world.after(agent)

    assert world.told == {"port-1": 12}
    last = list(world.taken.values())[-1]
    assert last["since"] == BEGAN.isoformat()
    assert last["until"] == (BEGAN + timedelta(seconds=INTERVAL_S)).isoformat()


def test_a_host_that_refuses_nothing_says_so_every_minute() -> None:
    world = World({1: (0, 0)})
    agent = world.begun()
    world.after(agent)
    assert len(world.taken) == 1

    world.after(agent, SILENCE_S)

    assert (len(world.taken), world.told) == (2, {})


def test_where_nobody_seems_to_be_checked_nothing_is_told() -> None:
    world = World({1: (0, 0)}, unchecked=True)
    agent = world.begun()
    world.after(agent, SILENCE_S)

    assert world.taken == {}


def test_a_host_without_ports_tells_that_nothing_was_refused() -> None:
    world = World({})
    world.begun()

    assert len(world.taken) == 1


def test_flows_that_cannot_be_read_are_no_zero() -> None:
    world = World({1: (0, 0)}, unreadable=True)
    agent = world.begun()
    world.after(agent, SILENCE_S)

    assert world.taken == {}


def test_what_the_server_did_not_hear_is_told_again_and_counted_once() -> None:
    world = World({1: (0, 0)})
    agent = world.begun()
    for trouble in ("deaf", "forgetful"):
        setattr(world, trouble, True)
        ip, nd = world.refused[1]
        world.refused = {1: (ip + 3, nd)}
        world.after(agent)
        setattr(world, trouble, False)
    world.after(agent)

    assert world.told == {"port-1": 6}


def test_many_ports_are_told_in_pieces() -> None:
    many = range(1, MOST_TOLD + 11)
    world = World(dict.fromkeys(many, (0, 0)))
    agent = world.begun()
    world.refused = dict.fromkeys(many, (1, 0))
    world.after(agent)

    assert len(world.told) == MOST_TOLD + 10
    assert max(len(cast("list[object]", message["ports"])) for message in world.taken.values()) == MOST_TOLD


def test_a_cookie_that_two_interfaces_have_is_left_out() -> None:
    assert interfaces_in(came_in(1, "one") + came_in(2, "two") + came_in(1, "three")) == {2: "two"}
