"""Neutron's objects in Weft's terms: dictionaries as its plug-ins give them, to bodies of /mirrors. Pure.

An object keeps its id. What Weft cannot say is left out, and named in `left_out`. A rule that is left out
lets nothing pass.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any
from uuid import UUID, uuid5

from weft.ml2.rules import rule_of

Given = Mapping[str, Any]
"""An object of Neutron's."""

LABELS = "openstack."
"""What labels of ours begin with; tags that do are not taken over."""

FIREWALL = f"{LABELS}firewall"
"""The label of a port of Neutron's: `on`, unless its port security is switched off."""

_LONGEST_NAME = 240

_UNSEEN = ("network:router", "network:floatingip", "network:ha_router", "network:local_ip")
"""Ports that stand for a part of OpenStack's routing, and not for a workload."""

_PHYSICAL = ("flat", "vlan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An object as Weft is to hold it. `kind` is Weft's word; `project` is Keystone's id of its project."""

    kind: str
    id: str
    version: int
    body: Given
    project: str
    left_out: tuple[str, ...] = field(default=(), compare=False)

    @property
    def digest(self) -> str:
        """Different when the state is."""
        text = json.dumps(self.body, sort_keys=True, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()[:32]


def project_id(keystone: str) -> str:
    """Weft's id of a project of Keystone's: the same number. Raises ValueError for an id that is no UUID."""
    return str(UUID(keystone))


def network(given: Given, qos_policy: str | None = None) -> Wanted:
    """A network, with the QoS policy that Weft has of it; one on a physical network is that in Weft, too."""
    body: dict[str, Any] = {
        "project": project_id(given["project_id"]),
        "name": text(given["name"], "network", given["id"]),
        "description": given.get("description") or "",
        "labels": tags(given),
        "mtu": given.get("mtu") or None,
    }
    left_out = []
    if given.get("provider:network_type") in _PHYSICAL:
        vlan = given.get("provider:segmentation_id")
        body["physical_network"] = {"name": given["provider:physical_network"], "vlan": vlan or None}
    if given.get("segments"):
        left_out.append("several segments")
    if not given.get("admin_state_up", True):
        left_out.append("admin_state_up=False")
    left_out += _limit(body, given, qos_policy)
    return wanted("networks", given, body, left_out)


def subnet(given: Given) -> Wanted:
    """A subnet. Weft hands out what lies outside Neutron's allocation pools: an address has one owner."""
    cidr = ip_network(given["cidr"])
    gateway = given["gateway_ip"] or str(cidr[-2])
    body = {
        "network": given["network_id"],
        "cidr": str(cidr),
        "name": text(given["name"], "subnet", given["id"]),
        "gateway": gateway,
        "pools": list(free_pools(cidr, gateway, given["allocation_pools"])),
        "dns_servers": list(given["dns_nameservers"]),
        "dhcp": bool(given["enable_dhcp"]),
    }
    left_out = [f"the route to {route['destination']}" for route in given.get("host_routes", ())]
    return wanted("subnets", given, body, left_out)


def free_pools(
    cidr: IPv4Network | IPv6Network, gateway: str, allocated: Sequence[Given]
) -> Iterator[dict[str, str]]:
    """The ranges of a prefix that are in no allocation pool.

    If there are none, the gateway, which nobody gets: Weft takes no pools for the whole prefix.
    """
    taken = sorted((int(ip_address(pool["start"])), int(ip_address(pool["end"]))) for pool in allocated)
    taken.append((int(ip_address(gateway)), int(ip_address(gateway))))
    last = int(cidr[-1]) - (cidr.version == 4)
    following, found = int(cidr[1]), False
    kind = type(cidr[0])
    for start, end in [*sorted(taken), (last + 1, last + 1)]:
        if start > following:
            found = True
            yield {"first": str(kind(following)), "last": str(kind(start - 1))}
        following = max(following, end + 1)
    if not found:
        yield {"first": gateway, "last": gateway}


def is_workload(port: Given) -> bool:
    """Whether a port stands for a workload, and is mirrored."""
    return not str(port.get("device_owner") or "").startswith(_UNSEEN)


def port(given: Given, hosts: Collection[str], qos_policy: str | None = None) -> Wanted:
    """A port, bound where Neutron has bound it if that host runs a Weft agent; its own QoS policy, too."""
    secured = bool(given.get("port_security_enabled", True))
    labels = {FIREWALL: "on" if secured else "off"}
    if secured:
        labels |= {member(group): "" for group in given.get("security_groups") or ()}
    host = given.get("binding:host_id") or None
    bound = given.get("binding:vif_type") == "ovs" and host in hosts
    body = {
        "network": given["network_id"],
        "name": text(given["name"], "port", given["id"]),
        "kind": "vm",
        "mac": given["mac_address"].lower(),
        "addresses": [fixed["ip_address"] for fixed in given["fixed_ips"]],
        "labels": tags(given) | labels,
        "host": host if bound else None,
        "port_security": secured,
        "quarantined": not given.get("admin_state_up", True),
    }
    left_out = [
        f"the allowed address pair {pair['ip_address']}" for pair in given.get("allowed_address_pairs") or ()
    ]
    left_out += [f"the DHCP option {one['opt_name']}" for one in given.get("extra_dhcp_opts") or ()]
    left_out += _limit(body, given, qos_policy)
    return wanted("ports", given, body, left_out)


def _limit(body: dict[str, Any], given: Given, qos_policy: str | None) -> Iterator[str]:
    """Put the policy into `body`, or say that it is left out."""
    if qos_policy is not None:
        body["qos_policy"] = qos_policy
    elif given.get("qos_policy_id"):
        yield f"the QoS policy {given['qos_policy_id']}, which is not of its network's project"


def address_group(given: Given) -> Wanted:
    """An address group."""
    body = {
        "project": project_id(given["project_id"]),
        "name": text(given["name"], "addresses", given["id"]),
        "description": given.get("description") or "",
        "cidrs": sorted(str(ip_network(str(one), strict=False)) for one in given["addresses"]),
    }
    return wanted("address_groups", given, body, ())


def security_group(given: Given) -> tuple[Wanted, Wanted]:
    """The group of its ports, and the policy that lets in and out what its rules allow."""
    name = text(given["name"], "security-group", given["id"])
    project = project_id(given["project_id"])
    description = given.get("description") or ""
    group = {
        "project": project,
        "name": name,
        "description": description,
        "selector": f"has({member(given['id'])})",
    }
    said = [rule_of(rule, stateful=given.get("stateful", True)) for rule in given["security_group_rules"]]
    policy = {
        "project": project,
        "name": name,
        "description": description,
        "target": given["id"],
        "rules": sorted((one for one in said if not isinstance(one, str)), key=lambda one: str(one["id"])),
    }
    left_out = [one for one in said if isinstance(one, str)]
    return wanted("groups", given, group, ()), wanted("policies", given, policy, left_out)


def project(keystone: str, name: str | None) -> Iterator[Wanted]:
    """A project, and what holds for all of Neutron's ports in it: nothing passes that no rule allows.

    A port without port security is open. Both are told by a label, so other ports of the project are not
    concerned.
    """
    identity = project_id(keystone)
    body = {"name": text(name or "", "openstack", identity), "description": f"OpenStack project {keystone}"}
    yield Wanted(kind="projects", id=identity, version=0, body=body, project=keystone)
    for state, action, tier in (("on", "drop", "baseline"), ("off", "allow", "project")):
        own = base_id(identity, state)
        name = f"openstack-firewall-{state}"
        group = {"project": identity, "name": name, "selector": f"{FIREWALL}={state}"}
        rules = [
            {"id": str(uuid5(UUID(own), way)), "direction": way, "action": action}
            for way in ("ingress", "egress")
        ]
        policy = {
            "project": identity,
            "name": name,
            "tier": tier,
            "order": 2000,
            "target": own,
            "rules": rules,
        }
        yield Wanted(kind="groups", id=own, version=0, body=group, project=keystone)
        yield Wanted(kind="policies", id=own, version=0, body=policy, project=keystone)


def base_id(project: str, state: str) -> str:
    """The id of the group, and of the policy, of all ports whose firewall is in `state`."""
    return str(uuid5(UUID(project), f"openstack-firewall-{state}"))


def member(group: str) -> str:
    """The label of the ports of a security group. A container that has it is in the group as well."""
    return f"{LABELS}sg/{group}"


def tags(given: Given) -> dict[str, str]:
    """Tags as labels: `key=value`, or a key alone."""
    pairs = (str(tag).partition("=") for tag in given.get("tags") or ())
    return {key: value for key, _, value in pairs if key and key.isprintable() and not key.startswith(LABELS)}


def text(name: str, noun: str, identity: str) -> str:
    """A name that Weft takes: Neutron's may be empty, long, or anything at all."""
    fitting = (
        "".join(c if c.isprintable() and c != "/" else "-" for c in name).strip()[:_LONGEST_NAME].strip()
    )
    if not fitting or _is_uuid(fitting):
        return f"{noun}-{UUID(identity).hex[:8]}"
    return fitting


def wanted(kind: str, given: Given, body: Given, left_out: Collection[str]) -> Wanted:
    """An object of Neutron's as `body`."""
    return Wanted(
        kind=kind,
        id=given["id"],
        version=given["revision_number"] or 0,
        body=body,
        project=given["project_id"],
        left_out=tuple(left_out),
    )


def _is_uuid(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True
