"""A switch and veth pairs in memory: OVN installs what is plugged at once, unless `ovn_answers` is off."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from weft.agent.attachment import Lease
from weft.agent.links import Inside, LinkFailed, Namespace
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
    """`inside` are (namespace, mac) by the host's end; `pairs` have both ends on the host."""

    inside: dict[str, tuple[Namespace, str]] = field(default_factory=dict)
    pairs: dict[str, str] = field(default_factory=dict)
    macs: dict[str, str] = field(default_factory=dict)
    ended: set[Namespace] = field(default_factory=set)
    ways: dict[tuple[Namespace, str], tuple[str, ...]] = field(default_factory=dict)
    made: int = 0
    shown: dict[tuple[Namespace, str], Inside] = field(default_factory=dict)
    """By namespace and name."""
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

    def lead_out(self, where: Namespace, mac: str, gateways: tuple[str, ...]) -> None:
        self.ways[where, mac] = gateways
        for key, shown in self.shown.items():
            if key[0] == where and shown.mac == mac:
                self.shown[key] = replace(shown, gateways=gateways)

    def make_inside(
        self,
        name: str,
        *,
        where: Namespace,
        mac: str,
        mtu: int,
        prefixes: tuple[str, ...],
        called: str = "",
    ) -> str:
        if where in self.ended:
            raise LinkFailed(f"process {where} has ended")
        self.delete(name)
        called = called or "eth0"
        self.inside[name] = (where, mac)
        self.shown[where, called] = Inside(mac=mac, mtu=mtu, up=True, prefixes=prefixes, gateways=())
        self.made += 1
        self.then()
        return called

    def has_inside(self, where: Namespace, mac: str) -> bool:
        return (where, mac) in self.inside.values()

    def look_inside(self, where: Namespace, name: str) -> Inside | None:
        return self.shown.get((where, name))

    def end(self, where: Namespace) -> None:
        """The namespace goes, and the kernel takes its interfaces with it."""
        for name in [name for name, (place, _) in self.inside.items() if place == where]:
            self.delete(name)

    def delete(self, name: str) -> None:
        where, mac = self.inside.pop(name, ("", ""))
        self.shown = {key: shown for key, shown in self.shown.items() if (key[0], shown.mac) != (where, mac)}
        self.pairs.pop(name, None)
