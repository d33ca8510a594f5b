"""What OVN logged is told once and named, also over restarts; what a meter kept from the log is told, too."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from weft.agent.drops import METERS_S, SILENCE_S, Drops, Local
from weft.agent.kept_log import KeptLog
from weft.agent.meters import MetersUnreadable, dropped_in, ids_in
from weft.client import ServerUnreachable

LINE = (
    '2026-11-28T00:15:52.763Z|00004|acl_log(ovn_pinctrl0)|INFO|name="weft-22e54354-76c1-4315-a594-270a06ca5741",'
    " verdict=drop, severity=info, direction=to-lport: tcp,vlan_tci=0x0000,dl_src=da:25:0a:52:00:02,"
    "dl_dst=da:25:0a:52:00:03,nw_src=10.82.0.2,nw_dst=10.82.0.3,nw_tos=0,nw_ecn=0,nw_ttl=64,nw_frag=no,"
    "tp_src=32886,tp_dst={port},tcp_flags=syn"
)
METER = "weft_drop_7ea7436f_e841_44a7_ba04_5523ce852ae7"
START = datetime(2026, 11, 28, tzinfo=UTC)


@dataclass
class World:
    """A host, its log and its meters, and a server that takes each message once as the real one does."""

    path: Path
    seconds: float = 100.0
    kept: dict[str, int] = field(default_factory=dict)
    unreadable: bool = False
    deaf: bool = False
    forgetful: bool = False
    process: int = 7
    commands: list[tuple[str, ...]] = field(default_factory=list)
    calls: int = 0
    taken: dict[tuple[str, int], Mapping[str, Any]] = field(default_factory=dict)

    def report_drops(self, host: str, message: Mapping[str, Any]) -> None:
        """`deaf` does not hear; `forgetful` hears, and its answer is lost."""
        assert host == "h1"
        if self.deaf:
            raise ServerUnreachable("https://server", "away")
        self.calls += 1
        self.taken.setdefault((message["run"], message["number"]), message)
        if self.forgetful:
            raise ServerUnreachable("https://server", "no answer")

    def pid(self) -> int:
        return self.process

    def command(self, name: str, *arguments: str, timeout_s: float = 10.0) -> str:
        del timeout_s
        self.commands.append((name, *arguments))
        return ""

    def meters(self) -> Mapping[str, int]:
        if self.unreadable:
            raise MetersUnreadable("no switch")
        return dict(self.kept)

    def logs(self, *ports: int) -> None:
        with self.path.open("a") as log:
            log.writelines(LINE.format(port=port) + "\n" for port in ports)

    def after(self, seconds: float, drops: Drops) -> None:
        self.seconds += seconds
        drops.look()

    def ports(self) -> dict[int, int]:
        """How many packets to each port were told of."""
        found: dict[int, int] = {}
        for message in self.taken.values():
            for each in message["packets"]:
                port = each["destination_port"]
                found[port] = found.get(port, 0) + each["count"]
        return found

    def unlogged(self) -> int:
        return sum(each["packets"] for message in self.taken.values() for each in message["unlogged"])


@pytest.fixture
def world(tmp_path: Path) -> World:
    path = tmp_path / "ovn-controller.log"
    path.write_text("2026-11-28T00:15:22.404Z|00001|vlog|INFO|opened log file\n")
    return World(path)


Agent = Callable[[], Drops]


@pytest.fixture
def agent(world: World) -> Iterator[Agent]:
    """Starts one (again)."""
    with ExitStack() as stack:

        def start() -> Drops:
            log = KeptLog(world.path, world.path.parent / "drops.json")
            stack.callback(log.close)
            local = Local(
                log=log,
                controller=world,
                meters=world.meters,
                clock=lambda: world.seconds,
                now=lambda: START + timedelta(seconds=world.seconds),
            )
            return Drops("h1", world, local)

        yield start


def test_packets_are_told_once_and_together(world: World, agent: Agent) -> None:
    drops = agent()
    world.logs(80, 443, 80)
    world.after(1, drops)
    world.after(1, drops)
    world.logs(80)
    world.after(1, drops)

    assert world.ports() == {80: 3, 443: 1}


def test_the_server_hears_now_and_then_that_there_is_nothing(world: World, agent: Agent) -> None:
    drops = agent()
    for _ in range(int(2.5 * SILENCE_S)):
        world.after(1, drops)

    assert len(world.taken) == 3
    assert world.ports() == {}


def test_lines_about_other_things_are_not_told(world: World, agent: Agent) -> None:
    drops = agent()
    world.after(1, drops)
    with world.path.open("a") as log:
        log.write("2026-11-28T00:16:22.404Z|00009|binding|INFO|Claiming lport\n")
    world.after(1, drops)

    assert world.calls == 1


@pytest.mark.parametrize("fault", ["deaf", "forgetful"])
def test_what_the_server_did_not_hear_is_told_again_and_counts_once(
    world: World, agent: Agent, fault: str
) -> None:
    drops = agent()
    setattr(world, fault, True)
    for _ in range(3):
        world.logs(80)
        world.after(1, drops)
    setattr(world, fault, False)
    world.after(1, drops)
    world.after(1, drops)

    assert world.ports() == {80: 3}


@pytest.mark.parametrize("fault", ["deaf", "forgetful"])
def test_an_agent_that_ends_in_the_middle_loses_nothing_and_tells_nothing_twice(
    world: World, agent: Agent, fault: str
) -> None:
    drops = agent()
    setattr(world, fault, True)
    world.logs(80)
    world.after(1, drops)
    world.logs(443)
    setattr(world, fault, False)

    again = agent()
    world.after(1, again)
    world.after(1, again)

    assert world.ports() == {80: 1, 443: 1}


def test_what_a_meter_kept_from_the_log_is_told_with_the_time_in_which_it_was(
    world: World, agent: Agent
) -> None:
    world.kept[METER] = 1000
    drops = agent()
    world.after(1, drops)
    world.kept[METER] = 1700
    world.after(METERS_S, drops)

    (said,) = (each for message in world.taken.values() for each in message["unlogged"])
    assert (said["meter"], said["packets"]) == (METER, 700)
    assert said["until"] == (START + timedelta(seconds=world.seconds)).isoformat()
    assert datetime.fromisoformat(said["until"]) - datetime.fromisoformat(said["since"]) == timedelta(
        seconds=METERS_S
    )


def test_a_meter_that_is_put_in_anew_counts_from_nothing(world: World, agent: Agent) -> None:
    drops = agent()
    world.after(1, drops)
    for count in (30, 5):
        world.kept[METER] = count
        world.after(METERS_S, drops)

    assert world.unlogged() == 35


def test_what_a_meter_kept_while_the_agent_was_away_is_told(world: World, agent: Agent) -> None:
    world.kept[METER] = 10
    world.after(1, agent())
    world.kept[METER] = 25

    world.after(1, agent())

    assert world.unlogged() == 15


def test_meters_are_one_number_each_however_long_the_server_is_away(world: World, agent: Agent) -> None:
    drops = agent()
    world.after(1, drops)
    world.deaf = True
    for count in range(5, 50, 5):
        world.kept[METER] = count
        world.after(METERS_S, drops)
    world.deaf = False
    world.after(METERS_S, drops)
    world.after(METERS_S, drops)

    assert world.unlogged() == 45
    assert max(len(message["unlogged"]) for message in world.taken.values()) == 1


def test_packets_are_told_while_meters_cannot_be_read(world: World, agent: Agent) -> None:
    world.unreadable = True
    drops = agent()
    world.logs(80)
    world.after(1, drops)

    assert world.ports() == {80: 1}


def test_lost_lines_are_said_to_be_lost(world: World, agent: Agent) -> None:
    world.after(1, agent())
    world.path.write_text("2026-11-29T00:00:00.000Z|00001|vlog|INFO|opened log file\n")

    world.after(1, agent())

    assert [message["gap"] for message in world.taken.values()] == [False, True]


def test_every_ovn_controller_is_told_to_log(world: World, agent: Agent) -> None:
    drops = agent()
    world.after(1, drops)
    world.after(1, drops)
    world.process = 8
    world.after(1, drops)

    assert world.commands == [("vlog/set", "acl_log:file:info")] * 2


def test_meters_are_read_as_ovn_and_open_vswitch_print_them() -> None:
    names = f"{METER}: 1\nother_meter: 3\nweft_log_7ea7436f_e841_44a7_ba04_5523ce852ae7: 2\n"
    stats = (
        "OFPST_METER reply (OF1.5) (xid=0x2):\n"
        "meter:1 flow_count:0 packet_in_count:482 byte_in_count:47061 duration:20.695s bands:\n"
        "0: packet_count:17 byte_count:99\n\n"
        "meter:2 flow_count:0 packet_in_count:1 byte_in_count:74 duration:14.753s bands:\n"
        "0: packet_count:0 byte_count:0\n"
    )

    assert ids_in(names) == {METER: 1, "weft_log_7ea7436f_e841_44a7_ba04_5523ce852ae7": 2}
    assert dropped_in(stats) == {1: 17, 2: 0}
