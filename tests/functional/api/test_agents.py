"""What the agent of a host does."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from tests.functional.api.rest import Rest

from weft.store.progress import record_realised
from weft.store.tokens import Role

NET = {"name": "net", "subnets": [{"cidr": "10.1.0.0/24"}]}
WEB = {"runtime": "docker", "engine": "e1", "id": "c1", "name": "web", "image": "nginx"}


@pytest.fixture
def h1(rest: Rest) -> Rest:
    rest.made("/networks", NET)
    return rest.with_token(Role.HOST, host="h1")


def attach(agent: Rest, host: str = "h1", **more: object) -> Any:  # noqa: ANN401 - JSON
    body = {"network": "net", "kind": "container", "name": "web", "workload": WEB, **more}
    answer = agent.post(f"/hosts/{host}/attach", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_attaching_twice_is_one_port_with_one_address(rest: Rest, h1: Rest) -> None:
    first = attach(h1)
    rest.made("/ports", {"network": "net"})
    again = attach(h1, labels={"app": "web"})

    assert (first["created"], again["created"]) == (True, False)
    assert first["port"]["id"] == again["port"]["id"]
    assert first["port"]["fixed_ips"] == again["port"]["fixed_ips"]
    assert again["port"]["labels"] == {"app": "web"}
    assert again["port"]["host"] == "h1"
    assert again["network"]["mtu"] == 1500 - 58
    assert again["revision"] == rest.store.revision


def test_attaching_the_same_again_makes_no_revision(rest: Rest, h1: Rest) -> None:
    attach(h1)
    before = rest.store.revision

    again = attach(h1)

    assert rest.store.revision == before == again["revision"]


def test_a_host_cannot_take_the_port_of_another_by_naming_its_workload(rest: Rest, h1: Rest) -> None:
    attach(h1)
    h2 = rest.with_token(Role.HOST, host="h2")

    stolen = h2.post("/hosts/h2/attach", {"network": "net", "workload": WEB})

    assert (stolen.status_code, stolen.json()["code"]) == (409, "already_bound")
    assert rest.get("/ports/web").json()["host"] == "h1"


def test_a_host_sees_and_uses_only_the_projects_it_serves(rest: Rest, h1: Rest) -> None:
    other = rest.made("/networks", {**NET, "project": "other"})

    tries = [
        h1.post("/hosts/h1/attach", {"network": other["id"], "workload": WEB}),
        h1.post("/hosts/h1/attach", {"network": "net", "project": "other", "workload": WEB}),
    ]

    assert [n["project"] for n in h1.get("/hosts/h1/networks").json()["items"]] == ["default"]
    assert [answer.status_code for answer in tries] == [404, 404]


def test_a_quarantined_port_is_identified_and_replaces_the_older_lease(rest: Rest, h1: Rest) -> None:
    old = attach(h1)["port"]
    new = attach(h1, workload=None, name=None, quarantined=True)["port"]
    assert new["quarantined"] is True

    known = h1.post(
        f"/hosts/h1/ports/{new['id']}/identify",
        {"workload": WEB, "name": "web", "labels": {"app": "web"}},
    )

    assert known.status_code == 200, known.text
    assert known.json()["quarantined"] is False
    assert known.json()["workload"]["id"] == "c1"
    assert known.json()["labels"] == {"app": "web"}
    assert rest.get(f"/ports/{old['id']}").status_code == 404


def test_a_host_touches_only_ports_that_are_bound_to_it(rest: Rest, h1: Rest) -> None:
    port = attach(h1)["port"]
    h2 = rest.with_token(Role.HOST, host="h2")
    path = f"/hosts/h2/ports/{port['id']}"

    tries = [
        h2.delete(path),
        h2.put(f"{path}/status", {"state": "up"}),
        h2.post(f"{path}/identify", {"workload": WEB}),
        h2.delete(f"/hosts/h2/ports/{uuid4()}"),
    ]

    assert [answer.status_code for answer in tries] == [404] * 4
    assert h2.get("/hosts/h2/ports").json()["items"] == []
    assert len(h1.get("/hosts/h1/ports").json()["items"]) == 1


def test_a_removed_port_frees_its_address(h1: Rest) -> None:
    first = attach(h1)["port"]

    assert h1.delete(f"/hosts/h1/ports/{first['id']}").status_code == 204
    second = attach(h1, workload={**WEB, "id": "c2"})["port"]

    assert second["fixed_ips"][0]["address"] == first["fixed_ips"][0]["address"]


def test_an_agent_does_not_talk_over_the_alarm_on_a_port_that_a_stranger_claims(rest: Rest, h1: Rest) -> None:
    port = attach(h1)["port"]
    h1.put(f"/hosts/h1/ports/{port['id']}/status", {"state": "failed", "reason": "host h2 claims port web"})
    rest.app.state.api = replace(rest.app.state.api, claimed=lambda port_id: str(port_id) == port["id"])

    put = h1.put(f"/hosts/h1/ports/{port['id']}/status", {"state": "up"})

    assert put.status_code == 200
    status = rest.get(f"/ports/{port['id']}").json()["status"]
    assert (status["state"], status["reason"]) == ("failed", "host h2 claims port web")


def test_a_status_is_shown_and_is_no_revision(rest: Rest, h1: Rest) -> None:
    port = attach(h1)["port"]
    before = rest.store.revision

    put = h1.put(f"/hosts/h1/ports/{port['id']}/status", {"state": "failed", "reason": "no veth"})

    assert put.json() == {"ok": True}
    status = rest.get(f"/ports/{port['id']}").json()["status"]
    assert (status["state"], status["reason"], status["host"]) == ("failed", "no veth", "h1")
    assert rest.store.revision == before


def test_a_failed_attachment_is_shown_until_it_succeeds(rest: Rest, h1: Rest) -> None:
    said = h1.post("/hosts/h1/failures", {"network": "none such", "workload": WEB, "reason": "no network"})

    assert said.is_success
    assert h1.get("/hosts/h1/failures").json()["items"][0]["reason"] == "no network"
    attach(h1)
    assert rest.get("/hosts/h1/failures").json()["items"] == []


def test_a_full_subnet_says_so(rest: Rest, h1: Rest) -> None:
    rest.made("/networks", {"name": "tiny", "subnets": [{"cidr": "10.9.0.0/30"}]})
    rest.made("/ports", {"network": "tiny"})

    answer = h1.post("/hosts/h1/attach", {"network": "tiny", "workload": WEB})

    assert (answer.status_code, answer.json()["code"]) == (409, "subnet_full")


@pytest.mark.parametrize(
    "content",
    [b'{"a": NaN}', b'{"a": "\\u0000"}', b'{"a": "\\ud800"}', b'{"a": "' + b"x" * 20_000 + b'"}'],
)
def test_a_heartbeat_holds_only_what_a_database_keeps(h1: Rest, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}

    answer = h1.ask("POST", "/hosts/h1/heartbeat", content=content, headers=headers)

    assert answer.status_code == 422, answer.text


def test_retiring_a_lost_host_frees_the_addresses_of_its_workloads(rest: Rest, h1: Rest) -> None:
    address = attach(h1)["port"]["fixed_ips"][0]["address"]

    answer = rest.post("/hosts/h1/retire", {})

    assert (answer.status_code, answer.json()["removed_ports"]) == (200, 1)
    assert rest.get("/ports/web").status_code == 404
    again = rest.made("/ports", {"network": "net", "addresses": [address]})
    assert again["fixed_ips"][0]["address"] == address


def test_retiring_a_host_keeps_a_declared_port_and_unbinds_it(rest: Rest, h1: Rest) -> None:
    declared = rest.made("/ports", {"network": "net", "kind": "vm", "name": "vm1"})
    assert h1.put(f"/hosts/h1/ports/{declared['id']}/binding", {}).status_code == 204

    answer = rest.post("/hosts/h1/retire", {})

    assert answer.json()["unbound_ports"] == 1
    kept = rest.get("/ports/vm1").json()
    assert (kept["host"], kept["fixed_ips"]) == (None, declared["fixed_ips"])


def test_a_port_whose_interface_is_gone_is_unbound_unless_a_workload_has_it(rest: Rest, h1: Rest) -> None:
    declared = rest.made("/ports", {"network": "net", "kind": "vm", "name": "vm1"})
    assert h1.put(f"/hosts/h1/ports/{declared['id']}/binding", {}).status_code == 204
    leased = attach(h1)["port"]

    for port in (declared, leased):
        assert h1.delete(f"/hosts/h1/ports/{port['id']}/binding").status_code == 204

    assert rest.get("/ports/vm1").json()["host"] is None
    assert rest.get(f"/ports/{leased['id']}").json()["host"] == "h1"


def test_the_credentials_of_a_retired_host_are_worth_nothing(rest: Rest, h1: Rest) -> None:
    rest.post("/hosts/h1/retire", {})

    assert h1.get("/hosts/h1/networks").status_code == 401


def test_a_host_that_is_heard_of_is_retired_only_by_force_or_by_itself(rest: Rest, h1: Rest) -> None:
    h1.post("/hosts/h1/heartbeat", {})

    refused = rest.post("/hosts/h1/retire", {})

    assert (refused.status_code, refused.json()["field"]) == (409, "force")
    assert "weft host leave" in refused.json()["detail"]
    assert h1.post("/hosts/h1/retire", {}).status_code == 200
    rest.with_token(Role.HOST, host="h2").post("/hosts/h2/heartbeat", {})
    assert rest.post("/hosts/h2/retire", {"force": True}).status_code == 200


def test_a_host_retires_no_other(rest: Rest, h1: Rest) -> None:
    assert h1.post("/hosts/h2/retire", {}).status_code == 403
    assert rest.get("/hosts/h2").status_code == 200


def test_a_port_that_was_guessed_to_be_anothers_is_put_right(rest: Rest, h1: Rest) -> None:
    port = attach(h1, labels={"app": "web"})["port"]
    other = {**WEB, "id": "c2", "name": "db"}

    said = h1.post(
        f"/hosts/h1/ports/{port['id']}/identify",
        {"workload": other, "name": "db", "labels": {"app": "db"}},
    )

    assert said.status_code == 200, said.text
    now = rest.get(f"/ports/{port['id']}").json()
    assert (now["name"], now["workload"]["id"], now["labels"]) == ("db", "c2", {"app": "db"})
    assert now["fixed_ips"] == port["fixed_ips"]


def test_attaching_again_without_labels_keeps_them_and_with_none_removes_them(h1: Rest) -> None:
    attach(h1, labels={"app": "web"})

    kept = attach(h1)["port"]["labels"]
    cleared = attach(h1, labels={})["port"]["labels"]

    assert (kept, cleared) == ({"app": "web"}, {})


def test_a_network_is_attached_to_by_its_id_alone_whatever_its_project(rest: Rest, h1: Rest) -> None:
    rest.made("/projects", {"name": "lab"})
    network = rest.made("/networks", {**NET, "project": "lab"})
    served = rest.patch("/hosts/h1", {"projects": ["default", "lab"]})
    assert served.status_code == 200, served.text

    got = attach(h1, network=network["id"])

    assert got["port"]["network_id"] == network["id"]


def test_an_asked_address_of_one_family_leaves_the_other_to_be_chosen(rest: Rest) -> None:
    rest.made("/networks", {"name": "net", "subnets": [{"cidr": "10.1.0.0/24"}, {"cidr": "fd00:1::/64"}]})
    agent = rest.with_token(Role.HOST, host="h1")

    port = attach(agent, addresses=["10.1.0.77"])["port"]

    assert [fixed["address"] for fixed in port["fixed_ips"]] == ["10.1.0.77", "fd00:1::2"]


def test_the_interfaces_mac_address_becomes_the_ports_unless_another_has_it(rest: Rest, h1: Rest) -> None:
    port = attach(h1)["port"]
    other = attach(h1, workload={**WEB, "id": "c2"}, name="db")["port"]
    path = f"/hosts/h1/ports/{port['id']}/mac"

    changed = h1.put(path, {"mac": "02:11:22:33:44:55"})
    taken = h1.put(path, {"mac": other["mac"]})
    wrong = h1.put(path, {"mac": "ff:ff:ff:ff:ff:ff"})

    assert changed.json()["mac"] == "02:11:22:33:44:55"
    assert rest.get(f"/ports/{port['id']}").json()["mac"] == "02:11:22:33:44:55"
    assert (taken.status_code, wrong.status_code) == (409, 422)


def test_a_host_learns_which_nb_cfg_holds_a_revision_once_ovn_has_it(rest: Rest, h1: Rest) -> None:
    revision = attach(h1)["revision"]
    path = f"/hosts/h1/revisions/{revision}"

    before = h1.get(path).json()
    record_realised(rest.store, revision, nb_cfg=7, at=rest.store.now())
    after = h1.get(path).json()

    assert (before["nb_cfg"], after["nb_cfg"]) == (None, 7)
    assert rest.with_token(Role.HOST, host="h2").get(path).status_code == 403


def test_a_failed_attachment_is_found_by_those_who_may_see_its_project(rest: Rest, h1: Rest) -> None:
    h1.post("/hosts/h1/failures", {"network": "net", "workload": WEB, "reason": "address taken"})
    member = rest.with_token(Role.MEMBER, project="default")
    stranger = rest.with_token(Role.MEMBER, project="other")

    assert [one["reason"] for one in member.get("/failures").json()["items"]] == ["address taken"]
    assert len(member.get("/failures?network=net&host=h1").json()["items"]) == 1
    assert member.get("/failures?host=h2").json()["items"] == []
    assert stranger.get("/failures").json()["items"] == []
    assert h1.get("/failures").status_code == 403


def test_a_failed_attachment_is_forgotten_when_its_workload_is_gone(rest: Rest, h1: Rest) -> None:
    h1.post("/hosts/h1/failures", {"network": "none such", "workload": WEB, "reason": "no network"})
    h2 = rest.with_token(Role.HOST, host="h2")

    h2.post("/hosts/h2/failures/forget", {"workload": WEB})
    assert len(rest.get("/failures").json()["items"]) == 1, "another host's is not forgotten"
    said = h1.post("/hosts/h1/failures/forget", {"workload": WEB})

    assert said.is_success
    assert rest.get("/failures").json()["items"] == []


def test_a_failed_attachment_counts_among_the_ports_of_the_metrics(rest: Rest, h1: Rest) -> None:
    h1.post("/hosts/h1/failures", {"network": "none such", "workload": WEB, "reason": "no network"})

    assert 'weft_ports{state="failed"} 1.0' in rest.get("/metrics", root=True).text


BLUE = {"name": "blue", "subnets": [{"cidr": "10.7.0.0/24"}]}


def test_a_host_makes_networks_in_the_projects_it_serves_and_in_no_other(rest: Rest, h1: Rest) -> None:
    rest.made("/projects", {"name": "lab"})

    made = h1.post("/hosts/h1/networks", BLUE)

    assert made.status_code == 201, made.text
    assert (made.json()["project"], made.json()["description"]) == ("default", "made on host h1")
    assert rest.get("/networks/blue").json()["id"] == made.json()["id"]
    refused = h1.post("/hosts/h1/networks", {**BLUE, "project": "lab"})
    assert (refused.status_code, refused.json()["field"]) == (404, "project")
    assert h1.post("/hosts/h2/networks", BLUE).status_code == 403
    assert h1.post("/networks", BLUE).status_code == 403


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({**BLUE, "name": "net"}, 409, "name"),
        ({"name": "blue"}, 422, "subnets"),
        ({**BLUE, "subnets": []}, 422, "subnets"),
        ({**BLUE, "subnets": [{"cidr": "10.7.0.1/24"}]}, 422, "subnets.0.cidr"),
        ({**BLUE, "subnets": [{"cidr": "10.7.0.0/24"}, {"cidr": "10.7.0.128/25"}]}, 409, "cidr"),
    ],
)
def test_a_network_that_a_host_cannot_make_changes_nothing(
    rest: Rest, h1: Rest, body: dict[str, Any], status: int, field: str
) -> None:
    before = rest.store.revision

    refused = h1.post("/hosts/h1/networks", body)

    assert (refused.status_code, refused.json()["field"]) == (status, field), refused.text
    assert rest.store.revision == before


def test_a_host_takes_back_only_what_it_made_and_nobody_changed_or_used(rest: Rest, h1: Rest) -> None:
    h2 = rest.with_token(Role.HOST, host="h2")
    declared = rest.get("/networks/net").json()["id"]
    made, changed, used = (
        h1.post("/hosts/h1/networks", {**BLUE, "name": name}).json()["id"] for name in ("a", "b", "c")
    )
    rest.ask("PATCH", f"/networks/{changed}", {"description": "ours"})
    rest.made("/ports", {"network": used})

    assert h1.delete(f"/hosts/h1/networks/{declared}").status_code == 403
    assert h2.delete(f"/hosts/h2/networks/{made}").status_code == 403
    assert h1.delete(f"/hosts/h1/networks/{changed}").status_code == 403
    assert h1.delete(f"/hosts/h1/networks/{used}").status_code == 409
    assert h1.delete(f"/hosts/h1/networks/{uuid4()}").status_code == 404
    assert h1.delete(f"/hosts/h1/networks/{made}").status_code == 204
    assert {n["name"] for n in rest.get("/networks").json()["items"]} == {"net", "b", "c"}
