"""Neutron's objects in Weft's terms: the same ids, everything that Weft can say, and nothing more open."""

from typing import Any
from uuid import UUID

import pytest

from weft.api.schemas.group import AddressGroupCreate, GroupCreate
from weft.api.schemas.mirror import MirroredPort
from weft.api.schemas.network import NetworkCreate, SubnetCreate
from weft.api.schemas.policy import PolicyCreate
from weft.api.schemas.project import ProjectCreate
from weft.ml2 import translate
from weft.ml2.rules import rule_of
from weft.model.selector import Selector

KEYSTONE = "27fb53b3287547b8ae40b51ba1ee6dff"
PROJECT = "27fb53b3-2875-47b8-ae40-b51ba1ee6dff"
ID, NET, SUB, GROUP = (str(UUID(int=number)) for number in range(1, 5))


def network(**fields: object) -> dict[str, Any]:
    return {
        "id": NET,
        "project_id": KEYSTONE,
        "name": "DockerSN",
        "revision_number": 3,
        "mtu": 1442,
        "admin_state_up": True,
        "provider:network_type": "geneve",
        "provider:physical_network": None,
        "provider:segmentation_id": 7,
    } | fields


def subnet(**fields: object) -> dict[str, Any]:
    return {
        "id": SUB,
        "project_id": KEYSTONE,
        "network_id": NET,
        "name": "",
        "revision_number": 0,
        "cidr": "192.168.200.0/24",
        "gateway_ip": "192.168.200.1",
        "allocation_pools": [{"start": "192.168.200.2", "end": "192.168.200.127"}],
        "dns_nameservers": ["192.0.2.53"],
        "host_routes": [],
        "enable_dhcp": True,
    } | fields


def port(**fields: object) -> dict[str, Any]:
    return {
        "id": ID,
        "project_id": KEYSTONE,
        "network_id": NET,
        "name": "vm1",
        "revision_number": 5,
        "mac_address": "FA:16:3E:00:00:01",
        "fixed_ips": [{"subnet_id": SUB, "ip_address": "192.168.200.2"}],
        "security_groups": [GROUP],
        "port_security_enabled": True,
        "admin_state_up": True,
        "device_owner": "compute:nova",
        "binding:host_id": "h2",
        "binding:vif_type": "ovs",
        "tags": ["app=web", "red", "openstack.firewall=off"],
    } | fields


def rule(**fields: object) -> dict[str, Any]:
    return {
        "id": ID,
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": None,
        "port_range_min": None,
        "port_range_max": None,
        "remote_group_id": None,
        "remote_ip_prefix": None,
    } | fields


def test_the_api_takes_what_is_translated() -> None:
    group, policy = translate.security_group(
        {
            "id": GROUP,
            "project_id": KEYSTONE,
            "name": "web",
            "revision_number": 1,
            "security_group_rules": [rule(protocol="tcp", port_range_min=80, port_range_max=90)],
        }
    )
    addresses = translate.address_group(
        {"id": ID, "project_id": KEYSTONE, "name": "a", "revision_number": 1, "addresses": ["10.0.0.1/32"]}
    )
    first, *base = translate.project(KEYSTONE, "demo")

    NetworkCreate.model_validate(translate.network(network()).body)
    SubnetCreate.model_validate(translate.subnet(subnet()).body)
    MirroredPort.model_validate(translate.port(port(), {"h2"}).body)
    AddressGroupCreate.model_validate(addresses.body)
    ProjectCreate.model_validate(first.body)
    for one in (group, *base[::2]):
        GroupCreate.model_validate(one.body)
        Selector(one.body["selector"])
    for one in (policy, *base[1::2]):
        PolicyCreate.model_validate(one.body)


def test_ids_and_versions_stay_and_a_project_of_keystones_is_the_same_number() -> None:
    found = translate.network(network())

    assert (found.kind, found.id, found.version) == ("networks", NET, 3)
    assert found.body["project"] == PROJECT


def test_the_digest_is_that_of_the_state_alone() -> None:
    same = translate.network(network(revision_number=4, updated_at="later"))

    assert translate.network(network()).digest == same.digest
    assert translate.network(network(name="other")).digest != same.digest


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a/b\n", "a-b-"), ("  x ", "x"), ("", f"network-{NET[:8]}"), (NET, f"network-{NET[:8]}"), ("é", "é")],
)
def test_names_become_names_that_weft_takes(name: str, expected: str) -> None:
    assert translate.network(network(name=name)).body["name"] == expected


def test_a_provider_network_goes_on_outside() -> None:
    vlan = translate.network(
        network(**{"provider:network_type": "vlan", "provider:physical_network": "physnet1"})
    )

    assert vlan.body["physical_network"] == {"name": "physnet1", "vlan": 7}
    assert "physical_network" not in translate.network(network()).body


def test_an_address_has_one_owner() -> None:
    body = translate.subnet(subnet()).body

    assert body["pools"] == [{"first": "192.168.200.128", "last": "192.168.200.254"}]


@pytest.mark.parametrize(
    ("cidr", "gateway", "allocated", "free"),
    [
        ("10.0.0.0/29", "10.0.0.1", [("10.0.0.2", "10.0.0.6")], [("10.0.0.1", "10.0.0.1")]),
        ("10.0.0.0/29", "10.0.0.3", [], [("10.0.0.1", "10.0.0.2"), ("10.0.0.4", "10.0.0.6")]),
        (
            "10.0.0.0/28",
            "10.0.0.1",
            [("10.0.0.8", "10.0.0.9"), ("10.0.0.4", "10.0.0.5")],
            [("10.0.0.2", "10.0.0.3"), ("10.0.0.6", "10.0.0.7"), ("10.0.0.10", "10.0.0.14")],
        ),
        ("fd00::/126", "fd00::1", [("fd00::2", "fd00::2")], [("fd00::3", "fd00::3")]),
    ],
)
def test_weft_hands_out_what_neutron_does_not(
    cidr: str, gateway: str, allocated: list[tuple[str, str]], free: list[tuple[str, str]]
) -> None:
    pools = [{"start": start, "end": end} for start, end in allocated]

    body = translate.subnet(subnet(cidr=cidr, gateway_ip=gateway, allocation_pools=pools)).body

    assert [(pool["first"], pool["last"]) for pool in body["pools"]] == free


