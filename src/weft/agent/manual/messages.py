"""What the command line and the agent of its host say to each other. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from typing import Any

from weft.agent.attachment import Lease, Wanted, parse_mac
from weft.model.errors import Invalid

Body = Mapping[str, Any]

PLUG, UNPLUG = "/plug", "/unplug"
SOCKET = "agent.sock"
"""In the agent's run_dir."""

_IFNAMSIZ = 16  # linux/if.h, with the NUL at the end


@dataclass(frozen=True, slots=True, kw_only=True)
class PluggedPort:
    """What a person needs to know to use the port; `addresses` have their prefix length."""

    name: str
    id: str
    network: str
    project: str
    interface: str
    made: bool
    """Whether the agent made the interface, and so deletes it."""
    mac: str
    addresses: tuple[str, ...]
    gateways: tuple[str, ...]
    mtu: int
    state: str
    qemu: str
    """The options for QEMU."""

    @classmethod
    def of(cls, lease: Lease, *, state: str, userspace: bool) -> "PluggedPort":
        """`lease` as it is shown."""
        return cls(
            name=lease.workload.name if lease.workload else lease.port_id,
            id=lease.port_id,
            network=lease.network,
            project=lease.project,
            interface=lease.tap,
            made=lease.tap_made,
            mac=lease.mac,
            addresses=lease.prefixes,
            gateways=lease.gateways,
            mtu=lease.mtu,
            state=state,
            qemu=qemu_options(lease, userspace=userspace),
        )


def qemu_options(lease: Lease, *, userspace: bool) -> str:
    """A virtio card on the port's tap. A userspace switch completes no checksums that a guest leaves out."""
    card = f"virtio-net-pci,netdev=weft0,mac={lease.mac}"
    checksums = ",csum=off" if userspace else ""
    netdev = f"tap,id=weft0,ifname={lease.tap},script=no,downscript=no"
    return f"-netdev {netdev} -device {card}{checksums}"


def body_of(wanted: Wanted) -> dict[str, object]:
    """`wanted` as it is sent."""
    return {name: value for name, value in asdict(wanted).items() if value}


def wanted_from(body: Body) -> Wanted:
    """The wish in `body`. Raises Invalid, naming the field."""
    known = {
        "name",
        "network",
        "project",
        "kind",
        "mac",
        "addresses",
        "labels",
        "interface",
    }
    for field in body.keys() - known:
        raise Invalid(f"{field!r} is no part of a plug; what can be said is {', '.join(sorted(known))}")
    mac, interface = _text(body, "mac"), _text(body, "interface")
    if interface is not None and len(interface) >= _IFNAMSIZ:
        raise Invalid(
            f"{interface!r} is not the name of an interface: it is longer than 15 characters",
            field="interface",
        )
    return Wanted(
        name=name_from(body),
        network=_text(body, "network"),
        project=project_from(body),
        kind=_text(body, "kind"),
        mac=None if mac is None else parse_mac(mac, "mac"),
        addresses=_addresses(body),
        labels=_labels(body),
        interface=interface,
    )


def project_from(body: Body) -> str | None:
    """In which project a name is meant. Raises Invalid."""
    return _text(body, "project")


def name_from(body: Body) -> str:
    """Which port is meant. Raises Invalid."""
    name = _text(body, "name")
    if name is None:
        raise Invalid("say which port is meant", field="name")
    return name


def _text(body: Body, field: str) -> str | None:
    value = body.get(field)
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise Invalid(f"{field} is text that is not empty, not {value!r:.80}", field=field)
    return value


def _addresses(body: Body) -> tuple[str, ...]:
    asked = body.get("addresses") or []
    try:
        return tuple(str(ip_address(str(one))) for one in asked)
    except (ValueError, TypeError) as error:
        raise Invalid(f"addresses are a list of IP addresses: {error}", field="addresses") from error


def _labels(body: Body) -> Mapping[str, str] | None:
    labels = body.get("labels")
    if labels is None:
        return None
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
        raise Invalid("labels are texts by their keys", field="labels")
    return labels
