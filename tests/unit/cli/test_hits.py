"""Hits as people read them: unknown is not none, and rules that are counted together say so."""

from typing import Any

from tests.unit.cli.conftest import Weft
from tests.unit.cli.fake_api import FakeApi

AT = "2025-01-01T22:01:12+00:00"
UNKNOWN: dict[str, Any] = {"packets": None, "bytes": None, "last_hit_at": None, "together": []}
NONE = {**UNKNOWN, "packets": 0, "bytes": 0}
SOME = {**UNKNOWN, "packets": 1234, "bytes": 1_500_000, "last_hit_at": AT}


def policy(api: FakeApi, *hits: dict[str, Any], silent: tuple[str, ...] = ()) -> None:
    rules = [{"id": str(n), "direction": "ingress", "action": "drop"} for n, _ in enumerate(hits)]
    api.add("policies", name="p", rules=rules)
    counted = [{"rule_id": str(n), "policy_id": "p", **each} for n, each in enumerate(hits)]
    api.answers["policies/hits"] = {"precision_s": 10, "silent": list(silent), "rules": counted}


def test_a_policy_is_shown_with_what_its_rules_matched(weft: Weft, api: FakeApi) -> None:
    policy(api, UNKNOWN, NONE, SOME)

    for command in ("show", "hits"):
        unknown, none, some = weft("policy", command, "p").stdout.split("HITS")[1].splitlines()[1:4]
        assert "unknown" in unknown
        assert "none" in none
        assert "1,234 packets, 1.5 MB, last 2025-01-01 22:01:12" in some


def test_rules_that_are_counted_together_say_so(weft: Weft, api: FakeApi) -> None:
    policy(api, NONE, {**SOME, "packets": 1, "together": ["2"]}, {**SOME, "packets": 1, "together": ["1"]})

    said = weft("policy", "hits", "p").stdout

    assert said.count("1 packet, 1.5 MB, last 2025-01-01 22:01:12 (rules 2-3 together)") == 2


def test_hosts_whose_hits_are_missing_are_named(weft: Weft, api: FakeApi) -> None:
    policy(api, UNKNOWN, silent=("h1", "h2"))

    assert "Missing: what h1, h2 matched lately" in weft("policy", "hits", "p").stdout


def test_what_a_network_dropped_by_default_is_shown(weft: Weft, api: FakeApi) -> None:
    api.add("networks", name="net")
    api.answers["networks/hits"]["defaults"] = [{"what": "default-ingress-drop", **SOME}]

    assert "default-ingress-drop  1,234 packets" in weft("network", "hits", "net").stdout


def unused(rule: int, unknown: str | None, last: str | None = None) -> dict[str, Any]:
    named = {"policy_id": "p", "policy": "web", "rule_id": str(rule), "index": rule, "description": ""}
    return {**named, "project_id": "x", "last_hit_at": last, "unknown": unknown}


def test_unused_rules_are_listed_apart_from_those_of_which_nobody_can_tell(weft: Weft, api: FakeApi) -> None:
    api.answers["hits/unused"]["rules"] = [unused(1, None, AT), unused(2, "hosts h1 have not told")]

    said = weft("hits", "--unused", "--since", "30d").stdout.splitlines()

    assert said == [
        "not used since 2026-11-27 21:00:07 UTC:",
        "  rule 1 of policy web, last used 2025-01-01 22:01:12 UTC",
        "without a hit, and nobody can tell:",
        "  rule 2 of policy web",
        "      hosts h1 have not told",
    ]


def test_hits_of_all_policies_are_shown(weft: Weft, api: FakeApi) -> None:
    policy(api, UNKNOWN, SOME)
    api.answers["hits"]["rules"] = api.answers["policies/hits"]["rules"]
    identity = api.objects["policies"][0]["id"]
    for rule in api.answers["hits"]["rules"]:
        rule["policy_id"] = identity

    said = weft("hits").stdout

    assert "rule 1 of policy p: unknown" in said
    assert "rule 2 of policy p: 1,234 packets" in said


def test_since_without_unused_is_refused(weft: Weft) -> None:
    assert weft("hits", "--since", "1d").exit_code == 2
