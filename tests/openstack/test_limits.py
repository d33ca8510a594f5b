"""A QoS policy of Neutron's limits the machine's port in Weft."""

from typing import Any

from tests.openstack.cloud import Cloud

from weft.lab import story
from weft.lab.layout import Lab


def test_a_port_bears_a_policy_of_neutron_and_puts_it_down(
    cloud: Cloud, lab: Lab, bound: dict[str, Any]
) -> None:
    policy = cloud.openstack("network", "qos", "policy", "create", "slow")["id"]
    limit = ("--type", "bandwidth-limit", "--max-kbps", "2000", "--ingress")
    cloud.openstack("network", "qos", "rule", "create", *limit, "slow")
    cloud.change("port", bound["id"], qos_policy_id=policy)
    cloud.in_step()

    assert story.ports(lab)["vm1"]["qos_policy_id"] == policy
    (shown,) = (one for one in story.weft(lab, "qos", "list") if one["id"] == policy)
    assert (shown["egress"], shown["ingress"]["rate_kbps"]) == (None, 2000)
    cloud.equal()

    cloud.change("port", bound["id"], qos_policy_id=None)
    cloud.in_step()
    assert story.ports(lab)["vm1"]["qos_policy_id"] is None
