"""What a domain's XML asks of Weft, and what is written back to it. Pure.

An interface is Weft's when it is on a libvirt network that stands for a Weft network, or on br-int with a
virtual port of Open vSwitch while the domain's metadata names the network.
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from weft.agent.attachment import ADDRESS, DEFAULT_PROJECT, Attachment, Lease, addresses_of
from weft.agent.vswitch import BRIDGE
from weft.client import Port, Telling
from weft.model.errors import Invalid
from weft.model.port import Workload

NAMESPACE = "urn:weft:libvirt:1"
"""Of the metadata element `endpoint`; a name, not an address."""

RUNTIME = "libvirt"

OFFLOADS = (
    "the guest leaves TCP checksums to the host (virtio's default) and the userspace datapath does not "
    "compute them: ping works, TCP does not; put <driver name='qemu'><host csum='off'/></driver> into the "
    "domain's interface and start the domain again"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nic:
    """An interface of a domain. What libvirt has not decided yet is empty."""

    mac: str
    source_network: str = ""
    bridge: str = ""
    virtual_port: bool = False
    """Whether it has a virtual port of Open vSwitch."""
    interface_id: str = ""
    tap: str = ""
    leaves_checksums: bool = False
    """Whether the guest may send packets whose checksum the host is to fill in."""
    xml: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What metadata says of a domain or of one of its interfaces."""

    network: str = ""
    project: str = DEFAULT_PROJECT
    address: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    ssh_keys: tuple[str, ...] = ()
    user_data: str | None = field(default=None, repr=False)
    """In base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A domain as one of its XML documents describes it."""

    uuid: str
    name: str
    nics: tuple[Nic, ...]
    said: Said
    said_of: Mapping[str, Said]
    """By MAC address."""


@dataclass(frozen=True, slots=True)
class Place:
    """A network as the server is asked for it: a name in `project`, or an id and no project."""

    network: str
    project: str | None = None

    def is_of(self, port: Lease | Port) -> bool:
        """Whether `port` is on this network."""
        if self.network == port.network_id:
            return True
        return (self.network, self.project) == (port.network, port.project)


def parse(xml: str) -> Machine:
    """The domain that `xml` describes."""
    domain = ET.fromstring(xml)  # noqa: S314 - libvirtd made it
    said = domain.find(f"metadata/{{{NAMESPACE}}}endpoint")
    interfaces = [] if said is None else list(_children(said, "interface"))
    return Machine(
        uuid=domain.findtext("uuid", ""),
        name=domain.findtext("name", ""),
        nics=tuple(_nics(domain)),
        said=Said() if said is None else _said(said),
        said_of={one.get("mac", "").lower(): _said(one) for one in interfaces},
    )


def place(machine: Machine, nic: Nic, ours: Mapping[str, str]) -> Place | None:
    """The network that `nic` is on, if it is one of Weft's. `ours` are ids by libvirt's names."""
    on_bridge = nic.virtual_port and nic.bridge == BRIDGE
    own = machine.said_of.get(nic.mac)
    if own is not None and own.network and (on_bridge or nic.source_network in ours):
        return Place(own.network, own.project)
    if nic.source_network in ours:
        return Place(ours[nic.source_network])
    if on_bridge and machine.said.network:
        return Place(machine.said.network, machine.said.project)
    return None


def wanted_by(machine: Machine, nic: Nic, at: Place, engine: str) -> Attachment:
    """The port that an interface asks for. Raises Invalid when metadata asks for what cannot be."""
    workload = workload_of(machine, nic, engine)
    own = machine.said_of.get(nic.mac, Said())
    try:
        addresses = addresses_of({ADDRESS: own.address}, workload)
    except Invalid as error:
        raise Invalid(
            f"the metadata of domain {machine.name} asks for address={own.address!r} for {nic.mac}; "
            "that is not an IP address",
            field="address",
        ) from error
    return Attachment(
        network=at.network,
        project=at.project,
        workload=workload,
        kind="vm",
        labels={**machine.said.labels, **own.labels},
        addresses=addresses,
        mac=nic.mac,
        port_id=nic.interface_id,
        telling=_telling(machine),
    )


def _telling(machine: Machine) -> Telling:
    """What the guest is told when it boots. Raises Invalid."""
    keys, data = machine.said.ssh_keys, machine.said.user_data
    try:
        content = None if data is None else b64decode(data, validate=True)
    except ValueError as error:
        raise Invalid(
            f"the metadata of domain {machine.name} has user-data that is not in base64; write it as "
            "`base64 -w0 FILE` does",
            field="user_data",
        ) from error
    return Telling(ssh_keys=keys or None, user_data=content)


def workload_of(machine: Machine, nic: Nic, engine: str) -> Workload:
    """Whose port it is: the domain's UUID and the interface's MAC outlive every restart."""
    return Workload(runtime=RUNTIME, engine=engine, id=f"{machine.uuid}/{nic.mac}", name=machine.name)


def domain_of(workload: Workload) -> str:
    """The UUID of the domain that a workload is an interface of."""
    return workload.id.partition("/")[0]


def mac_of(workload: Workload) -> str:
    """The MAC address of the interface that a workload is."""
    return workload.id.partition("/")[2]


def pinned(nic: Nic, port_id: str) -> str:
    """The interface's XML with the port's id, so that libvirt plugs it as this port at each start."""
    interface = ET.fromstring(nic.xml)  # noqa: S314 - libvirtd made it
    port = interface.find("virtualport")
    if port is None:
        port = ET.SubElement(interface, "virtualport")
    port.set("type", "openvswitch")
    parameters = port.find("parameters")
    if parameters is None:
        parameters = ET.SubElement(port, "parameters")
    parameters.set("interfaceid", port_id)
    return ET.tostring(interface, encoding="unicode")


def _nics(domain: ET.Element) -> Iterator[Nic]:
    for interface in domain.iterfind("devices/interface"):
        mac = _attribute(interface, "mac", "address").lower()
        if not mac:
            continue
        yield Nic(
            mac=mac,
            source_network=_attribute(interface, "source", "network"),
            bridge=_attribute(interface, "source", "bridge"),
            virtual_port=_attribute(interface, "virtualport", "type") == "openvswitch",
            interface_id=_attribute(interface, "virtualport/parameters", "interfaceid"),
            tap=_attribute(interface, "target", "dev"),
            leaves_checksums=_attribute(interface, "model", "type").startswith("virtio")
            and _attribute(interface, "driver/host", "csum") != "off",
            xml=ET.tostring(interface, encoding="unicode"),
        )


def _attribute(element: ET.Element, path: str, name: str) -> str:
    found = element.find(path)
    return "" if found is None else found.get(name, "")


def _said(element: ET.Element) -> Said:
    labels = {label.get("key", ""): label.get("value", "") for label in _children(element, "label")}
    return Said(
        network=element.get("network", "").strip(),
        project=element.get("project", "").strip() or DEFAULT_PROJECT,
        address=element.get("address", "").strip(),
        labels=labels,
        ssh_keys=tuple((key.text or "").strip() for key in _children(element, "ssh-key")),
        user_data=next(("".join((one.text or "").split()) for one in _children(element, "user-data")), None),
    )


def _children(element: ET.Element, name: str) -> Iterator[ET.Element]:
    """In our namespace, or in none: `virsh metadata --set` puts the namespace on the outermost alone."""
    return (child for child in element if child.tag in (name, f"{{{NAMESPACE}}}{name}"))