def test_a_subnet_without_a_gateway_keeps_its_last_address_for_one() -> None:
    assert translate.subnet(subnet(gateway_ip=None)).body["gateway"] == "192.168.200.254"


def test_a_port_is_bound_where_an_agent_runs_and_bears_its_groups() -> None:
    body = translate.port(port(), {"h2"}).body

    assert (body["host"], body["mac"], body["addresses"]) == ("h2", "fa:16:3e:00:00:01", ["192.168.200.2"])
    assert body["labels"] == {
        "app": "web",
        "red": "",
        "openstack.firewall": "on",
        f"openstack.sg/{GROUP}": "",
    }
    assert translate.port(port(), set()).body["host"] is None
    assert translate.port(port(**{"binding:vif_type": "binding_failed"}), {"h2"}).body["host"] is None


def test_a_port_without_port_security_is_open_and_in_no_group() -> None:
    body = translate.port(port(port_security_enabled=False), set()).body

    assert body["port_security"] is False
    assert body["labels"] == {"app": "web", "red": "", "openstack.firewall": "off"}


def test_a_port_that_is_switched_off_gets_nothing() -> None:
    assert translate.port(port(admin_state_up=False), set()).body["quarantined"]


def test_what_weft_cannot_say_is_named() -> None:
    found = translate.port(port(allowed_address_pairs=[{"ip_address": "10.0.0.9"}], qos_policy_id="x"), set())

    assert found.left_out == (
        "the allowed address pair 10.0.0.9",
        "the QoS policy x, which is not of its network's project",
    )
    assert found == translate.port(port(), set())


@pytest.mark.parametrize(
    ("owner", "mirrored"),
    [
        ("compute:nova", True),
        ("", True),
        (None, True),
        ("network:dhcp", True),
        ("network:router_gateway", False),
    ],
)
def test_ports_of_openstacks_own_routing_are_no_workloads(owner: str | None, mirrored: bool) -> None:  # noqa: FBT001
    assert translate.is_workload(port(device_owner=owner)) is mirrored


@pytest.mark.parametrize(
    ("given", "peer", "service"),
    [
        ({}, {"cidr": "0.0.0.0/0"}, {}),
        ({"ethertype": "IPv6"}, {"cidr": "::/0"}, {}),
        ({"remote_ip_prefix": "10.0.0.9/24"}, {"cidr": "10.0.0.0/24"}, {}),
        ({"remote_group_id": GROUP}, {"group": GROUP}, {}),
        ({"remote_address_group_id": GROUP}, {"address_group": GROUP}, {}),
        ({"protocol": "6"}, {"cidr": "0.0.0.0/0"}, {"protocol": "tcp"}),
        (
            {"protocol": "udp", "port_range_min": 53, "port_range_max": 53},
            {"cidr": "0.0.0.0/0"},
            {"protocol": "udp", "ports": ["53"]},
        ),
        (
            {"protocol": "tcp", "port_range_min": 80, "port_range_max": 90},
            {"cidr": "0.0.0.0/0"},
            {"protocol": "tcp", "ports": ["80-90"]},
        ),
        (
            {"protocol": "icmp", "port_range_min": 8, "port_range_max": 0},
            {"cidr": "0.0.0.0/0"},
            {"protocol": "icmp", "icmp_type": 8, "icmp_code": 0},
        ),
        ({"protocol": "icmp", "ethertype": "IPv6"}, {"cidr": "::/0"}, {"protocol": "icmpv6"}),
    ],
)
def test_a_rule_of_a_security_group_is_one_of_a_policy(
    given: dict[str, Any], peer: dict[str, str], service: dict[str, Any]
) -> None:
    said = rule_of(rule(**given), stateful=True)

    assert isinstance(said, dict)
    assert (said["id"], said["action"], said["peer"], said["service"]) == (ID, "allow", peer, service)


def test_a_rule_that_weft_has_no_words_for_lets_nothing_pass() -> None:
    _, policy = translate.security_group(
        {
            "id": GROUP,
            "project_id": KEYSTONE,
            "name": "vrrp",
            "revision_number": 1,
            "security_group_rules": [rule(protocol="vrrp")],
        }
    )

    assert policy.body["rules"] == []
    assert policy.left_out == (f"rule {ID}: Weft has no rules for protocol vrrp",)


def test_what_no_rule_allows_is_dropped_for_ports_of_neutron_alone() -> None:
    _, closed, drop, opened, allow = translate.project(KEYSTONE, None)

    assert closed.body["selector"] == "openstack.firewall=on"
    assert (drop.body["tier"], drop.body["target"]) == ("baseline", closed.id)
    assert {(one["direction"], one["action"]) for one in drop.body["rules"]} == {
        ("ingress", "drop"),
        ("egress", "drop"),
    }
    assert {one["action"] for one in allow.body["rules"]} == {"allow"}
    assert opened.id == allow.body["target"] != closed.id
    assert [one.id for one in translate.project(KEYSTONE, "demo")][1:] == [
        closed.id,
        drop.id,
        opened.id,
        allow.id,
    ]
