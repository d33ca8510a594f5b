"""Which ports' policy became stricter, case by case."""

from tests.support.builders import (
    Anything,
    a_group,
    a_network,
    a_peer,
    a_policy,
    a_port,
    a_router,
    a_rule,
    a_snapshot,
    a_subnet,
    an_address_group,
    an_id,
)
from tests.support.changes import touched_between

from weft.model.network import Default
from weft.model.policy import Action, Direction, Policy, Rule
from weft.verifier.tightening import tightening

CIDR = "10.0.0.0/24"
WEB = a_port("web", {"10.0.0.2": CIDR}, labels={"app": "web"})
DB = a_port("db", {"10.0.0.3": CIDR}, labels={"app": "db"})
OTHER = a_port("other", {"10.0.0.4": CIDR})
GROUPS = [a_group("web", "app=web"), a_group("db", "app=db")]
ALLOW = a_rule("allow", action=Action.ALLOW, peer=a_peer(group="web"), service="tcp/80")
DROP = a_rule("drop", action=Action.DROP, peer=a_peer(group="web"), service="tcp/80")
OUT = a_rule("out", Direction.EGRESS, Action.ALLOW)


def model(*objects: Anything) -> list[Anything]:
    """`objects` in place of those of the same name, beside two groups and three ports on one network."""
    usual: list[Anything] = [a_network(), a_subnet(CIDR), *GROUPS, WEB, DB, OTHER]
    named = {(type(each), each.name): each for each in [*usual, *objects]}
    return list(named.values())


def stricter(old: list[Anything], new: list[Anything]) -> dict[str, set[str]]:
    """The names of the ports, by direction."""
    before, after = a_snapshot(*old), a_snapshot(*new)
    cut = tightening(before, after, touched_between(before, after))
    return {
        direction.value: {after.ports[port].name for port in cut.of(direction)}
        for direction in Direction
        if cut.of(direction)
    }


def policy(*rules: Rule, target: str | None = "db", order: int = 1000) -> Policy:
    return a_policy("policy", *rules, target=target, order=order)


def test_an_allowance_that_is_taken_away() -> None:
    assert stricter(model(policy(ALLOW)), model(policy())) == {"ingress": {"db"}}


def test_a_network_that_leaves_an_allowed_zone() -> None:
    rules = policy(a_rule("z", action=Action.ALLOW, peer=a_peer(zone="dmz")))
    old, new = model(a_network(zone="dmz"), rules), model(a_network(zone="lan"), rules)

    assert stricter(old, new) == {"ingress": {"db"}}
    assert stricter(new, old) == {}


def test_a_network_that_joins_a_dropped_zone() -> None:
    rules = policy(a_rule("z", action=Action.DROP, peer=a_peer(zone="dmz")))

    assert stricter(model(a_network(), rules), model(a_network(zone="dmz"), rules)) == {"ingress": {"db"}}


def test_a_network_that_leaves_the_zone_that_rules_allow_something() -> None:
    rules = a_policy("policy", ALLOW, zone="dmz")
    old, new = model(a_network(zone="dmz"), rules), model(a_network(zone="lan"), rules)

    assert stricter(old, new) == {"ingress": {"web", "db", "other"}}
    assert stricter(new, old) == {}


def test_a_network_that_joins_the_zone_that_rules_drop_something_of() -> None:
    rules = a_policy("policy", DROP, zone="dmz")

    joined = stricter(model(a_network(), rules), model(a_network(zone="dmz"), rules))

    assert joined == {"ingress": {"web", "db", "other"}}


def test_a_drop_for_a_zone_that_is_new() -> None:
    zoned = a_network(zone="dmz")

    found = stricter(model(zoned), model(zoned, a_policy("policy", DROP, zone="dmz")))

    assert found == {"ingress": {"web", "db", "other"}}


def test_a_drop_that_is_new() -> None:
    assert stricter(model(policy()), model(policy(DROP))) == {"ingress": {"db"}}


def test_a_policy_without_a_target_concerns_every_port() -> None:
    assert stricter(model(policy(OUT, target=None)), model()) == {"egress": {"web", "db", "other"}}


def test_more_allowances_and_fewer_drops_are_not_stricter() -> None:
    assert stricter(model(policy()), model(policy(ALLOW))) == {}
    assert stricter(model(policy(DROP)), model(policy())) == {}


