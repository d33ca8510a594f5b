"""Neutron's QoS policies in Weft's terms."""

from typing import Any
from uuid import UUID

from weft.api.schemas.qos_policy import QosPolicyCreate
from weft.ml2 import limits, translate

KEYSTONE = "27fb53b3287547b8ae40b51ba1ee6dff"
ID = str(UUID(int=7))


def policy(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"id": ID, "project_id": KEYSTONE, "name": "slow", "revision_number": 1, "rules": rules}


def bandwidth(**fields: object) -> dict[str, Any]:
    return {"id": "r1", "type": "bandwidth_limit", "max_kbps": 500, "max_burst_kbps": 100} | fields


def test_limits_and_the_mark_are_kept_and_the_api_takes_them() -> None:
    mark = {"id": "r3", "type": "dscp_marking", "dscp_mark": 46}
    found = limits.qos_policy(policy(bandwidth(direction="egress"), bandwidth(direction="ingress"), mark))

    body = QosPolicyCreate.model_validate(found.body)

    assert body.egress == body.ingress
    assert body.egress is not None
    assert (body.egress.rate_kbps, body.egress.burst_kb, body.dscp) == (500, 100, 46)
    assert not found.left_out


def test_what_weft_cannot_keep_is_named() -> None:
    found = limits.qos_policy(
        policy({"id": "r2", "type": "minimum_bandwidth", "min_kbps": 5}, bandwidth(max_kbps=0))
    )

    assert found.left_out == ("the rule minimum_bandwidth r2", "the rule bandwidth_limit r1")
    assert found.body["egress"] is None


def test_a_policy_is_borne_in_its_own_project_alone() -> None:
    policies = {ID: policy()}

    assert limits.borne({"qos_policy_id": ID}, KEYSTONE, policies) == ID
    assert limits.borne({"qos_policy_id": ID}, "another", policies) is None
    assert limits.borne({"qos_policy_id": None}, KEYSTONE, policies) is None


def test_a_network_without_a_policy_is_told_as_ever() -> None:
    given = {"id": ID, "project_id": KEYSTONE, "name": "n", "revision_number": 0}

    assert "qos_policy" not in translate.network(given).body
    assert translate.network(given, ID).body["qos_policy"] == ID
    assert translate.network({**given, "qos_policy_id": ID}).left_out
