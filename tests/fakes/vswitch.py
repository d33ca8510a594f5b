"""A switch and veth pairs in memory: OVN installs what is plugged at once, unless `ovn_answers` is off."""

from collections.abc import Callable
from dataclasses import dataclass, field

from weft.agent.attachment import Lease
from weft.agent.links import LinkFailed
from weft.agent.plug import Plugged


@dataclass
class FakeSwitch:
    """`ports` are port ids by link name."""

    ovn_answers: bool = True
    ports: dict[str, str] = field(default_factory=dict)
    kind: str = "netdev"
    mtu: int = 1500

    def add(self, name: str, lease: Lease) -> None:
        self.ports[name] = lease.port_id

    def carry(self, name: str, port_id: str, mtu: int) -> bool:
        del mtu
        if name in self.ports:
            self.ports[name] = port_id
        return name in self.ports

    def raise_mtu(self, mtu: int) -> None:
        self.mtu = max(self.mtu, mtu)

    def datapath(self) -> str:
        return self.kind

    def installed(self) -> frozenset[str]:
        return frozenset(self.ports.values() if self.ovn_answers else ())

    def remove(self, name: str) -> None:
        self.ports.pop(name, None)

    def interfaces(self) -> dict[str, str]:
        return dict(self.ports)

    def ours(self) -> tuple[Plugged, ...]:
        return tuple(Plugged(name, port_id) for name, port_id in self.ports.items())

    def wait_reached(self, nb_cfg: int, timeout_s: float) -> bool:
        del nb_cfg, timeout_s
        return self.ovn_answers

    def wait_installed(self, port_id: str, timeout_s: float) -> bool:
        del timeout_s
        return self.ovn_answers and port_id in self.ports.values()


@dataclass
class FakeLinks:
    """`inside` are (pid, mac) by the host's end; `pairs` have both ends on the host."""

    inside: dict[str, tuple[int, str]] = field(default_factory=dict)
    pairs: dict[str, str] = field(default_factory=dict)
    macs: dict[str, str] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)
    ways: dict[tuple[int, str], tuple[str, ...]] = field(default_factory=dict)
    made: int = 0
    then: Callable[[], object] = lambda: None
    """What happens in the world as soon as a pair is inside."""

    def exists(self, name: str) -> bool:
        return name in self.inside or name in self.pairs

    def ours(self) -> frozenset[str]:
        return frozenset(self.inside) | frozenset(self.pairs)

    def make_pair(self, name: str, peer: str, *, mac: str, mtu: int) -> None:
        del mtu
        self.pairs[name] = peer
        self.macs[name] = mac

    def lead_out(self, pid: int, mac: str, gateways: tuple[str, ...]) -> None:
        self.ways[pid, mac] = gateways

    def make_inside(self, name: str, *, pid: int, mac: str, mtu: int, prefixes: tuple[str, ...]) -> str:
        del mtu, prefixes
        if pid in self.ended:
            raise LinkFailed(f"process {pid} has ended")
        self.inside[name] = (pid, mac)
        self.made += 1
        self.then()
        return "eth0"

    def has_inside(self, pid: int, mac: str) -> bool:
        return (pid, mac) in self.inside.values()

    def delete(self, name: str) -> None:
        self.inside.pop(name, None)
        self.pairs.pop(name, None)
