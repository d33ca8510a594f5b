"""weft reach, diff, since, history and lint, against answers of the API."""

from typing import Any

from tests.unit.cli.conftest import Weft
from tests.unit.cli.fake_api import FakeApi

MOMENT = {"revision": 12, "at": "2026-11-27T21:00:07Z", "author": "alice"}
OBJECT = {
    "action": "change",
    "kind": "policies",
    "name": "db",
    "project": "default",
    "fields": [{"field": "order", "before": 1, "after": 7, "added": [], "removed": [], "moved": False}],
}


def test_reach_is_told_as_of_a_moment(weft: Weft, api: FakeApi) -> None:
    api.answers["reach"] = {"moment": MOMENT, "sentences": ["reach tcp/22 from a to b"], "left_out": 2}

    said = weft("reach", "group:web", "--to", "db-1", "--at", "12")

    assert said.stdout.splitlines() == [
        "as of revision 12, 2026-11-27 21:00 UTC, alice",
        "reach tcp/22 from a to b",
        "and 2 more kinds of traffic, all of which are counted",
    ]
    assert api.requests[-1][2] == {"source": {"group": "web"}, "destination": {"port": "db-1"}, "at": "12"}


def test_a_diff_credits_every_object(weft: Weft, api: FakeApi) -> None:
    api.answers["diff"] = {
        "old": {**MOMENT, "revision": 3},
        "new": MOMENT,
        "objects": [{"object": OBJECT, "last": MOMENT}],
        "reachability": {"sentences": [], "left_out": 0},
    }

    said = weft("diff", "3", "12")

    assert said.stdout.splitlines()[2:] == [
        "~ policies db of project default  (revision 12, 2026-11-27 21:00 UTC, alice)",
        "    order: 1 -> 7",
        "everybody reaches just whom they reached",
    ]


def test_since_tells_the_sentences_and_what_changed(weft: Weft, api: FakeApi) -> None:
    api.answers["since"] = {"sentences": ["web-1 reaches db-1 since revision 12."], "objects": [OBJECT]}

    said = weft("since", "web-1", "192.0.2.7", "tcp/22")

    assert said.stdout.splitlines()[:2] == [
        "web-1 reaches db-1 since revision 12.",
        "~ policies db of project default",
    ]
    assert api.requests[-1][2]["destination"] == {"address": "192.0.2.7"}


def test_a_history_lists_versions_and_says_where_it_begins(weft: Weft, api: FakeApi) -> None:
    version: dict[str, Any] = {"moment": MOMENT, "action": "change", "name": "db", "fields": OBJECT["fields"]}
    api.answers["versions"] = {"items": [version], "kept_from": {**MOMENT, "revision": 9}}

    said = weft("history", "policy", "db")

    assert said.stdout.splitlines() == [
        "~ policy db  (revision 12, 2026-11-27 21:00 UTC, alice)",
        "    order: 1 -> 7",
        "older versions than of revision 9 may not be kept any more",
    ]
    assert api.requests[-1][1] == "versions/policies/db"
    assert weft("history", "nonsense", "db").exit_code == 2


def test_lint_says_what_why_and_what_to_do(weft: Weft, api: FakeApi) -> None:
    finding = {
        "problem": "shadowed",
        "kind": "policies",
        "name": "late",
        "project": "default",
        "rule_number": 2,
        "rule": "drop ingress any from any",
        "why": "it decides no packet, for rule 1 of policy db decides before it",
        "cure": "delete it, or move it up",
    }
    api.answers["lint"] = {"items": [finding]}

    said = weft("lint")

    assert said.stdout.splitlines() == [
        "shadowed: rule 2 of policy late of project default (drop ingress any from any)",
        "    it decides no packet, for rule 1 of policy db decides before it; delete it, or move it up",
    ]
    api.answers["lint"] = {"items": []}
    assert weft("lint").stdout == "nothing to say\n"
