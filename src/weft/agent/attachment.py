"""What a workload asks for, and what it got. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from uuid import UUID

from weft.client import SILENCE, Attached, AttachRule, Network, Telling
from weft.model.errors import Invalid
from weft.model.port import Workload
from weft.model.publication import Publication
from weft.model.selector import Selector

NETWORK, PROJECT, ADDRESS, MAC = "weft.network", "weft.project", "weft.ip", "weft.mac"
DEFAULT_PROJECT = "default"

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A workload's wish for a port. `network` is a name in `project`, or a UUID."""

    network: str
    workload: Workload
    kind: str = "container"
    project: str | None = DEFAULT_PROJECT
    labels: Mapping[str, str]
    addresses: tuple[str, ...] = ()
    mac: str | None = None
    quarantined: bool = False
    port_id: str | None = None
    """A port id that is already decided, as libvirt does."""
    telling: Telling = SILENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A person's wish to plug the port `name`, by its name or id; with `network` it is made if need be.

    `interface` is one that is there, and left out a tap is made.
    """

    name: str
    network: str | None = None
    project: str | None = None
    kind: str | None = None
    mac: str | None = None
    addresses: tuple[str, ...] = ()
    labels: Mapping[str, str] | None = None
    interface: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A port as far as plugging needs it. `prefixes` are addresses with their prefix length.

    `gateways` lead out of the network, one for each IP version of the port; none while it has no router.
    """

    port_id: str
    network_id: str
    network: str
    project: str
    mac: str
    mtu: int
    prefixes: tuple[str, ...]
    workload: Workload | None = None
    endpoint: str = ""
    """Docker's id of the endpoint that the port is plugged as, if Docker plugged it."""
    docker_network: str = ""
    """Docker's id of the endpoint's network."""
    gateways: tuple[str, ...] = ()
    tap: str = ""
    """The interface that a person's workload uses, if a person plugged the port."""
    tap_made: bool = False
    """Whether the agent made that interface, and so deletes it."""
    published: tuple[Publication, ...] = ()
    """What the host answers for, as long as the workload runs."""

    @classmethod
    def from_attached(cls, attached: Attached) -> "Lease":
        """The lease that the server's answer stands for."""
        port, network = attached.port, attached.network
        lengths = {subnet.id: ip_network(subnet.cidr).prefixlen for subnet in network.subnets}
        return cls(
            port_id=port.id,
            network_id=network.id,
            network=network.name,
            project=network.project,
            mac=port.mac,
            mtu=network.mtu or 1400,
            prefixes=tuple(f"{fixed.address}/{lengths[fixed.subnet_id]}" for fixed in port.fixed_ips),
            workload=port.workload,
            gateways=gateways_of(network, [fixed.address for fixed in port.fixed_ips]),
        )

    def has(self, address: str) -> bool:
        """Whether `address` is one of the port's."""
        return any(prefix.split("/")[0] == address for prefix in self.prefixes)

    def prefix(self, version: int) -> str | None:
        """The first address of IP `version`, with its prefix length."""
        return next((p for p in self.prefixes if ip_address(p.split("/")[0]).version == version), None)

    def gateway(self, version: int) -> str | None:
        """The way out in IP `version`, if there is one."""
        return next((g for g in self.gateways if ip_address(g).version == version), None)


def gateways_of(network: Network, addresses: Iterable[str]) -> tuple[str, ...]:
    """The gateway in each IP version for a port with `addresses`, if the network has a router."""
    if network.router is None:
        return ()
    found: dict[int, str] = {}
    for address in map(ip_address, addresses):
        for subnet in network.subnets:
            if subnet.gateway and address in ip_network(subnet.cidr):
                found.setdefault(address.version, subnet.gateway)
    return tuple(found.values())


def from_labels(labels: Mapping[str, str], workload: Workload) -> Attachment:
    """What a container's labels ask for; all of them become the port's. Raises Invalid."""
    network = labels.get(NETWORK, "").strip()
    if not network:
        raise Invalid(f"label {NETWORK} of container {workload.name} names no network", field=NETWORK)
    return Attachment(
        network=network,
        project=labels.get(PROJECT, "").strip() or DEFAULT_PROJECT,
        workload=workload,
        labels=dict(labels),
        addresses=addresses_of(labels, workload),
        mac=mac_of(labels, workload),
    )


def from_rules(
    rules: Iterable[AttachRule], labels: Mapping[str, str], workload: Workload
) -> Attachment | None:
    """What the first attach rule that matches gives a container that names no network. Raises Invalid.

    A container that names a project is only asked about by the rules of this project.
    """
    project = labels.get(PROJECT, "").strip()
    for rule in rules:
        if project in ("", rule.project) and Selector(rule.selector).matches(labels):
            return Attachment(
                network=rule.network_id,
                project=None,
                workload=workload,
                labels=dict(labels),
                addresses=addresses_of(labels, workload),
                mac=mac_of(labels, workload),
            )
    return None


def addresses_of(labels: Mapping[str, str], workload: Workload) -> tuple[str, ...]:
    """The addresses that label weft.ip asks for, separated by commas. Raises Invalid."""
    asked = [part.strip() for part in labels.get(ADDRESS, "").split(",") if part.strip()]
    try:
        return tuple(str(ip_address(part)) for part in asked)
    except ValueError as error:
        raise Invalid(
            f"label {ADDRESS}={labels[ADDRESS]} of container {workload.name} is not an IP address",
            field=ADDRESS,
        ) from error


def mac_of(labels: Mapping[str, str], workload: Workload) -> str | None:
    """The MAC address that label weft.mac asks for. Raises Invalid."""
    mac = labels.get(MAC, "").strip()
    return parse_mac(mac, f"label {MAC} of container {workload.name}") if mac else None


def parse_mac(text: str, where: str) -> str:
    """The MAC address that `text` is, in lower case; `where` it was read. Raises Invalid."""
    mac = text.strip().lower()
    if not _MAC.fullmatch(mac) or int(mac[:2], 16) & 1:
        raise Invalid(
            f"{where}: {text!r} is not the MAC address of one station; write it like 02:00:00:00:00:01",
            field=MAC,
        )
    return mac


def host_end(port_id: str) -> str:
    """The name of the host's end of a port's veth pair (15 characters at most: IFNAMSIZ, linux/if.h)."""
    return f"wf{UUID(port_id).hex[:11]}"


def is_host_end(name: str) -> bool:
    """Whether a link is called as `host_end` calls them."""
    return re.fullmatch("wf[0-9a-f]{11}", name) is not None


def tap_of(port_id: str) -> str:
    """The name of the tap that is made for a port."""
    return f"wt{UUID(port_id).hex[:11]}"


def is_made_tap(name: str) -> bool:
    """Whether a link is called as `tap_of` calls them."""
    return re.fullmatch("wt[0-9a-f]{11}", name) is not None


def resolver_end(router: UUID) -> str:
    """The name of the host's end of the veth pair that leads to the resolver behind a router."""
    return f"wn{router.hex[:11]}"


def is_resolver_end(name: str) -> bool:
    """Whether a link is called as `resolver_end` calls them."""
    return re.fullmatch("wn[0-9a-f]{11}", name) is not None


def container_end(port_id: str) -> str:
    """The name of the other end, while it is still in the host's namespace."""
    return f"wp{UUID(port_id).hex[:11]}"
