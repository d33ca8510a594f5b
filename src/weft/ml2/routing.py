"""Neutron's routers and floating IPs in Weft's terms. Pure.

A router of Weft's joins whole networks and has their gateways' addresses. An interface with another address,
or on another project's network, is left out, and said to be.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from weft.ml2.translate import Given, Wanted, project_id, text, wanted

INTERFACE, GATEWAY = "network:router_interface", "network:router_gateway"
ROUTER_PORTS = (INTERFACE, GATEWAY)
"""The owners of ports that are a router's own (neutron-lib, constants)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What Neutron has around an object, by ids: at least what its translation asks for."""

    networks: Mapping[str, Given] = field(default_factory=dict)
    subnets: Mapping[str, Given] = field(default_factory=dict)
    ports: Mapping[str, Given] = field(default_factory=dict)
    policies: Mapping[str, Given] = field(default_factory=dict)

    def interfaces(self, router: str) -> list[Given]:
        """The ports by which a router is on networks."""
        mine = (p for p in self.ports.values() if p["device_id"] == router)
        return sorted((p for p in mine if p["device_owner"] == INTERFACE), key=lambda port: str(port["id"]))

    def subnets_of(self, network: str) -> list[Given]:
        """The subnets of a network."""
        return [subnet for subnet in self.subnets.values() if subnet["network_id"] == network]


def router(given: Given, around: Around) -> Wanted:
    """A router, the networks that it joins, its routes and its way out."""
    left_out: list[str] = []
    joined = sorted(set(_joined(given, around, left_out)))
    gateway = _gateway(given, left_out)
    reached = [*joined, *([] if gateway is None else [gateway["network"]])]
    cidrs = [ip_network(str(subnet["cidr"])) for one in reached for subnet in around.subnets_of(one)]
    routes = []
    for route in given.get("routes") or ():
        said = {"destination": str(route["destination"]), "next_hop": str(route["nexthop"])}
        if not any(ip_address(said["next_hop"]) in cidr for cidr in cidrs):
            left_out.append(f"the route by {said['next_hop']}, which is on no network that is joined")
        elif gateway is not None and said["destination"] == "0.0.0.0/0":
            left_out.append("the default route, for the gateway is that")
        else:
            routes.append(said)
    if not given.get("admin_state_up", True):
        left_out.append("admin_state_up=False")
    body = {
        "project": project_id(given["project_id"]),
        "name": text(given["name"], "router", given["id"]),
        "description": given.get("description") or "",
        "networks": joined,
        "routes": sorted(routes, key=lambda one: (one["destination"], one["next_hop"])),
        "gateway": gateway,
    }
    return wanted("routers", given, body, left_out)


def floating_ip(given: Given, around: Around) -> Wanted:
    """A floating IP; it leads to its port if what it leads to is that port's first IPv4 address."""
    left_out = []
    port = around.ports.get(given["port_id"] or "")
    if port is not None and _first_ip4(port) != given["fixed_ip_address"]:
        left_out.append(f"the way to {given['fixed_ip_address']}, which is not its port's first IPv4 address")
        port = None
    body = {
        "project": project_id(given["project_id"]),
        "network": given["floating_network_id"],
        "address": given["floating_ip_address"],
        "description": given.get("description") or "",
        "port": None if port is None else port["id"],
    }
    return wanted("floating_ips", given, body, left_out)


def _joined(given: Given, around: Around, left_out: list[str]) -> Iterator[str]:
    """The networks of a router's interfaces, of those that Weft can join."""
    interfaces = around.interfaces(given["id"])
    addressed = {fixed["subnet_id"] for port in interfaces for fixed in port["fixed_ips"]}
    for port in interfaces:
        network = around.networks.get(port["network_id"])
        if network is None or network["project_id"] != given["project_id"]:
            left_out.append(f"network {port['network_id']}, which is another project's")
            continue
        odd = [fixed["ip_address"] for fixed in port["fixed_ips"] if not _is_gateway(fixed, around)]
        if odd:
            left_out.append(f"the interface {', '.join(odd)}, which is not the gateway of its subnet")
            continue
        yield network["id"]
        left_out += [
            f"that subnet {subnet['id']} is not joined with its network"
            for subnet in around.subnets_of(network["id"])
            if subnet["id"] not in addressed
        ]


def _is_gateway(fixed: Given, around: Around) -> bool:
    subnet = around.subnets.get(fixed["subnet_id"])
    return subnet is not None and subnet["gateway_ip"] == fixed["ip_address"]


def _gateway(given: Given, left_out: list[str]) -> dict[str, Any] | None:
    said = given.get("external_gateway_info")
    if not said:
        return None
    addresses = [fixed["ip_address"] for fixed in said["external_fixed_ips"]]
    first = next((one for one in addresses if ip_address(one).version == 4), None)
    left_out += [f"the way out by {one}" for one in addresses if one != first]
    if first is None:
        return None
    if not said.get("enable_snat", True):
        left_out.append("enable_snat=False")
    return {"network": said["network_id"], "address": first}


def _first_ip4(port: Given) -> str | None:
    addresses = (str(fixed["ip_address"]) for fixed in port["fixed_ips"])
    return next((one for one in addresses if ip_address(one).version == 4), None)
