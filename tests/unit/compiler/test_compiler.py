"""What single parts of a model compile to; whole models are in tests/golden."""

from dataclasses import replace

import pytest
from tests.support.builders import (
    a_group,
    a_network,
    a_peer,
    a_policy,
    a_port,
    a_project,
    a_qos_policy,
    a_rule,
    a_snapshot,
    a_subnet,
    an_id,
)

from weft.compiler import CompilerSettings, compile_model
from weft.model.policy import Action, Direction, RateLimit
from weft.model.port import Port
from weft.ovn.rows import Acl, DhcpOptions, LogicalSwitchPort, Qos, Rows

SETTINGS = CompilerSettings()
CIDR = "10.0.0.0/24"


def the_port(*ports: Port) -> LogicalSwitchPort:
    rows = compile_model(a_snapshot(a_network(), a_subnet(), *ports), SETTINGS)
    (row,) = [row for row in rows.values() if isinstance(row, LogicalSwitchPort) and not row.type]
    return row


def matches_of(rows: Rows, rule: str) -> list[str]:
    identity = str(an_id("rule", rule))
    return sorted(row.match for row in rows.values() if isinstance(row, Acl) and identity in row.key)


def test_a_port_may_use_its_own_addresses_only() -> None:
    port = a_port("p", {"10.0.0.5": CIDR})
    assert the_port(port).port_security == {f"{port.mac} 10.0.0.5"}


def test_a_port_without_addresses_may_use_none() -> None:
    port = a_port("p")
    assert the_port(port).port_security == {f"{port.mac} 0.0.0.0"}


def test_without_anti_spoofing_a_port_also_gets_what_nobody_claims() -> None:
    port = a_port("p", {"10.0.0.5": CIDR}, secure=False)
    assert the_port(port).port_security == frozenset()
    assert the_port(port).addresses == {f"{port.mac} 10.0.0.5", "unknown"}


def test_only_a_bound_port_asks_for_a_chassis() -> None:
    assert the_port(a_port("p")).options == {}
    assert the_port(a_port("p", host="h1")).options == {"requested-chassis": "h1"}


def test_dhcp_tells_the_mtu_but_no_router() -> None:
    snapshot = a_snapshot(a_network(mtu=1400), a_subnet(dns=["10.0.0.1", "10.0.0.2"]))
    rows = compile_model(snapshot, replace(SETTINGS, lease_s=60))
    (options,) = [row.options for row in rows.values() if isinstance(row, DhcpOptions)]
    assert options == {
        "server_id": "10.0.0.1",
        "server_mac": SETTINGS.dhcp_server_mac,
        "lease_time": "60",
        "mtu": "1400",
        "dns_server": "{10.0.0.1, 10.0.0.2}",
    }


def test_a_stranger_with_the_same_address_is_not_a_peer() -> None:
    rule = a_rule("r", Direction.INGRESS, Action.ALLOW, peer=a_peer(network="other"))
    snapshot = a_snapshot(
        a_project(),
        a_network(),
        a_subnet(),
        a_network("other"),
        a_subnet(CIDR, network="other"),
        a_subnet("10.7.0.0/24", network="other"),
        a_port("p", {"10.0.0.5": CIDR}),
        a_port("q", {"10.0.0.6": CIDR}, network="other"),
        a_group("g", members=["p"]),
        a_policy("policy", rule, target="g"),
    )
    (match,) = matches_of(compile_model(snapshot, SETTINGS), "r")
    assert match.endswith("ip4 && ip4.src == 10.7.0.0/24")


def test_a_rank_outside_of_its_tier_is_our_bug() -> None:
    policy = a_policy("policy", a_rule("r"))
    broken = replace(policy, rules=(replace(policy.rules[0], rank=400),))
    with pytest.raises(ValueError, match="has rank 400"):
        compile_model(a_snapshot(a_network(), a_port(), broken), SETTINGS)


def test_a_limit_without_a_burst_allows_a_fifth_of_a_second() -> None:
    port = a_port("p", {"10.0.0.5": CIDR}, qos="slow")
    slow = replace(a_qos_policy("slow"), egress=RateLimit(rate_kbps=10_000))

    rows = compile_model(a_snapshot(a_network(), a_subnet(), port, slow), SETTINGS)

    (limit,) = [row for row in rows.values() if isinstance(row, Qos)]
    assert limit.bandwidth == {"rate": 10_000, "burst": 2_000}
