"""Why: the deciding rule on both sides, with who wrote it."""

from typing import Any

import pytest
from tests.functional.api.rest import Rest

from weft.store.tokens import Role

TCP = {"protocol": "tcp", "port": 5432}


@pytest.fixture
def estate(rest: Rest) -> Rest:
    """web1 and web2 may not reach db1 on tcp/5432, and lab is alone on its network."""
    rest.made("/networks", {"name": "net", "subnets": [{"cidr": "10.1.0.0/24"}, {"cidr": "fd01::/64"}]})
    rest.made("/networks", {"name": "far", "subnets": [{"cidr": "10.2.0.0/24"}]})
    for name in ("web1", "web2", "db1"):
        rest.made("/ports", {"network": "net", "name": name, "labels": {"app": name[:-1]}})
    rest.made("/ports", {"network": "far", "name": "lab"})
    for name in ("web", "db"):
        rest.made("/groups", {"name": name, "selector": f"app={name}"})
    rest.made("/policies", {"name": "db", "target": "db"})
    member = rest.with_token(Role.MEMBER, project="default")
    rule = {
        "direction": "ingress",
        "action": "drop",
        "peer": {"group": "web"},
        "service": {"protocol": "tcp", "ports": ["5000-6000"]},
        "description": "the web is not for databases",
    }
    assert member.post("/policies/db/rules", {"rule": rule}).status_code == 201
    rest.patch("/policies/db", {"description": "changed later by somebody else"})
    return rest


def explained(rest: Rest, source: object, destination: object, traffic: object) -> Any:  # noqa: ANN401 - JSON
    ends = [{"port": end} if isinstance(end, str) else end for end in (source, destination)]
    answer = rest.post("/explain", {"source": ends[0], "destination": ends[1], "traffic": traffic})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_deciding_rule_is_named_with_who_wrote_it(estate: Rest) -> None:
    found = explained(estate, "web1", "db1", TCP)

    assert found["passes"] is False
    assert [verdict["version"] for verdict in found["verdicts"]] == [4, 6]
    verdict = found["verdicts"][0]
    line = verdict["ingress"]["line"]
    assert (line["origin"], line["policy"], line["rule_number"], line["action"]) == ("rule", "db", 1, "drop")
    assert line["description"] == "the web is not for databases"
    assert line["credit"]["author"] == "member of default"
    assert line["credit"]["revision"] < found["revision"], (
        "a later change of something else is not its origin"
    )
    assert verdict["sentences"][0].startswith(
        "web1 does not reach db1 on tcp/5432: rule 1 of policy db (tier project) drops it where db1 receives"
        " (member of default, revision "
    )
    assert verdict["sentences"][1].startswith("The other side would allow it: the default of network net")
    network = estate.get("/networks/net").json()
    assert verdict["egress"]["line"]["credit"]["revision"] == network["revision"]


def test_what_no_rule_forbids_passes_by_the_default_and_rules_that_came_close_are_told(estate: Rest) -> None:
    found = explained(estate, "web1", "db1", {"protocol": "tcp", "port": 80})

    assert found["passes"] is True
    ingress = found["verdicts"][0]["ingress"]
    assert ingress["line"]["origin"] == "default"
    assert ingress["next"]["origin"] == "end"
    assert [line["text"] for line in ingress["close"]] == ["drop ingress tcp/5000-6000 from group web"]
    assert found["verdicts"][0]["sentences"][1] == "Answers come back by themselves."


def test_an_address_means_the_port_that_holds_it(estate: Rest) -> None:
    address = estate.get("/ports/web1").json()["fixed_ips"][0]["address"]

    found = explained(estate, {"address": address}, "db1", TCP)

    assert found["verdicts"][0]["source"]["name"] == "web1"
    assert found["passes"] is False


def test_an_address_that_nobody_holds_is_outside_and_nothing_leads_there(estate: Rest) -> None:
    verdict = explained(estate, "web1", {"address": "192.0.2.1"}, TCP)["verdicts"][0]

    assert verdict["obstacle"] == "no-route"
    assert "no route leads out of network net" in verdict["sentences"][0]


