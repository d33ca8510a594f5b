"""Every tunnel gets a frame again and again, and silence is counted from when something last came out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from weft.agent.health.openvswitch import Seen, TunnelPort
from weft.agent.pulse import PERIOD_S, STALE_S, Pulse, SendFailed, read

H2 = "10.0.0.2"


@dataclass
class Wire:
    """A switch with a tunnel, and a clock."""

    kept: Path
    received: int = 0
    ofport: int = 1
    now: float = 1000.0
    refuses: bool = False
    sent: list[list[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pulse = Pulse(self.seen, self.kept, send=self.send, clock=lambda: self.now)

    def seen(self) -> Seen:
        tunnel = TunnelPort(
            name="ovn-h2-0",
            peer="h2",
            address=H2,
            encapsulation="vxlan",
            error="",
            ofport=self.ofport,
            received=self.received,
        )
        return Seen(
            version="3.1.0",
            external_ids={},
            other_config={},
            datapath="netdev",
            bridges={},
            tunnels=(tunnel,),
        )

    def send(self, ports: Sequence[int]) -> None:
        if self.refuses:
            raise SendFailed("no such bridge")
        self.sent.append(list(ports))

    def after(self, seconds: float) -> None:
        self.now += seconds
        self.pulse.look()

    def silence(self) -> float:
        return read(self.kept, self.now)[H2]


@pytest.fixture
def wire(tmp_path: Path) -> Wire:
    return Wire(tmp_path / "run" / "tunnels.json")


def test_a_frame_is_sent_once_in_a_period(wire: Wire) -> None:
    wire.pulse.look()
    wire.pulse.look()
    wire.after(PERIOD_S)

    assert wire.sent == [[1], [1]]


def test_a_peer_that_is_heard_is_not_silent(wire: Wire) -> None:
    wire.pulse.look()
    wire.received = 3
    wire.after(PERIOD_S)

    assert wire.silence() == 0


def test_silence_grows_while_nothing_comes_out(wire: Wire) -> None:
    wire.pulse.look()
    for _ in range(4):
        wire.after(PERIOD_S)

    assert wire.silence() == 4 * PERIOD_S


def test_a_tunnel_that_does_not_stand_is_not_tried(wire: Wire) -> None:
    wire.ofport = -1
    wire.pulse.look()

    assert wire.sent == []
    assert read(wire.kept, wire.now) == {}


def test_what_an_agent_that_is_gone_has_counted_says_nothing(wire: Wire) -> None:
    wire.pulse.look()

    assert read(wire.kept, wire.now + STALE_S + 1) == {}


def test_a_file_of_an_earlier_boot_says_nothing(wire: Wire) -> None:
    wire.pulse.look()

    assert read(wire.kept, 1.0) == {}


def test_a_switch_that_refuses_does_not_stop_the_counting(wire: Wire) -> None:
    wire.refuses = True
    wire.pulse.look()
    wire.received = 1
    wire.after(PERIOD_S)

    assert wire.silence() == 0
