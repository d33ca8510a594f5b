"""QoS policies of Neutron's in Weft's terms. Pure."""

from collections.abc import Mapping
from typing import Any

from weft.ml2.translate import Given, Wanted, project_id, text, wanted

_BANDWIDTH, _DSCP = "bandwidth_limit", "dscp_marking"


def qos_policy(given: Given) -> Wanted:
    """A QoS policy: one limit a direction, and a mark, as Neutron has them.

    Neutron lets a policy have rules that nobody keeps as long as nothing bears it: those are left out.
    """
    body: dict[str, Any] = {
        "project": project_id(given["project_id"]),
        "name": text(given["name"], "qos-policy", given["id"]),
        "description": given.get("description") or "",
        "egress": None,
        "ingress": None,
        "dscp": None,
    }
    left_out = []
    for rule in given.get("rules") or ():
        if rule["type"] == _BANDWIDTH and rule["max_kbps"] > 0:
            limit = {"rate_kbps": rule["max_kbps"], "burst_kb": rule.get("max_burst_kbps") or 0}
            body[rule.get("direction") or "egress"] = limit
        elif rule["type"] == _DSCP:
            body["dscp"] = rule["dscp_mark"]
        else:
            left_out.append(f"the rule {rule['type']} {rule['id']}")
    return wanted("qos_policies", given, body, left_out)


def borne(given: Given, owner: str | None, policies: Mapping[str, Given]) -> str | None:
    """The QoS policy that a network or a port bears, if it is one of the project `owner` (Keystone's id).

    Weft's networks, and the ports on them, are limited by policies of their own project.
    """
    policy = policies.get(given.get("qos_policy_id") or "")
    return str(policy["id"]) if policy is not None and policy["project_id"] == owner else None