def test_ports_on_networks_that_nothing_joins_do_not_meet(estate: Rest) -> None:
    verdict = explained(estate, "web1", "lab", TCP)["verdicts"][0]

    assert (verdict["passes"], verdict["obstacle"]) == (False, "no-route")
    assert "no router joins the networks net and far" in verdict["sentences"][0]


def test_a_port_that_does_not_exist_yet_is_judged_by_its_labels(estate: Rest) -> None:
    web = {"network": "net", "labels": {"app": "web"}}
    other = {"network": "net", "labels": {"app": "other"}}

    assert explained(estate, web, "db1", TCP)["passes"] is False
    assert explained(estate, other, "db1", TCP)["passes"] is True
    assert explained(estate, other, "db1", TCP)["verdicts"][0]["source"]["port"] is None


def test_a_quarantined_port_is_said_to_be_one(estate: Rest) -> None:
    estate.patch("/ports/web2", {"quarantined": True})

    verdict = explained(estate, "web2", "db1", {"protocol": "icmp"})["verdicts"][0]

    assert verdict["egress"]["line"]["origin"] == "quarantine"
    assert "quarantine (its workload is not known yet) drops it where web2 sends" in verdict["sentences"][0]


@pytest.mark.parametrize(
    ("source", "traffic", "field"),
    [
        ({"port": "web1"}, {"protocol": "tcp"}, "traffic.port"),
        ({"port": "web1"}, {"protocol": "icmp", "port": 1}, "traffic.port"),
        ({"port": "web1"}, {"protocol": "tcp", "port": 65536}, "traffic.port"),
        ({"port": "lab"}, {"protocol": "icmpv6"}, "traffic"),
        ({"port": "web1", "address": "10.1.0.9"}, TCP, "source"),
        ({"labels": {"app": "web"}}, TCP, "source"),
        ({}, TCP, "source"),
    ],
)
def test_a_question_without_an_answer_names_the_field(
    estate: Rest, source: object, traffic: object, field: str
) -> None:
    body = {"source": source, "destination": {"port": "db1"}, "traffic": traffic}

    answer = estate.post("/explain", body)

    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_who_cannot_see_a_port_is_not_told_about_it(estate: Rest) -> None:
    stranger = estate.with_token(Role.MEMBER, project="other")
    viewer = estate.with_token(Role.VIEWER, project="default")
    body = {"source": {"port": "web1"}, "destination": {"port": "db1"}, "traffic": TCP}

    identity = estate.get("/ports/web1").json()["id"]
    hidden = stranger.post("/explain", {**body, "source": {"port": identity}})

    assert (hidden.status_code, hidden.json()["field"]) == (404, "source")
    assert viewer.post("/explain", body).status_code == 200


def remedies(rest: Rest, *, port: int = 5432) -> Any:  # noqa: ANN401 - JSON
    body = {"source": {"port": "web1"}, "destination": {"port": "db1"}, "remedies": True}
    answer = rest.post("/explain", {**body, "traffic": {"protocol": "tcp", "port": port}})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_would_open_it_is_told_the_least_change_first_and_does_when_it_is_made(estate: Rest) -> None:
    found = remedies(estate)

    first = found["remedies"][0]
    assert (first["opened"], first["closed"]) == (1, 0)
    assert first["text"] == ("add to policy db, before rule 1: allow ingress tcp/5432 from 10.1.0.2/32"), (
        "for one address of the two; and IPv6 stays as it is"
    )
    edit = first["edits"][0]
    rule = {**edit["rule"], "peer": {"cidr": edit["rule"]["peer"]["cidr"]}}
    assert estate.post("/policies/db/rules", {"rule": rule, "index": edit["index"]}).status_code == 201
    assert explained(estate, "web1", "db1", TCP)["verdicts"][0]["passes"]
    assert not explained(estate, "web2", "db1", TCP)["passes"]


def test_what_would_close_it_is_told_too(estate: Rest) -> None:
    found = remedies(estate, port=80)

    assert found["passes"]
    assert {(r["opened"], r["closed"] > 0) for r in found["remedies"]} == {(0, True)}


def test_only_what_the_caller_may_change_is_proposed(estate: Rest) -> None:
    viewer = estate.with_token(Role.VIEWER, project="default")

    assert remedies(viewer)["remedies"] == []
    assert remedies(estate.with_token(Role.MEMBER, project="default"))["remedies"] != []
