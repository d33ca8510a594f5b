"""A cookie stands for one of our ACLs, or for none."""

from weft.ovn.hits import keys_of
from weft.ovn.northbound import MARK

RULE, DEFAULT = "acl:weft_pg_a:rule", "acl:weft_net_a:default-ingress-drop"
ACLS = [(0xA1, {MARK: RULE}), (0xA2, {MARK: DEFAULT}), (0xA3, {"owner": "somebody else"})]


def test_each_flow_of_an_acl_leads_to_it() -> None:
    flows = [
        (1, {"stage-hint": "000000a1"}),
        (2, {"stage-hint": "000000a1"}),
        (3, {"stage-hint": "000000a2"}),
    ]

    assert keys_of(flows, ACLS) == {1: RULE, 2: RULE, 3: DEFAULT}


def test_flows_of_strangers_and_of_no_acl_lead_nowhere() -> None:
    flows = [
        (1, {"stage-hint": "000000a3"}),
        (2, {"stage-hint": "000000ff"}),
        (3, {"stage-name": "ls_in_acl"}),
    ]

    assert keys_of(flows, ACLS) == {}


def test_a_cookie_of_two_acls_leads_nowhere_whatever_the_order() -> None:
    two = [(1, {"stage-hint": "000000a1"}), (1, {"stage-hint": "000000a2"})]
    for flows in (two, two[::-1], [*two, two[0]]):
        assert keys_of(flows, ACLS) == {}


def test_acls_that_begin_alike_are_not_told_apart() -> None:
    assert keys_of([(1, {"stage-hint": "000000a1"})], [*ACLS, (0xA1, {MARK: DEFAULT})]) == {}
