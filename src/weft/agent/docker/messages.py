"""Docker's plugin protocol, version 1: requests as values. Pure.

docs.docker.com/engine/extend/plugins_network; libnetwork's docs/remote.md and docs/ipam.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from typing import Any

from weft.agent.attachment import parse_mac
from weft.agent.door.hostports import Asked
from weft.model.errors import Invalid
from weft.model.policy import Protocol

CONTENT_TYPE = "application/vnd.docker.plugins.v1.2+json"
ADDRESS_SPACE = "weft"

ACTIVATE: Mapping[str, object] = {"Implements": ["NetworkDriver", "IpamDriver"]}
DRIVER_CAPABILITIES: Mapping[str, object] = {"Scope": "local", "ConnectivityScope": "global"}
IPAM_CAPABILITIES: Mapping[str, object] = {"RequiresMACAddress": False, "RequiresRequestReplay": False}
ADDRESS_SPACES: Mapping[str, object] = {
    "LocalDefaultAddressSpace": ADDRESS_SPACE,
    "GlobalDefaultAddressSpace": ADDRESS_SPACE,
}

Body = Mapping[str, Any]

_PORTMAP = "com.docker.network.portmap"
_PROTOCOLS = {6: Protocol.TCP, 17: Protocol.UDP}  # IANA, "Protocol Numbers"
_OURS, _MAC, _LABEL = "weft.", "weft.mac", "weft.label."


@dataclass(frozen=True, slots=True)
class PoolRequest:
    """`network` is the Weft network that --ipam-opt names, `pool` the --subnet, if any."""

    network: str
    pool: str
    version: int

    @classmethod
    def from_body(cls, body: Body) -> "PoolRequest":
        """The request in `body`. Raises Invalid when it names no network."""
        network = (body.get("Options") or {}).get("weft.network") or ""
        if not network:
            raise Invalid(
                "say which Weft network this is: docker network create --driver weft --ipam-driver weft "
                "--ipam-opt weft.network=NAME, with --subnet to make it (or let the agent do all of this)"
            )
        return cls(network, body.get("Pool") or "", 6 if body.get("V6") else 4)


@dataclass(frozen=True, slots=True)
class AddressRequest:
    """An address for a container, or for the gateway."""

    network_id: str
    version: int
    address: str
    gateway: bool
    container: str

    @classmethod
    def from_body(cls, body: Body) -> "AddressRequest":
        """The request in `body`. Raises Invalid when the address is none."""
        options = body.get("Options") or {}
        network_id, version = parse_pool(str(body.get("PoolID") or ""))
        address = body.get("Address") or ""
        try:
            address = str(ip_address(address)) if address else ""
        except ValueError as error:
            raise Invalid(f"{address!r} is not an IP address") from error
        return cls(
            network_id,
            version,
            address,
            options.get("RequestAddressType") == "com.docker.network.gateway",
            options.get("com.docker.network.endpoint.name") or "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRequest:
    """CreateEndpoint: an address that we gave becomes a place on a Docker network."""

    docker_network: str
    endpoint: str
    address: str
    mac: str
    """What --mac-address or the driver option weft.mac asks for, if anything."""
    mac_known: bool
    """Whether Docker knows it already: then the answer must not repeat it."""
    labels: Mapping[str, str]
    """What the driver options weft.label.KEY=VALUE add to the container's own."""

    @classmethod
    def from_body(cls, body: Body) -> "EndpointRequest":
        """The request in `body`. Raises Invalid for options that mean nothing."""
        interface = body.get("Interface") or {}
        address = (interface.get("Address") or interface.get("AddressIPv6") or "").split("/")[0]
        if not address:
            raise Invalid("the endpoint has no address; the network needs --ipam-driver weft")
        options: Mapping[str, Any] = body.get("Options") or {}
        mac = (interface.get("MacAddress") or "").lower()
        wanted = {key: str(value) for key, value in options.items() if key.startswith(_OURS)}
        for key in wanted:
            if key != _MAC and not key.startswith(_LABEL):
                raise Invalid(
                    f"driver option {key} means nothing to Weft, which knows {_MAC}=MAC and "
                    f"{_LABEL}KEY=VALUE; an address is asked for with --ip"
                )
        if _MAC in wanted and not mac:
            mac = parse_mac(wanted[_MAC], f"driver option {_MAC}")
        labels = {key.removeprefix(_LABEL): value for key, value in wanted.items() if key.startswith(_LABEL)}
        return cls(
            docker_network=body["NetworkID"],
            endpoint=body["EndpointID"],
            address=address,
            mac=mac,
            mac_known=bool(interface.get("MacAddress")),
            labels=labels,
        )


def ports_asked(options: Body) -> tuple[Asked, ...]:
    """What the options of a call ask to publish (libnetwork's types.PortBinding). Raises Invalid."""
    return tuple(_asked(one) for one in options.get(_PORTMAP) or ())


def _asked(binding: Body) -> Asked:
    number, at = int(binding.get("Proto") or 0), str(binding.get("HostIP") or "")
    protocol = _PROTOCOLS.get(number)
    if protocol is None:
        raise Invalid(f"ports of IP protocol {number} cannot be published, only those of tcp and udp")
    address = ip_address(at or "0.0.0.0")
    if address.version == 6 and not address.is_unspecified:
        raise Invalid(
            f"a port cannot be published at {address}: only IPv4 leaves and enters by a host's address"
        )
    first = int(binding.get("HostPort") or 0)
    return Asked(
        protocol=protocol,
        port=int(binding["Port"]),
        first=first,
        last=max(first, int(binding.get("HostPortEnd") or 0)),
        host_address=None if address.is_unspecified else IPv4Address(str(address)),
    )


def refusal(sentence: str) -> Mapping[str, object]:
    """An error as Docker reads it: `Err` in network drivers, `Error` in IPAM drivers (libnetwork's docs)."""
    return {"Err": f"weft: {sentence}", "Error": f"weft: {sentence}"}


def pool_id(network_id: str, version: int) -> str:
    """The network's own id says which pool it is: nothing is to be remembered."""
    return network_id if version == 4 else f"{network_id}/6"


def parse_pool(text: str) -> tuple[str, int]:
    """The network id and the IP version of a pool."""
    network_id, _, version = text.partition("/")
    return network_id, 6 if version == "6" else 4


def joined(source: str, gateway: str | None, gateway6: str | None) -> Mapping[str, object]:
    """The answer to Join: with the gateways that there are, and without Docker's own second interface."""
    ways = {"Gateway": gateway, "GatewayIPv6": gateway6}
    return {
        "InterfaceName": {"SrcName": source, "DstPrefix": "eth"},
        **{name: way for name, way in ways.items() if way is not None},
        "DisableGatewayService": True,
    }


def check_foreign_ipam(body: Body) -> None:
    """Refuse CreateNetwork with another IPAM driver: its addresses would not be Weft's."""
    for data in body.get("IPv4Data") or ():
        if data.get("AddressSpace") != ADDRESS_SPACE:
            raise Invalid(
                "a network with --driver weft needs --ipam-driver weft and --ipam-opt weft.network=NAME too: "
                "Weft hands out the addresses"
            )
