"""What a client declares, and what it is told when that cannot be."""

import json
from ipaddress import ip_address, ip_network
from typing import Any
from uuid import uuid4

import pytest
from tests.functional.api.rest import Rest

DOCKER_SN = {"name": "DockerSN", "subnets": [{"cidr": "192.168.200.0/24"}]}


def test_a_network_and_its_subnet_are_one_revision(rest: Rest) -> None:
    before = rest.store.revision

    answer = rest.post("/networks", DOCKER_SN)

    assert answer.status_code == 201, answer.text
    assert answer.headers["Weft-Revision"] == str(before + 1)
    network = answer.json()
    assert network["project"] == "default"
    assert network["subnets"][0]["gateway"] == "192.168.200.1"
    assert answer.headers["ETag"] == f'"{network["revision"]}"' == f'"{before + 1}"'


def test_an_unknown_field_is_named(rest: Rest) -> None:
    answer = rest.post("/networks", {"name": "n", "subnets": [{"cidr": "10.0.0.0/24", "gw": "x"}]})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["field"] == "subnets.0.gw"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "n", "mtu": 1443}, "mtu"),
        ({"name": "n", "mtu": 100}, "mtu"),
        ({"name": "n", "mtu": "1400"}, "mtu"),
        ({"name": "n\x00"}, "name"),
        ({"name": "n", "description": "a\x00b"}, "description"),
        ({"name": "n", "subnets": [{"cidr": "10.0.0.1/24"}]}, "subnets.0.cidr"),
        ({"name": "n", "subnets": [{"cidr": 7}]}, "subnets.0.cidr"),
        ({"name": "n", "subnets": [{"cidr": "10.0.0.0/31"}]}, "cidr"),
        ({"name": "n", "default_ingress": "perhaps"}, "default_ingress"),
        ({"name": "n", "qos_policy": "none such"}, "qos_policy"),
        ({"name": "n", "project": "none such"}, "project"),
    ],
)
def test_a_bad_value_is_refused_by_its_field(rest: Rest, body: Any, field: str) -> None:  # noqa: ANN401
    before = rest.store.revision

    answer = rest.post("/networks", body)

    assert answer.status_code in (404, 422), answer.text
    assert answer.json()["field"] == field
    assert rest.store.revision == before


def test_an_mtu_that_does_not_fit_names_the_underlay(rest: Rest) -> None:
    answer = rest.post("/networks", {"name": "n", "mtu": 1500})

    assert "underlay" in answer.json()["detail"]


def test_overlapping_subnets_are_refused(rest: Rest) -> None:
    rest.made("/networks", DOCKER_SN)

    answer = rest.post("/subnets", {"network": "DockerSN", "cidr": "192.168.200.128/25"})

    assert answer.status_code == 409
    assert answer.json()["code"] == "subnet_overlap"


@pytest.mark.parametrize(
    ("cidr", "why"),
    [
        ("0.0.0.0/8", "has no address yet"),
        ("127.1.0.0/24", "never leaves a station"),
        ("239.0.0.0/24", "many at once"),
        ("255.255.255.0/24", "everybody on a link"),
        ("::/64", "nobody"),
        ("::ffff:10.0.0.0/104", "stands for IPv4"),
        ("fe80::/64", "link-local"),
        ("fe00::/8", "link-local"),
        ("ff02::/16", "many at once"),
    ],
)
def test_a_subnet_whose_addresses_nobody_can_have_is_refused_with_the_reason(
    rest: Rest, cidr: str, why: str
) -> None:
    rest.made("/networks", {"name": "net"})
    before = rest.store.revision

    alone = rest.post("/subnets", {"network": "net", "cidr": cidr})
    made_with = rest.post("/networks", {"name": "other", "subnets": [{"cidr": cidr}]})

    for answer in (alone, made_with):
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "invalid", "cidr")
        assert why in answer.json()["detail"]
        assert "choose a prefix outside it" in answer.json()["detail"]
    assert rest.store.revision == before


@pytest.mark.parametrize("cidr", ["240.0.0.0/24", "169.254.0.0/24", "::2:0/112", "fd00::/64"])
def test_a_subnet_beside_these_is_made(rest: Rest, cidr: str) -> None:
    rest.made("/networks", {"name": "net", "subnets": [{"cidr": cidr}]})

    port = rest.made("/ports", {"network": "net"})

    assert ip_address(port["fixed_ips"][0]["address"]) in ip_network(cidr)


