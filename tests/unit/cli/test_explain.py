"""weft explain, against answers of the API."""

import json

import pytest
from tests.unit.cli.conftest import Weft
from tests.unit.cli.fake_api import FakeApi


def a_verdict(*sentences: str, source: str = "10.0.0.2", close: int = 0) -> dict[str, object]:
    line = {"rule_number": 2, "policy": "db", "text": "drop ingress any from any"}
    return {
        "source": {"address": source},
        "destination": {"address": "10.0.0.9"},
        "sentences": list(sentences),
        "egress": None,
        "ingress": {"close": [line] * close},
    }


def an_answer(*verdicts: object, **more: object) -> dict[str, object]:
    return {"passes": False, "verdicts": list(verdicts), "remedies": [], **more}


def test_what_would_turn_it_is_said_with_what_else_it_would_do(weft: Weft, api: FakeApi) -> None:
    remedies = [
        {"text": "add a rule", "opened": 1, "closed": 0},
        {"text": "remove a rule", "opened": 12, "closed": 3},
    ]
    api.answers["explain"] = an_answer(a_verdict("no."), remedies=remedies)

    assert weft("explain", "web", "db", "tcp/80").stdout == (
        "no.\nTo open it:\n  add a rule  (opens 1 pair of addresses)\n"
        "  remove a rule  (opens 12 pairs of addresses, closes 3 pairs of addresses)\n"
    )


def test_the_answer_is_its_sentences_and_what_came_close(weft: Weft, api: FakeApi) -> None:
    api.answers["explain"] = an_answer(a_verdict("web reaches db.", "Answers come back.", close=1))

    said = weft("explain", "web", "db", "tcp/80")

    assert said.stdout == (
        "web reaches db. Answers come back.\n  came close: rule 2 of policy db: drop ingress any from any\n"
    )


def test_the_same_answer_for_two_versions_is_said_once(weft: Weft, api: FakeApi) -> None:
    api.answers["explain"] = an_answer(a_verdict("yes."), a_verdict("yes.", source="fd00::2"))

    assert weft("explain", "web", "db", "tcp/80").stdout == "yes.\n"


def test_different_answers_are_told_apart_by_address(weft: Weft, api: FakeApi) -> None:
    api.answers["explain"] = an_answer(a_verdict("yes."), a_verdict("no.", source="fd00::2"))

    assert "fd00::2 to 10.0.0.9\nno." in weft("explain", "web", "db", "tcp/80").stdout


def test_ends_and_traffic_are_asked_for_as_they_are_written(weft: Weft, api: FakeApi) -> None:
    api.answers["explain"] = {"verdicts": []}

    said = weft("explain", "app=web,env=live@net", "192.0.2.1", "icmp/8", "-o", "json")

    assert json.loads(said.stdout) == {"verdicts": []}
    assert api.requests[-1][2] == {
        "source": {"network": "net", "labels": {"app": "web", "env": "live"}},
        "destination": {"address": "192.0.2.1"},
        "traffic": {"protocol": "icmp", "icmp_type": 8},
        "remedies": True,
    }


@pytest.mark.parametrize("traffic", ["tcp", "tcp/80,443", "tcp/1-2", "any", "tcp/http"])
def test_traffic_that_is_not_one_packets_is_refused(weft: Weft, traffic: str) -> None:
    said = weft("explain", "a", "b", traffic)

    assert said.exit_code == 2
    assert repr(traffic) in said.stderr
