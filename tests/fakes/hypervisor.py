"""A libvirt in memory: domains as values, networks that are defined and removed, taps on a fake switch."""

import re
from dataclasses import dataclass, field, replace
from uuid import UUID
from xml.etree import ElementTree as ET

from tests.fakes.vswitch import FakeSwitch

from weft.agent.libvirt.hypervisor import Domain, HypervisorRefused, HypervisorUnavailable, News
from weft.agent.libvirt.networks import Definition, LibvirtNetwork, is_ours

VM1 = "11111111-1111-4111-8111-000000000001"
MAC = "52:54:00:aa:00:01"


@dataclass(frozen=True, kw_only=True)
class Card:
    """An interface as a person writes it; libvirt adds the rest when the domain starts."""

    network: str = ""
    bridge: str = ""
    mac: str = MAC
    interface_id: str = ""
    csum: str = "off"

    def xml(self, *, tap: str = "", invented: str = "", bridge: str = "") -> str:
        source = f"network='{self.network}'" if self.network else ""
        at = f"bridge='{bridge or self.bridge}'" if bridge or self.bridge else ""
        interface_id = self.interface_id or invented
        port = f"<parameters interfaceid='{interface_id}'/>" if interface_id else ""
        carried = bool(interface_id or self.bridge)
        return (
            f"<interface type='bridge'><mac address='{self.mac}'/><source {source} {at}/>"
            + (f"<virtualport type='openvswitch'>{port}</virtualport>" if carried else "")
            + (f"<target dev='{tap}'/>" if tap else "")
            + f"<model type='virtio'/><driver name='qemu'><host csum='{self.csum}'/></driver></interface>"
        )


def domain_xml(uuid: str, name: str, interfaces: list[str], metadata: str = "") -> str:
    """A domain with these interfaces."""
    return (
        f"<domain><name>{name}</name><uuid>{uuid}</uuid><metadata>{metadata}</metadata>"
        f"<devices>{''.join(interfaces)}</devices></domain>"
    )


def said(attributes: str = "", children: str = "") -> str:
    """Weft's metadata of a domain."""
    return f"<weft:endpoint xmlns:weft='urn:weft:libvirt:1' {attributes}>{children}</weft:endpoint>"


@dataclass
class FakeHypervisor:
    """Starts domains as libvirt does: a tap for each card, an interface id for each that has none."""

    switch: FakeSwitch = field(default_factory=FakeSwitch)
    engine: str = "qemu:///system"
    away: bool = False
    listed: dict[str, Domain] = field(default_factory=dict)
    present: dict[str, LibvirtNetwork] = field(default_factory=dict)
    updates: list[str] = field(default_factory=list)
    _taps: int = 0

    def define(self, *cards: Card, uuid: str = VM1, name: str = "vm1", metadata: str = "") -> None:
        """`virsh define`."""
        config = domain_xml(uuid, name, [card.xml() for card in cards], metadata)
        self.listed[uuid] = Domain(uuid=uuid, name=name, live=None, config=config)

    def start(self, *cards: Card, uuid: str = VM1, name: str = "vm1", metadata: str = "") -> None:
        """`virsh start`, or `virsh create` for a domain that is not defined."""
        interfaces = []
        for card in cards:
            self._taps += 1
            tap, invented = f"vnet{self._taps}", str(UUID(int=0xF000 + self._taps))
            known = self.present.get(card.network) or next(
                (n for n in self.present.values() if n.name == card.network), None
            )
            ours = known is not None and known.ours
            carried = ours or card.bridge == "br-int"
            interfaces.append(
                card.xml(tap=tap, invented=invented, bridge="br-int") if carried else card.xml(tap=tap)
            )
            if carried:
                self.switch.ports[tap] = card.interface_id or invented
        live = domain_xml(uuid, name, interfaces, metadata)
        known_domain = self.listed.get(uuid)
        config = None if known_domain is None else known_domain.config
        self.listed[uuid] = Domain(uuid=uuid, name=name, live=live, config=config)

    def stop(self, uuid: str = VM1) -> None:
        """The guest powers off; a transient domain is gone."""
        domain = self.listed[uuid]
        self.switch.ports.clear()
        if domain.config is None:
            del self.listed[uuid]
        else:
            self.listed[uuid] = replace(domain, live=None)

    def describe(self, metadata: str, uuid: str = VM1) -> None:
        """`virsh metadata --live`."""
        live = self.listed[uuid].live
        assert live is not None
        after = re.sub("<metadata>.*</metadata>", f"<metadata>{metadata}</metadata>", live)
        self.listed[uuid] = replace(self.listed[uuid], live=after)

    def domains(self) -> tuple[Domain, ...]:
        self._reached()
        return tuple(self.listed.values())

    def domain(self, uuid: str) -> Domain | None:
        self._reached()
        return self.listed.get(uuid)

    def update_config(self, uuid: str, device: str) -> None:
        self._reached()
        self.updates.append(device)
        config = self.listed[uuid].config
        assert config is not None
        root, new = ET.fromstring(config), ET.fromstring(device)
        devices = root.find("devices")
        assert devices is not None
        for old in devices.findall("interface"):
            if _mac(old) == _mac(new):
                devices.remove(old)
                devices.append(new)
        self.listed[uuid] = replace(self.listed[uuid], config=ET.tostring(root, encoding="unicode"))

    def networks(self) -> tuple[LibvirtNetwork, ...]:
        self._reached()
        return tuple(self.present.values())

    def define_network(self, definition: Definition) -> None:
        self._reached()
        uuid = ET.fromstring(definition.xml).findtext("uuid", "")
        if definition.name in {network.name for network in self.present.values()}:
            raise HypervisorRefused(f"network {definition.name} exists already")
        ours = is_ours(definition.xml)
        self.present[uuid] = LibvirtNetwork(uuid=uuid, name=definition.name, ours=ours, runs=True)

    def start_network(self, uuid: str) -> None:
        self._reached()
        self.present[uuid] = replace(self.present[uuid], runs=True)

    def remove_network(self, uuid: str) -> None:
        self._reached()
        del self.present[uuid]

    def news(self, timeout_s: float) -> News:
        del timeout_s
        self._reached()
        return News()

    def _reached(self) -> None:
        if self.away:
            raise HypervisorUnavailable("libvirtd does not answer: test")


def _mac(interface: ET.Element) -> str:
    mac = interface.find("mac")
    return "" if mac is None else mac.get("address", "")
