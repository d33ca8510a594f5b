"""Mirrors: another system's objects, by its ids and versions, whatever comes twice or late."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.functional.api.rest import Rest

from weft.model.ids import GroupId, PolicyId, PortId, RuleId
from weft.store.tokens import Role

PROJECT, NET, SUB, PORT = (str(UUID(int=number)) for number in range(1, 5))


def put(rest: Rest, kind: str, identity: str, body: object, *, version: int = 1, digest: str = "") -> Any:  # noqa: ANN401
    answer = rest.put(
        f"/mirrors/neutron/{kind}/{identity}", {"version": version, "digest": digest, "object": body}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def a_port(**fields: object) -> dict[str, object]:
    return {
        "project": PROJECT,
        "network": NET,
        "name": "vm",
        "kind": "vm",
        "mac": "fa:16:3e:00:00:01",
    } | fields


@pytest.fixture
def mirrored(rest: Rest) -> Rest:
    """A project with a network, a subnet whose addresses Weft hands out from .128 on, and a port."""
    put(rest, "projects", PROJECT, {"name": "demo"})
    put(rest, "networks", NET, {"project": PROJECT, "name": "DockerSN"})
    pools = [{"first": "10.0.0.128", "last": "10.0.0.254"}]
    put(rest, "subnets", SUB, {"project": PROJECT, "network": NET, "cidr": "10.0.0.0/24", "pools": pools})
    put(rest, "ports", PORT, a_port(addresses=["10.0.0.2"], host="h1"))
    return rest


def marks(rest: Rest, **query: object) -> dict[str, Any]:
    return {mark["id"]: mark for mark in rest.get("/mirrors/neutron", params=query).json()["items"]}


def test_an_object_has_the_id_that_it_has_in_its_source(mirrored: Rest) -> None:
    port = mirrored.get(f"/ports/{PORT}").json()

    assert (port["id"], port["network"], port["project"], port["host"]) == (PORT, "DockerSN", "demo", "h1")
    assert [fixed["address"] for fixed in port["fixed_ips"]] == ["10.0.0.2"]


def test_the_same_state_again_changes_nothing(mirrored: Rest) -> None:
    before = mirrored.store.revision

    put(mirrored, "networks", NET, {"project": PROJECT, "name": "DockerSN"})
    put(mirrored, "ports", PORT, a_port(addresses=["10.0.0.2"], host="h1"))

    assert mirrored.store.revision == before


def test_a_newer_state_replaces_the_whole_of_the_older(mirrored: Rest) -> None:
    wanted = a_port(
        addresses=["10.0.0.3"], mac="fa:16:3e:00:00:02", labels={"app": "web"}, host="h2", name="db"
    )

    put(mirrored, "ports", PORT, wanted, version=2)

    port = mirrored.get(f"/ports/{PORT}").json()
    assert [fixed["address"] for fixed in port["fixed_ips"]] == ["10.0.0.3"]
    assert (port["mac"], port["labels"], port["host"], port["name"]) == (
        "fa:16:3e:00:00:02",
        {"app": "web"},
        "h2",
        "db",
    )
    assert mirrored.store.snapshot().ports[PortId(UUID(PORT))].declared == {"app": "web"}


def test_an_address_that_is_given_up_is_free_again(mirrored: Rest) -> None:
    put(mirrored, "ports", PORT, a_port(addresses=["10.0.0.3"]), version=2)

    other = put(mirrored, "ports", str(uuid4()), a_port(addresses=["10.0.0.2"], mac=None))

    assert other["present"]


def test_an_older_state_changes_nothing(mirrored: Rest) -> None:
    put(mirrored, "networks", NET, {"project": PROJECT, "name": "new"}, version=5)

    said = put(mirrored, "networks", NET, {"project": PROJECT, "name": "old"}, version=4)

    assert said["version"] == 5
    assert mirrored.get(f"/networks/{NET}").json()["name"] == "new"


def test_what_is_gone_does_not_come_back(mirrored: Rest) -> None:
    for _ in range(2):
        assert mirrored.delete(f"/mirrors/neutron/ports/{PORT}").status_code == 204

    said = put(mirrored, "ports", PORT, a_port(addresses=["10.0.0.2"]), version=99)

    assert not said["present"]
    assert mirrored.get(f"/ports/{PORT}").status_code == 404
    assert PORT not in marks(mirrored)


def test_what_was_never_here_can_be_gone_too(rest: Rest) -> None:
    identity = str(uuid4())

    assert rest.delete(f"/mirrors/neutron/networks/{identity}").status_code == 204

    put(rest, "projects", PROJECT, {"name": "demo"})
    assert not put(rest, "networks", identity, {"project": PROJECT, "name": "late"})["present"]


def test_what_is_not_the_sources_is_not_touched(rest: Rest) -> None:
    ours = rest.made("/networks", {"name": "ours"})
    body = {"version": 9, "object": {"project": "default", "name": "theirs"}}

    for answer in (
        rest.put(f"/mirrors/neutron/networks/{ours['id']}", body),
        rest.delete(f"/mirrors/neutron/networks/{ours['id']}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert "not one of neutron's" in answer.json()["detail"]

    assert rest.get("/networks/ours").json()["revision"] == ours["revision"]


def test_one_source_does_not_touch_what_another_declares(mirrored: Rest) -> None:
    assert mirrored.delete(f"/mirrors/elsewhere/ports/{PORT}").status_code == 409


def test_a_removal_waits_until_nothing_needs_the_object(mirrored: Rest) -> None:
    refused = mirrored.delete(f"/mirrors/neutron/networks/{NET}")

    assert (refused.status_code, refused.json()["code"]) == (409, "still_in_use")
    assert marks(mirrored)[NET]["present"]
    for kind, identity in (("ports", PORT), ("subnets", SUB), ("networks", NET), ("projects", PROJECT)):
        assert mirrored.delete(f"/mirrors/neutron/{kind}/{identity}").status_code == 204
    assert marks(mirrored) == {}


def test_names_may_repeat_in_the_source(mirrored: Rest) -> None:
    other = str(uuid4())

    put(mirrored, "networks", other, {"project": PROJECT, "name": "DockerSN"})

    assert mirrored.get(f"/networks/{other}").json()["name"] == f"DockerSN-{other[:8]}"
    assert mirrored.get(f"/networks/{NET}").json()["name"] == "DockerSN"


def test_a_port_without_addresses_has_none(mirrored: Rest) -> None:
    bare = str(uuid4())

    put(mirrored, "ports", bare, a_port(mac=None, name="bare"))

    assert mirrored.get(f"/ports/{bare}").json()["fixed_ips"] == []


def test_addresses_of_the_source_may_lie_outside_the_pools_of_here(mirrored: Rest) -> None:
    made = mirrored.made("/ports", {"project": PROJECT, "network": NET})

    assert made["fixed_ips"][0]["address"] == "10.0.0.128"


def test_a_mark_tells_whether_the_object_was_changed_or_removed_here(mirrored: Rest) -> None:
    put(mirrored, "networks", NET, {"project": PROJECT, "name": "DockerSN"}, version=2, digest="d2")
    as_put = marks(mirrored)[NET]
    mirrored.patch(f"/networks/{NET}", {"description": "by hand"})
    mirrored.delete(f"/ports/{PORT}")

    seen = marks(mirrored)

    assert (as_put["version"], as_put["digest"], as_put["changed"]) == (2, "d2", False)
    assert seen[NET]["changed"]
    assert not seen[PORT]["present"]
    put(mirrored, "networks", NET, {"project": PROJECT, "name": "DockerSN"}, version=2, digest="d2")
    assert not marks(mirrored)[NET]["changed"]


def test_the_marks_come_in_pages(mirrored: Rest) -> None:
    seen: list[str] = []
    query: dict[str, object] = {"limit": 1}
    while True:
        page = mirrored.get("/mirrors/neutron", params=query).json()
        seen += [mark["id"] for mark in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert sorted(seen) == sorted([PROJECT, NET, SUB, PORT])
    assert list(marks(mirrored, kind="ports")) == [PORT]
    assert marks(mirrored)[PORT]["state"] == "down"


def test_rules_keep_the_ids_of_their_source_and_their_ranks(mirrored: Rest) -> None:
    group, first, second = (str(uuid4()) for _ in range(3))
    put(mirrored, "groups", group, {"project": PROJECT, "name": "web", "selector": f"has(sg/{group})"})
    rule = {"id": first, "direction": "ingress", "action": "allow"}
    body = {"project": PROJECT, "name": "web", "target": group, "rules": [rule]}
    put(mirrored, "policies", group, body)
    before = mirrored.store.snapshot().policies[PolicyId(UUID(group))].rules[0]
    revision = mirrored.store.revision
    put(mirrored, "policies", group, body)
    assert mirrored.store.revision == revision

    more = {"id": second, "direction": "egress", "action": "allow", "peer": {"group": group}}
    put(mirrored, "policies", group, {**body, "rules": [rule, more]}, version=2)

    rules = mirrored.store.snapshot().policies[PolicyId(UUID(group))].rules
    assert [str(one.id) for one in rules] == [first, second]
    assert rules[0] == before
    assert rules[1].peer.group_id == GroupId(UUID(group))
    assert rules[1].id == RuleId(UUID(second))


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        (
            "networks",
            {"project": PROJECT, "name": "n", "subnets": [{"cidr": "10.0.0.0/24"}]},
            "object.subnets",
        ),
        ("networks", {"project": PROJECT, "name": "n", "qos_policy": str(UUID(int=78))}, "qos_policy"),
        ("qos_policies", {"project": PROJECT, "name": "q", "dscp": 64}, "object.dscp"),
        ("networks", {"project": str(UUID(int=77)), "name": "n"}, "project"),
        ("subnets", {"network": NET, "cidr": "10.0.0.0/24"}, "cidr"),
        ("ports", {"network": NET, "addresses": ["192.0.2.1"]}, "addresses"),
        ("ports", {"network": NET, "host": "nobody"}, "host"),
        ("groups", {"project": PROJECT, "name": "g", "members": [PORT]}, "object.members"),
        (
            "policies",
            {"project": PROJECT, "name": "p", "rules": [{"direction": "ingress", "action": "drop"}]},
            "object.rules",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    mirrored: Rest, kind: str, body: object, field: str
) -> None:
    before = mirrored.store.revision, marks(mirrored)

    answer = mirrored.put(f"/mirrors/neutron/{kind}/{uuid4()}", {"version": 1, "object": body})

    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["field"] == field
    assert (mirrored.store.revision, marks(mirrored)) == before


def test_a_qos_policy_is_borne_put_down_and_gone(mirrored: Rest) -> None:
    policy, limit = str(uuid4()), {"rate_kbps": 10_000}
    put(mirrored, "qos_policies", policy, {"project": PROJECT, "name": "slow", "egress": limit})
    network = {"project": PROJECT, "name": "DockerSN"}
    port = a_port(addresses=["10.0.0.2"], host="h1")
    put(mirrored, "networks", NET, {**network, "qos_policy": policy}, version=2)
    put(mirrored, "ports", PORT, {**port, "qos_policy": policy}, version=2)
    assert mirrored.get(f"/ports/{PORT}").json()["qos_policy_id"] == policy
    assert mirrored.delete(f"/mirrors/neutron/qos_policies/{policy}").json()["code"] == "still_in_use"

    put(mirrored, "qos_policies", policy, {"project": PROJECT, "name": "slow", "dscp": 46}, version=2)
    shown = mirrored.get(f"/qos-policies/{policy}").json()
    assert (shown["egress"], shown["dscp"]) == (None, 46)

    put(mirrored, "networks", NET, network, version=3)
    put(mirrored, "ports", PORT, port, version=3)
    assert mirrored.get(f"/ports/{PORT}").json()["qos_policy_id"] is None
    assert mirrored.delete(f"/mirrors/neutron/qos_policies/{policy}").status_code == 204


def test_a_subnet_keeps_its_prefix(mirrored: Rest) -> None:
    body = {"version": 2, "object": {"network": NET, "cidr": "10.9.0.0/24"}}

    answer = mirrored.put(f"/mirrors/neutron/subnets/{SUB}", body)

    assert (answer.status_code, answer.json()["field"]) == (409, "cidr")


def test_mirrors_are_for_administrators(rest: Rest) -> None:
    member = rest.with_token(Role.MEMBER, project="default")

    for answer in (
        member.get("/mirrors/neutron"),
        member.put(f"/mirrors/neutron/projects/{PROJECT}", {"version": 1, "object": {"name": "x"}}),
        member.delete(f"/mirrors/neutron/ports/{PORT}"),
    ):
        assert answer.status_code == 403
    assert rest.delete(f"/mirrors/neutron/hosts/{PORT}").status_code == 404
    assert rest.get("/mirrors/Neutron!").status_code == 422


ROUTER, OUT, FLOATING = (str(UUID(int=number)) for number in range(5, 8))


@pytest.fixture
def led_out(mirrored: Rest) -> Rest:
    """The same, and a router that leads the network out by another, which no host is connected to."""
    put(mirrored, "networks", OUT, {"project": PROJECT, "name": "out", "physical_network": {"name": "p1"}})
    put(mirrored, "subnets", str(UUID(int=99)), {"network": OUT, "cidr": "203.0.113.0/24"})
    put(mirrored, "routers", ROUTER, a_router())
    put(mirrored, "floating_ips", FLOATING, a_floating_ip())
    return mirrored


def a_router(**fields: object) -> dict[str, object]:
    gateway = {"network": OUT, "address": "203.0.113.9"}
    return {"project": PROJECT, "name": "r", "networks": [NET], "gateway": gateway} | fields


def a_floating_ip(**fields: object) -> dict[str, object]:
    return {"project": PROJECT, "network": OUT, "address": "203.0.113.7", "port": PORT} | fields


def test_a_router_and_a_floating_ip_have_the_addresses_of_their_source(led_out: Rest) -> None:
    router = led_out.get(f"/routers/{ROUTER}").json()
    floating = led_out.get(f"/floating-ips/{FLOATING}").json()

    assert [one["name"] for one in router["networks"]] == ["DockerSN"]
    assert (router["gateway"]["network"], router["gateway"]["address"]) == ("out", "203.0.113.9")
    assert (floating["address"], floating["port"], floating["port_address"]) == (
        "203.0.113.7",
        "vm",
        "10.0.0.2",
    )


def test_a_router_in_the_same_state_changes_nothing_and_in_a_newer_one_becomes_it(led_out: Rest) -> None:
    before = led_out.store.revision
    put(led_out, "routers", ROUTER, a_router())
    put(led_out, "floating_ips", FLOATING, a_floating_ip())
    assert led_out.store.revision == before
    put(led_out, "floating_ips", FLOATING, a_floating_ip(port=None), version=2)

    route = {"destination": "10.9.0.0/16", "next_hop": "10.0.0.77"}
    put(led_out, "routers", ROUTER, a_router(gateway=None, routes=[route], name="s"), version=2)

    router = led_out.get(f"/routers/{ROUTER}").json()
    assert (router["name"], router["gateway"], router["routes"]) == ("s", None, [route])
    assert led_out.get(f"/floating-ips/{FLOATING}").json()["port"] is None


def test_a_router_that_is_gone_joins_nothing_though_nobody_said_so_before(led_out: Rest) -> None:
    refused = led_out.delete(f"/mirrors/neutron/routers/{ROUTER}")
    assert refused.json()["code"] == "still_in_use", "the floating IP leads through it"

    for kind, identity in (("floating_ips", FLOATING), ("routers", ROUTER)):
        assert led_out.delete(f"/mirrors/neutron/{kind}/{identity}").status_code == 204

    assert not put(led_out, "routers", ROUTER, a_router(), version=9)["present"]
    assert led_out.get("/routers").json()["items"] == []


@pytest.mark.parametrize(
    ("kind", "identity", "body", "field"),
    [
        ("routers", ROUTER, a_router(gateway={"network": OUT}), "object.gateway"),
        ("routers", ROUTER, a_router(gateway={"network": NET, "address": "10.0.0.9"}), "gateway"),
        ("routers", ROUTER, a_router(gateway={"network": OUT, "address": "10.0.0.9"}), "address"),
        ("routers", ROUTER, a_router(networks=[str(UUID(int=77))]), "networks"),
        ("floating_ips", FLOATING, a_floating_ip(address=None), "object.address"),
        ("floating_ips", FLOATING, a_floating_ip(address="203.0.113.8"), "address"),
        ("floating_ips", FLOATING, a_floating_ip(port=str(UUID(int=77))), "port"),
        ("floating_ips", str(UUID(int=78)), a_floating_ip(), "address"),
    ],
)
def test_a_way_out_that_cannot_be_is_refused_and_leaves_everything(
    led_out: Rest, kind: str, identity: str, body: object, field: str
) -> None:
    before = led_out.store.revision, marks(led_out)

    answer = led_out.put(f"/mirrors/neutron/{kind}/{identity}", {"version": 2, "object": body})

    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["field"] == field
    assert (led_out.store.revision, marks(led_out)) == before