def test_a_taken_address_names_its_holder(rest: Rest) -> None:
    rest.made("/networks", DOCKER_SN)
    rest.made("/ports", {"network": "DockerSN", "name": "vm", "addresses": ["192.168.200.2"]})

    answer = rest.post("/ports", {"network": "DockerSN", "addresses": ["192.168.200.2"]})

    assert answer.status_code == 409
    assert answer.json()["code"] == "address_in_use"
    assert "port vm" in answer.json()["detail"]


def test_a_name_is_taken_once_per_project(rest: Rest) -> None:
    rest.made("/networks", DOCKER_SN)

    again = rest.post("/networks", DOCKER_SN)
    elsewhere = rest.post("/networks", {**DOCKER_SN, "project": "other"})

    assert (again.status_code, again.json()["code"]) == (409, "name_taken")
    assert elsewhere.status_code == 201


def test_a_stale_etag_changes_nothing(rest: Rest) -> None:
    network = rest.made("/networks", DOCKER_SN)
    path = f"/networks/{network['id']}"
    seen = rest.get(path).headers["ETag"]
    assert rest.patch(path, {"description": "first"}, headers={"If-Match": seen}).is_success

    late = rest.patch(path, {"description": "second"}, headers={"If-Match": seen})
    removed = rest.delete(path, headers={"If-Match": seen})

    assert (late.status_code, removed.status_code) == (412, 412)
    assert rest.get(path).json()["description"] == "first"


def test_only_what_was_sent_changes_and_null_clears(rest: Rest) -> None:
    rest.made("/qos-policies", {"name": "slow", "egress": {"rate_kbps": 1000}, "dscp": 10})
    rest.made("/networks", {**DOCKER_SN, "qos_policy": "slow", "mtu": 1400})

    after = rest.patch("/networks/DockerSN", {"qos_policy": None}).json()

    assert (after["qos_policy_id"], after["mtu"]) == (None, 1400)
    assert rest.patch("/networks/DockerSN", {"name": None}).status_code == 422


def test_many_ports_are_made_together_or_not_at_all(rest: Rest) -> None:
    rest.made("/networks", DOCKER_SN)
    before = rest.store.revision

    bad = rest.post("/ports/bulk", {"items": [{"network": "DockerSN"}, {"network": "DockerSN", "mac": "zz"}]})
    good = rest.post("/ports/bulk", {"items": [{"network": "DockerSN"}] * 3})

    assert (bad.status_code, bad.json()["field"]) == (422, "items.1.mac")
    assert good.status_code == 201
    assert len(good.json()["items"]) == 3
    assert rest.store.revision == before + 1


def test_every_object_is_on_exactly_one_page(rest: Rest) -> None:
    rest.made("/networks", DOCKER_SN)
    made = rest.post("/ports/bulk", {"items": [{"network": "DockerSN"}] * 25}).json()["items"]

    seen, cursor = [], None
    while True:
        page = rest.get("/ports", params={"limit": 4, **({"cursor": cursor} if cursor else {})})
        seen += [port["id"] for port in page.json()["items"]]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            break

    assert sorted(seen) == sorted(port["id"] for port in made)
    assert rest.get("/ports", params={"cursor": "junk"}).status_code == 422


def test_a_port_shows_its_groups_and_a_group_its_ports(rest: Rest) -> None:
    rest.made("/networks", DOCKER_SN)
    port = rest.made("/ports", {"network": "DockerSN", "name": "p", "labels": {"app": "web"}})
    other = rest.made("/ports", {"network": "DockerSN", "name": "q"})
    rest.made("/groups", {"name": "web", "selector": "app=web"})
    both = rest.made("/groups", {"name": "both", "selector": "app=web", "members": ["q"]})

    assert rest.get("/ports/p").json()["groups"] == ["both", "web"]
    assert both["members"] == sorted([port["id"], other["id"]])
    assert both["listed"] == [other["id"]]
    assert {p["name"] for p in rest.get("/groups/both/ports").json()["items"]} == {"p", "q"}
    assert rest.get("/ports/p").json()["status"]["state"] == "down"


