"""/trace: OVN's walk beside the verdict; here OVN is a function."""

from collections import Counter
from dataclasses import replace
from uuid import UUID

import pytest
from tests.functional.api.rest import Rest

from weft.ovn.trace import Walk
from weft.store.tokens import Role

QUESTION = {
    "source": {"port": "web1"},
    "destination": {"port": "db1"},
    "traffic": {"protocol": "tcp", "port": 80},
}


@pytest.fixture
def estate(rest: Rest) -> Rest:
    rest.made("/networks", {"name": "net", "subnets": [{"cidr": "10.1.0.0/24"}]})
    for name in ("web1", "db1"):
        rest.made("/ports", {"network": "net", "name": name})
    return rest


def says(rest: Rest, *, arrives: bool) -> list[str]:
    """Let OVN answer so; the packets that it is asked about."""
    asked: list[str] = []
    target = UUID(rest.get("/ports/db1").json()["id"])

    def trace(_switch: str, packet: str) -> Walk:
        asked.append(packet)
        return Walk((), frozenset({str(target)} if arrives else ()))

    rest.app.state.api = replace(rest.app.state.api, trace=trace)
    return asked


def test_agreement_is_said(estate: Rest) -> None:
    asked = says(estate, arrives=True)

    found = estate.post("/trace", QUESTION).json()["traces"]

    assert [(each["arrives"], each["passes"], each["agrees"]) for each in found] == [(True, True, True)]
    assert "tcp.dst == 80" in asked[0]
    assert found[0]["sentences"][0].startswith("web1 reaches db1 on tcp/80")


def test_a_difference_is_no_alarm_before_the_model_is_enforced(estate: Rest) -> None:
    says(estate, arrives=False)

    found = estate.post("/trace", QUESTION).json()["traces"]

    assert found[0]["agrees"] is None
    assert "weft_trace_disagreements_total 0.0" in estate.get("/metrics", root=True).text


@pytest.mark.parametrize("end", ["source", "destination"])
def test_only_ports_that_exist_are_traced(estate: Rest, end: str) -> None:
    says(estate, arrives=True)

    answer = estate.post("/trace", {**QUESTION, end: {"address": "192.0.2.1"}})

    assert (answer.status_code, answer.json()["field"]) == (422, end)


def test_a_server_without_ovn_says_that_it_is_unavailable(estate: Rest) -> None:
    assert estate.post("/trace", QUESTION).status_code == 503


def test_a_stranger_traces_nothing_of_ours(estate: Rest) -> None:
    says(estate, arrives=True)
    ids = {name: estate.get(f"/ports/{name}").json()["id"] for name in ("web1", "db1")}
    stranger = estate.with_token(Role.MEMBER, project="other")

    answer = stranger.post(
        "/trace",
        {**QUESTION, "source": {"port": ids["web1"]}, "destination": {"port": ids["db1"]}},
    )

    assert answer.status_code == 404


def test_a_caller_has_one_request_at_a_time(estate: Rest) -> None:
    asked = says(estate, arrives=True)
    me = estate.get("/tokens").json()["items"][0]["name"]

    with estate.app.state.api.tracing.taken(me):
        busy = estate.post("/trace", QUESTION)
    after = estate.post("/trace", QUESTION)

    assert (busy.status_code, busy.json()["code"]) == (429, "busy")
    assert busy.headers["content-type"] == "application/problem+json"
    assert int(busy.headers["retry-after"]) > 0
    assert "1 of your traces" in busy.json()["detail"]
    assert f"ask again in {busy.headers['retry-after']} seconds" in busy.json()["detail"]
    assert (after.status_code, len(asked)) == (200, 1)


def test_all_callers_together_have_as_many_as_the_server_runs(estate: Rest) -> None:
    asked = says(estate, arrives=True)
    turns = estate.app.state.api.tracing

    with turns.taken("somebody"), turns.taken("somebody else"):
        busy = estate.post("/trace", QUESTION)

    assert (busy.status_code, asked) == (429, [])
    assert "2 traces run on this server" in busy.json()["detail"]


def test_a_trace_that_fails_gives_its_turn_back(estate: Rest) -> None:
    for _ in range(3):
        assert estate.post("/trace", QUESTION).status_code == 503


def test_pairs_of_addresses_beyond_eight_are_left_out_and_counted(estate: Rest) -> None:
    asked = says(estate, arrives=True)
    for number, name in enumerate(("web1", "db1")):
        more = [f"10.1.0.{100 + 10 * number + place}" for place in range(3)]
        estate.delete(f"/ports/{name}")
        estate.made("/ports", {"network": "net", "name": name, "addresses": more})

    found = estate.post("/trace", QUESTION).json()

    assert (len(found["traces"]), found["left_out"]) == (8, 1)
    assert set(Counter(asked).values()) == {1}
