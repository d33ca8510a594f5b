"""What the switch counted is told by the ports' ids: with heartbeats, and more often while somebody looks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from weft.agent.counters import MOST_TOLD, RETRY_S, Counters, Interface, interfaces_in
from weft.agent.heartbeat import PERIOD_S
from weft.agent.unixctl import ANSWER_S, DaemonUnreachable
from weft.client import HeartbeatTold, ServerUnreachable

TEXT = """netdev@ovs-netdev:
  lookups: hit:93 missed:40 lost:0
  flows: 5
  port 0: ovs-netdev (tap)
    RX packets:0 errors:0 dropped:0 overruns:0 frame:0
    TX packets:0 errors:0 dropped:9 aborted:0 carrier:0
    collisions:0
    RX bytes:0  TX bytes:0
  port 1: genev_sys_6081 (geneve: packet_type=ptap)
    RX packets:? errors:? dropped:? overruns:? frame:?
    TX packets:? errors:? dropped:? aborted:? carrier:?
    collisions:?
    RX bytes:?  TX bytes:?
  port 4: w1 (afxdp-nonpmd)
    RX packets:11 errors:0 dropped:1 overruns:0 frame:0
    TX packets:20 errors:0 dropped:2 aborted:0 carrier:0
    collisions:0
    RX bytes:1100 (1.1 KiB)  TX bytes:2048000 (2.0 MiB)
  port 5: tap0
    RX packets:7 errors:0 dropped:0 overruns:0 frame:0
    TX packets:8 errors:0 dropped:0 aborted:0 carrier:0
    collisions:0
    RX bytes:700  TX bytes:800
"""
"""As Open vSwitch 3.1 prints it (lib/dpctl.c, show_dpif)."""

W1, TAP0 = Interface("w1", (1100, 11, 1), (2048000, 20, 2)), Interface("tap0", (700, 7, 0), (800, 8, 0))


@dataclass
class World:
    """A host whose switch says TEXT, and a server that wants to hear every 5 s."""

    now: float = 100.0
    text: str = TEXT
    plugged: dict[str, str] = field(default_factory=lambda: {"w1": "port-1", "tap0": "port-2", "br-int": ""})
    away: bool = False
    broken: bool = False
    told: list[list[Any]] = field(default_factory=list)
    watched: bool = True

    def command(self, name: str, *arguments: str, timeout_s: float = ANSWER_S) -> str:
        assert (name, arguments, timeout_s) == ("dpctl/show", ("-s",), ANSWER_S)
        if self.broken:
            raise DaemonUnreachable("ovs-vswitchd does not run here")
        return self.text

    def report_counters(self, host: str, message: Mapping[str, Any]) -> float:
        assert (host, message["clock_s"]) == ("h1", self.now)
        if self.away:
            raise ServerUnreachable("https://server", "away")
        self.told.append(message["ports"])
        return self.pace

    @property
    def pace(self) -> float:
        return 5 if self.watched else 15

    def counters(self) -> Counters:
        return Counters("h1", self, self, lambda: self.plugged, clock=lambda: self.now)

    def beat(self, counters: Counters) -> Mapping[str, Any]:
        """A heartbeat that is answered: what it said."""
        said = counters.said()
        counters.heard(HeartbeatTold(counters_pace_s=self.pace))
        return said


def test_interfaces_are_read_and_those_that_cannot_count_are_left_out() -> None:
    assert [one for one in interfaces_in(TEXT) if one.name != "ovs-netdev"] == [W1, TAP0]


def test_an_answer_that_was_cut_off_is_read_as_far_as_it_is_whole() -> None:
    whole = list(interfaces_in(TEXT))
    for cut in range(0, len(TEXT), 7):
        found = list(interfaces_in(TEXT[:cut]))
        assert [one.name for one in found] == [one.name for one in whole][: len(found)]


def test_what_is_plugged_goes_with_a_heartbeat_under_its_ports_id_and_nothing_else() -> None:
    assert World().counters().said() == {
        "counters": {
            "clock_s": 100.0,
            "ports": [
                {
                    "id": "port-1",
                    "sent": {"bytes": 1100, "packets": 11, "dropped": 1},
                    "received": {"bytes": 2048000, "packets": 20, "dropped": 2},
                },
                {
                    "id": "port-2",
                    "sent": {"bytes": 700, "packets": 7, "dropped": 0},
                    "received": {"bytes": 800, "packets": 8, "dropped": 0},
                },
            ],
        }
    }


def test_while_nobody_looks_there_is_no_request_but_the_heartbeat() -> None:
    world = World(watched=False)
    counters = world.counters()
    for _ in range(100):
        world.beat(counters)
        world.now += PERIOD_S
        counters.look()

    assert world.told == []


def test_while_somebody_looks_it_is_told_as_often_as_the_server_said() -> None:
    world = World()
    counters = world.counters()
    world.beat(counters)
    for pause in (4.9, 0.1, 4.9, 0.1):
        world.now += pause
        counters.look()
    assert len(world.told) == 2

    world.watched = False
    for _ in range(5):
        world.now += 5
        counters.look()
    assert len(world.told) == 3


def test_a_host_without_ports_says_so() -> None:
    said = World(plugged={}).counters().said()

    assert said == {"counters": {"clock_s": 100.0, "ports": []}}


def test_a_server_or_a_switch_that_is_away_is_tried_again_later() -> None:
    world = World(away=True)
    counters = world.counters()
    world.beat(counters)
    world.now += 5
    counters.look()
    world.away, world.broken = False, True
    world.now += RETRY_S
    counters.look()
    assert (world.told, counters.said()) == ([], {})

    world.broken = False
    world.now += RETRY_S
    counters.look()
    assert len(world.told) == 1


def test_more_ports_than_a_heartbeat_carries_are_told_in_pieces_by_themselves() -> None:
    piece = TEXT[TEXT.index("  port 5") :]
    world = World(
        text="".join(piece.replace("tap0", f"t{number}") for number in range(MOST_TOLD + 1)),
        plugged={f"t{number}": f"port-{number}" for number in range(MOST_TOLD + 1)},
        watched=False,
    )
    counters = world.counters()

    assert world.beat(counters) == {}
    world.now += world.pace
    counters.look()
    assert [len(one) for one in world.told] == [MOST_TOLD, 1]
