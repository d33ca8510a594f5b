"""Peers are asked for when their tunnel appears, and again in time; nobody on the kernel datapath is."""

from dataclasses import dataclass, field

from weft.agent.neighbours import NeighbourUnknown
from weft.agent.tunnels import PERIOD_S, Tunnels

H2, H3 = "10.0.0.2", "10.0.0.3"


@dataclass
class Underlay:
    """A switch, a kernel and a clock."""

    peers: frozenset[str] = frozenset()
    kind: str = "netdev"
    now: float = 1000.0
    unreachable: frozenset[str] = frozenset()
    asked: list[str] = field(default_factory=list)

    def datapath(self) -> str:
        return self.kind

    def tunnel_peers(self) -> frozenset[str]:
        return self.peers

    def wait_for_change(self, seen: int, timeout_s: float) -> int:
        del timeout_s
        return seen

    def ask(self, peer: str) -> None:
        if peer in self.unreachable:
            raise NeighbourUnknown(f"no route to {peer}")
        self.asked.append(peer)

    def tunnels(self) -> Tunnels:
        return Tunnels(self, ask=self.ask, clock=lambda: self.now)


def test_a_peer_is_asked_for_as_soon_as_its_tunnel_stands() -> None:
    underlay = Underlay(peers=frozenset({H2}))
    tunnels = underlay.tunnels()
    tunnels.look()

    underlay.peers |= {H3}
    tunnels.look()

    assert underlay.asked == [H2, H3]


def test_a_peer_is_asked_for_again_when_the_period_is_over_and_not_before() -> None:
    underlay = Underlay(peers=frozenset({H2}))
    tunnels = underlay.tunnels()
    tunnels.look()
    underlay.now += PERIOD_S - 1
    tunnels.look()
    early = list(underlay.asked)

    underlay.now += 1
    tunnels.look()

    assert (early, underlay.asked) == ([H2], [H2, H2])


def test_a_peer_that_went_and_came_back_is_asked_for_at_once() -> None:
    underlay = Underlay(peers=frozenset({H2}))
    tunnels = underlay.tunnels()
    tunnels.look()
    underlay.peers = frozenset()
    tunnels.look()

    underlay.peers = frozenset({H2})
    tunnels.look()

    assert underlay.asked == [H2, H2]


def test_one_peer_without_a_route_does_not_keep_the_others_from_being_asked_for() -> None:
    underlay = Underlay(peers=frozenset({H2, H3}), unreachable=frozenset({H2}))

    underlay.tunnels().look()

    assert underlay.asked == [H3]


def test_on_the_kernel_datapath_nobody_is_asked_for() -> None:
    underlay = Underlay(peers=frozenset({H2}), kind="system")

    underlay.tunnels().look()

    assert underlay.asked == []