def test_rules_that_change_places() -> None:
    assert stricter(model(policy(ALLOW, DROP)), model(policy(DROP, ALLOW))) == {"ingress": {"db"}}


def test_a_policy_that_changes_its_order() -> None:
    assert stricter(model(policy(ALLOW)), model(policy(ALLOW, order=5))) == {"ingress": {"db"}}


def test_a_rule_that_is_written_anew_and_means_the_same_is_not_stricter() -> None:
    again = a_rule("again", action=Action.ALLOW, peer=a_peer(group="web"), service="tcp/80", log=True)

    assert stricter(model(policy(ALLOW)), model(policy(again))) == {}


def test_a_policy_that_leaves_its_target_for_another() -> None:
    assert stricter(model(policy(ALLOW)), model(policy(ALLOW, target="web"))) == {"ingress": {"db"}}


def test_a_peer_that_loses_the_label_that_allowed_it() -> None:
    unlabelled = a_port("web", {"10.0.0.2": CIDR})

    assert stricter(model(policy(ALLOW)), model(policy(ALLOW), unlabelled)) == {"ingress": {"db"}}


def test_a_peer_that_gets_a_label_that_is_dropped() -> None:
    labelled = a_port("other", {"10.0.0.4": CIDR}, labels={"app": "web"})

    assert stricter(model(policy(DROP)), model(policy(DROP), labelled)) == {"ingress": {"db"}}


def test_a_target_that_loses_the_label_that_allowed_it_something() -> None:
    unlabelled = a_port("db", {"10.0.0.3": CIDR})

    assert stricter(model(policy(ALLOW)), model(policy(ALLOW), unlabelled)) == {"ingress": {"db"}}


def test_a_target_that_gets_a_label_that_drops() -> None:
    labelled = a_port("other", {"10.0.0.4": CIDR}, labels={"app": "db"})

    assert stricter(model(policy(DROP)), model(policy(DROP), labelled)) == {"ingress": {"other"}}


def test_a_member_that_is_taken_out_of_a_group_by_hand() -> None:
    by_hand, without = (a_group("web", members=names) for names in (["other"], []))

    assert stricter(model(by_hand, policy(ALLOW)), model(without, policy(ALLOW))) == {"ingress": {"db"}}


def test_a_label_that_no_policy_asks_for_is_not_stricter() -> None:
    unlabelled = a_port("web", {"10.0.0.2": CIDR})

    assert stricter(model(), model(unlabelled)) == {}


def test_a_port_that_comes_or_goes_has_nothing_to_end() -> None:
    newcomer = a_port("new", {"10.0.0.9": CIDR}, labels={"app": "web"})

    assert stricter(model(policy(DROP)), model(policy(DROP), newcomer)) == {}
    assert stricter(model(policy(ALLOW), newcomer), model(policy(ALLOW))) == {}


def test_a_port_that_goes_into_quarantine() -> None:
    suspect = a_port("web", {"10.0.0.2": CIDR}, labels={"app": "web"}, quarantined=True)

    assert stricter(model(), model(suspect)) == {"ingress": {"web"}, "egress": {"web"}}


def test_a_default_that_becomes_stricter() -> None:
    closed = a_network(ingress=Default.DROP)

    assert stricter(model(), model(closed)) == {"ingress": {"web", "db", "other"}}


def test_a_prefix_that_leaves_an_address_group() -> None:
    rule = a_rule("allow", action=Action.ALLOW, peer=a_peer(address_group="offices"))
    wide, narrow = (
        an_address_group("offices", cidrs)
        for cidrs in (["192.0.2.0/24", "198.51.100.0/24"], ["192.0.2.0/24"])
    )

    assert stricter(model(wide, policy(rule)), model(narrow, policy(rule))) == {"ingress": {"db"}}


def test_a_network_that_leaves_its_router() -> None:
    far: list[Anything] = [a_network("far"), a_subnet("10.1.0.0/24", network="far")]
    ports = [a_port("away", {"10.1.0.2": "10.1.0.0/24"}, network="far")]
    joined, alone = (a_router("r", names) for names in (["net", "far"], ["net"]))

    found = stricter(model(*far, *ports, joined), model(*far, *ports, alone))

    assert found["ingress"] == {"web", "db", "other", "away"}


def test_what_did_not_change_is_not_looked_at() -> None:
    assert an_id("port", "web") in a_snapshot(*model()).ports
    assert stricter(model(policy(ALLOW, DROP)), model(policy(ALLOW, DROP))) == {}