def test_rules_keep_their_identity_when_the_list_is_replaced(rest: Rest) -> None:
    rest.made("/groups", {"name": "web", "selector": "app=web"})
    allow = {
        "direction": "ingress",
        "action": "allow",
        "peer": {"group": "web"},
        "service": {"protocol": "tcp", "ports": ["80", "8000-8080"]},
    }
    policy = rest.made("/policies", {"name": "p", "target": "web", "rules": [allow]})
    first = policy["rules"][0]
    drop = {"direction": "ingress", "action": "drop", "peer": {"cidr": "10.0.0.0/8"}}

    inserted = rest.post("/policies/p/rules", {"rule": drop, "index": 0}).json()
    swapped = rest.patch("/policies/p", {"rules": inserted["rules"][::-1]}).json()

    assert first["service"]["ports"] == ["80", "8000-8080"]
    assert [rule["action"] for rule in inserted["rules"]] == ["drop", "allow"]
    assert [rule["id"] for rule in swapped["rules"]] == [rule["id"] for rule in inserted["rules"][::-1]]
    removed = rest.delete(f"/policies/p/rules/{first['id']}")
    assert removed.status_code == 204
    assert removed.headers["Weft-Revision"] == str(rest.store.revision)
    assert len(rest.get("/policies/p").json()["rules"]) == 1


def test_a_bad_rule_is_named_by_its_place(rest: Rest) -> None:
    rule = {"direction": "ingress", "action": "allow"}

    ports = rest.post("/policies", {"name": "p", "rules": [rule, {**rule, "service": {"ports": ["80"]}}]})
    peer = rest.post("/policies", {"name": "p", "rules": [{**rule, "peer": {"group": "none"}}]})

    assert (ports.status_code, ports.json()["field"]) == (422, "rules.1.service.ports")
    assert (peer.status_code, peer.json()["field"]) == (404, "rules.0.peer.group")


def test_an_address_group_holds_both_families(rest: Rest) -> None:
    made = rest.made("/address-groups", {"name": "a", "cidrs": ["10.0.0.0/8", "2001:db8::/32"]})

    assert made["cidrs"] == ["10.0.0.0/8", "2001:db8::/32"]
    assert rest.patch("/address-groups/a", {"cidrs": []}).json()["cidrs"] == []


def test_what_is_in_use_stays(rest: Rest) -> None:
    rest.made("/networks", DOCKER_SN)
    rest.made("/ports", {"network": "DockerSN", "name": "p"})

    refused = rest.delete("/networks/DockerSN")
    rest.delete("/ports/p")
    removed = rest.delete("/networks/DockerSN")

    assert (refused.status_code, refused.json()["code"]) == (409, "still_in_use")
    assert (removed.status_code, removed.content) == (204, b"")


def test_a_path_that_is_not_there_is_a_problem_document(rest: Rest) -> None:
    for answer in (rest.get("/nothing"), rest.get(f"/networks/{uuid4()}"), rest.put("/networks", {})):
        assert answer.status_code in (404, 405)
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"name": "\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"name": NaN}',
        b'{"name": ' + b"9" * 5000 + b"}",
        b'{"name": "n", "mtu": ' + b"9" * 4000 + b"}",
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_not_what_it_should_be_is_the_clients_fault(rest: Rest, content: bytes) -> None:
    answer = rest.ask("POST", "/networks", content=content, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422, answer.text
    assert json.loads(answer.content)["code"] == "invalid"


def test_a_network_says_whether_it_tells_of_what_it_drops(rest: Rest) -> None:
    usual = rest.made("/networks", {"name": "usual"})
    silent = rest.made("/networks", {"name": "silent", "log_drops": False})
    text = rest.get("/description", params={"project": "default"}).json()["text"]

    assert (usual["log_drops"], silent["log_drops"]) == (True, False)
    assert text.count("log_drops: false") == 1
    assert rest.post("/plan", {"text": text}).json()["objects"] == []
    assert rest.patch("/networks/silent", {"log_drops": True}).json()["log_drops"] is True
    assert rest.patch("/networks/silent", {"log_drops": None}).json()["field"] == "log_drops"
