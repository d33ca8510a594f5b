"""Served networks as libvirt networks: they appear, and go, by themselves. Pure.

A libvirt network is ours when its metadata has our mark; its UUID is then the Weft network's id. No other
is ever touched.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from weft.agent.libvirt.domains import NAMESPACE
from weft.agent.served import names
from weft.agent.vswitch import BRIDGE
from weft.client import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class LibvirtNetwork:
    """A network as libvirt lists it."""

    uuid: str
    name: str
    ours: bool
    runs: bool
    """Active, and started with the host."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A libvirt network to be made."""

    name: str
    xml: str


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """What is to be done to libvirt's networks, in this order."""

    remove: tuple[LibvirtNetwork, ...]
    define: tuple[Definition, ...]
    start: tuple[LibvirtNetwork, ...]


def plan(
    served: Iterable[Network], present: Collection[LibvirtNetwork], in_use: Collection[str]
) -> NetworkPlan:
    """Make our libvirt networks those of `served`. One whose name changed keeps the old while `in_use`."""
    wanted = {network.id: network for network in served}
    others = {network.name for network in present if not network.ours}
    called = names(wanted.values(), taken=others)
    kept: list[LibvirtNetwork] = []
    remove: list[LibvirtNetwork] = []
    for network in present:
        if network.ours:
            right = network.uuid in called and (
                network.name == called[network.uuid] or network.name in in_use
            )
            (kept if right else remove).append(network)
    taken = others | {network.name for network in kept}
    define = [
        Definition(name, network_xml(name, wanted[uuid]))
        for uuid, name in called.items()
        if name not in taken and uuid not in {network.uuid for network in kept}
    ]
    return NetworkPlan(tuple(remove), tuple(define), tuple(network for network in kept if not network.runs))


def network_xml(name: str, network: Network) -> str:
    """The libvirt network that stands for a Weft network, and has its UUID."""
    root = ET.Element("network")
    ET.SubElement(root, "name").text = name
    ET.SubElement(root, "uuid").text = network.id
    ET.register_namespace("weft", NAMESPACE)
    mark = {"name": network.name, "project": network.project}
    ET.SubElement(ET.SubElement(root, "metadata"), f"{{{NAMESPACE}}}network", mark)
    ET.SubElement(root, "forward", {"mode": "bridge"})
    ET.SubElement(root, "bridge", {"name": BRIDGE})
    ET.SubElement(root, "virtualport", {"type": "openvswitch"})
    return ET.tostring(root, encoding="unicode")


def is_ours(xml: str) -> bool:
    """Whether a libvirt network has our mark."""
    root = ET.fromstring(xml)  # noqa: S314 - libvirtd made it
    return root.find(f"metadata/{{{NAMESPACE}}}network") is not None
