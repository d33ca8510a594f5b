"""Domains of libvirt: interfaces that name a Weft network get a port.

libvirt plugs them itself: it puts a tap on br-int and writes the `interfaceid` of the domain's XML as
`iface-id`, inventing one where the XML has none. The agent attaches a port with just that id. The network
is what the domain's metadata says, or the libvirt network that the interface names.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from xml.etree import ElementTree as ET

import structlog

from weft.agent.attachment import DEFAULT_PROJECT, Attachment
from weft.agent.leases import Leases
from weft.agent.vswitch import BRIDGE
from weft.client import ClientError, Network
from weft.model.port import Workload

log = structlog.get_logger()

NAMESPACE = "https://weft.dev/libvirt/1"
RUNTIME = "libvirt"
RECONNECT_S = 2.0
RESYNC_S = 30.0


@dataclass(frozen=True, slots=True)
class Nic:
    """An interface of a domain that Open vSwitch carries."""

    mac: str
    interface_id: str
    source_network: str


def wanted_by(xml: str, engine: str, networks: dict[str, str]) -> Iterator[Attachment]:
    """The ports that a domain's XML asks for. `networks` are ids by libvirt's name. Pure."""
    domain = ET.fromstring(xml)  # noqa: S314 - libvirtd made it
    uuid, name = domain.findtext("uuid", ""), domain.findtext("name", "")
    said = domain.find(f"metadata/{{{NAMESPACE}}}port")
    for number, nic in enumerate(nics(domain)):
        project: str | None
        if said is not None and said.get("network"):
            project, network = said.get("project", DEFAULT_PROJECT), said.get("network", "")
        elif nic.source_network in networks:
            project, network = None, networks[nic.source_network]
        else:
            continue
        workload = Workload(runtime=RUNTIME, engine=engine, id=f"{uuid}/{nic.mac}", name=name)
        labels = {} if said is None else {k: v for k, v in said.items() if k not in {"network", "project"}}
        yield Attachment(
            network=network,
            project=project,
            workload=workload if number == 0 else _numbered(workload, number),
            kind="vm",
            labels=labels,
            mac=nic.mac,
            port_id=nic.interface_id,
        )


def nics(domain: ET.Element) -> Iterator[Nic]:
    """The interfaces with a virtual port of Open vSwitch, whose id is settled."""
    for interface in domain.iterfind("devices/interface"):
        mac, parameters = interface.find("mac"), interface.find("virtualport/parameters")
        port, source = interface.find("virtualport"), interface.find("source")
        if mac is None or port is None or port.get("type") != "openvswitch" or parameters is None:
            continue
        if interface_id := parameters.get("interfaceid"):
            network = "" if source is None else source.get("network", "")
            yield Nic(mac.get("address", "").lower(), interface_id, network)


def network_xml(name: str, network: Network) -> str:
    """The libvirt network that stands for a Weft network, and has its UUID."""
    root = ET.Element("network")
    ET.SubElement(root, "name").text = name
    ET.SubElement(root, "uuid").text = network.id
    ET.SubElement(root, "forward", {"mode": "bridge"})
    ET.SubElement(root, "bridge", {"name": BRIDGE})
    ET.SubElement(root, "virtualport", {"type": "openvswitch"})
    return ET.tostring(root, encoding="unicode")


def _numbered(workload: Workload, number: int) -> Workload:
    return Workload(
        runtime=workload.runtime, engine=workload.engine, id=workload.id, name=f"{workload.name}-{number}"
    )


async def follow(uri: str, leases: Leases, served: Callable[[], tuple[Network, ...]]) -> None:
    """Follow the engine at `uri` until cancelled, reconnecting. libvirt blocks: a thread speaks with it."""
    ending = threading.Event()
    worker = threading.Thread(target=_follow, args=(uri, leases, served, ending), name="libvirt", daemon=True)
    worker.start()
    try:
        await asyncio.Event().wait()
    finally:
        ending.set()


def _follow(
    uri: str, leases: Leases, served: Callable[[], tuple[Network, ...]], ending: threading.Event
) -> None:
    import libvirt

    libvirt.registerErrorHandler(lambda *_: None, None)
    libvirt.virEventRegisterDefaultImpl()

    def turn() -> None:
        while not ending.is_set():
            libvirt.virEventRunDefaultImpl()

    threading.Thread(target=turn, name="libvirt-events", daemon=True).start()
    while not ending.is_set():
        try:
            connection = libvirt.open(uri)
            connection.setKeepAlive(5, 3)
            try:
                _session(connection, leases, served, ending)
            finally:
                connection.close()
        except libvirt.libvirtError as error:
            log.warning("libvirt not followed", uri=uri, why=str(error))
        ending.wait(RECONNECT_S)


def _session(
    connection: Any,  # noqa: ANN401 - libvirt has no types
    leases: Leases,
    served: Callable[[], tuple[Network, ...]],
    ending: threading.Event,
) -> None:
    """Events wake a pass over all domains, which is also the resync; undefined domains are freed at once."""
    import libvirt

    engine = ET.fromstring(connection.getCapabilities()).findtext("host/uuid", "")  # noqa: S314
    news, gone = threading.Event(), set[str]()

    def lifecycle(_connection: object, domain: Any, event: int, *_: object) -> None:  # noqa: ANN401
        if event == libvirt.VIR_DOMAIN_EVENT_UNDEFINED:
            gone.add(domain.UUIDString())
        news.set()

    connection.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lifecycle, None)
    log.info("libvirt followed", engine=engine)
    while not ending.is_set() and connection.isAlive():
        news.clear()
        present = {domain.UUIDString(): domain for domain in connection.listAllDomains()}
        names = _define_networks(connection, served)
        for domain in present.values():
            if domain.isActive():
                _attach(domain.XMLDesc(), engine, names, leases)
        _free_gone(engine, gone - present.keys(), leases)
        news.wait(RESYNC_S)


def _free_gone(engine: str, gone: set[str], leases: Leases) -> None:
    for lease in leases.journal.leases():
        owner = lease.workload
        if owner is None or (owner.runtime, owner.engine) != (RUNTIME, engine):
            continue
        if owner.id.partition("/")[0] in gone:
            _free(lease.port_id, leases)


def _attach(xml: str, engine: str, names: dict[str, str], leases: Leases) -> None:
    for wanted in wanted_by(xml, engine, names):
        known = [lease for lease in leases.journal.leases() if lease.port_id == wanted.port_id]
        if known:
            continue
        try:
            lease = leases.obtain(_moved(wanted, leases))
        except ClientError as error:
            leases.report_failure(wanted, wanted.workload, str(error))
            continue
        log.info("domain attached", domain=wanted.workload.name, port_id=lease.port_id)


def _moved(wanted: Attachment, leases: Leases) -> Attachment:
    """libvirt may invent another id at each start: the port is made again, with the address that it had."""
    for lease in leases.journal.of_workload(wanted.workload):
        leases.free(lease.port_id)
        addresses = tuple(prefix.split("/")[0] for prefix in lease.prefixes)
        return replace(wanted, addresses=addresses)
    return wanted


def _free(port_id: str, leases: Leases) -> None:
    try:
        leases.free(port_id)
    except ClientError as error:
        log.warning("port not freed", port_id=port_id, why=str(error))


def _define_networks(connection: Any, served: Callable[[], tuple[Network, ...]]) -> dict[str, str]:  # noqa: ANN401
    """Weft's networks as libvirt networks: the ids of Weft's by the names of libvirt's."""
    present = {network.UUIDString(): network.name() for network in connection.listAllNetworks()}
    try:
        networks = served()
    except ClientError as error:
        log.warning("libvirt networks not compared", why=str(error))
        return {name: uuid for uuid, name in present.items()}
    for network in networks:
        if network.id not in present:
            taken = network.name in present.values()
            name = f"{network.project}.{network.name}" if taken else network.name
            defined = connection.networkDefineXML(network_xml(name, network))
            defined.setAutostart(1)
            defined.create()
            present[network.id] = name
            log.info("libvirt network defined", network=name)
    ours = {network.id for network in networks}
    return {name: uuid for uuid, name in present.items() if uuid in ours}
