"""What hosts tell of their flows, and what is shown of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.functional.api.rest import Rest

from weft.compiler import names
from weft.compiler.merging import MEAN_RUN
from weft.model.ids import NetworkId, RuleId
from weft.ovn.rows import Key
from weft.store import hits
from weft.store.tokens import Role

DROP, WEB, DEFAULT, STRANGER, GONE = 1, 2, 3, 4, 5


@dataclass
class Estate:
    """A policy of a drop and of two rules that are alike, on a network with a port on h1."""

    rest: Rest
    agent: Rest
    rules: list[str]
    run: str = field(default_factory=lambda: str(uuid4()))

    def tell(self, number: int, *counted: tuple[int, int], run: str | None = None) -> Any:  # noqa: ANN401
        body = {
            "run": run or self.run,
            "number": number,
            "counted": [{"cookie": c, "packets": packets, "bytes": 100 * packets} for c, packets in counted],
        }
        answer = self.agent.post("/hosts/h1/hits", body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def packets(self) -> list[int | None]:
        return [rule["packets"] for rule in self.rest.get("/policies/web/hits").json()["rules"]]


@pytest.fixture
def estate(rest: Rest) -> Estate:
    network = rest.made("/networks", {"name": "net", "subnets": [{"cidr": "10.1.0.0/24"}]})
    rest.made("/ports", {"network": "net", "name": "a", "host": "h1"})
    services: list[dict[str, object]] = [{"protocol": "tcp", "ports": [port]} for port in ("80", "443")]
    icmp: dict[str, object] = {"protocol": "icmp"}
    rules: list[dict[str, object]] = [{"direction": "ingress", "action": "drop", "service": icmp}]
    rules += [{"direction": "ingress", "action": "allow", "service": service} for service in services]
    ids = _alike(rest, rules)
    everyone = names.everyone(NetworkId(UUID(network["id"])))
    keys = {
        DROP: names.acl_key("weft_pg", f"{ids[0]}-ip4"),
        WEB: names.acl_key("weft_pg", f"{ids[1]}-ip4"),
        DEFAULT: names.acl_key(everyone, "default-ingress-drop"),
        GONE: names.acl_key("weft_pg", f"{uuid4()}-ip4"),
    }

    def acl_of(cookies: Collection[int]) -> Mapping[int, Key]:
        return {cookie: keys[cookie] for cookie in cookies if cookie in keys}

    rest.app.state.api = replace(rest.app.state.api, acl_of=acl_of)
    return Estate(rest, rest.with_token(Role.HOST, host="h1"), ids)


def _alike(rest: Rest, rules: list[dict[str, object]]) -> list[str]:
    """The ids of the rules of policy `web`, the last of which does not begin a run of its own."""
    policy = rest.made("/policies", {"name": "web", "rules": rules})
    ids: list[str] = [rule["id"] for rule in policy["rules"]]
    if UUID(ids[-1]).int % MEAN_RUN:
        return ids
    assert rest.delete("/policies/web").status_code == 204
    return _alike(rest, rules)


def test_hits_add_up_by_rule(estate: Estate) -> None:
    estate.tell(1, (DROP, 3), (STRANGER, 9), (GONE, 9))
    estate.tell(2, (DROP, 4), (DROP, 1))

    found = estate.rest.get("/policies/web/hits").json()

    assert estate.packets() == [8, 0, 0]
    assert found["rules"][0]["bytes"] == 800
    assert found["rules"][0]["last_hit_at"] is not None
    assert (found["precision_s"], found["silent"]) == (10, [])


def test_only_flows_of_no_policy_need_not_be_told_again(estate: Estate) -> None:
    assert estate.tell(1, (DROP, 3), (STRANGER, 9), (GONE, 9)) == {"others": [STRANGER]}


def test_no_hit_is_unknown_until_every_host_with_ports_has_told(estate: Estate) -> None:
    before = estate.packets()
    silent = estate.rest.get("/policies/web/hits").json()["silent"]
    estate.tell(1)

    assert (before, silent) == ([None, None, None], ["h1"])
    assert estate.packets() == [0, 0, 0]


def test_rules_that_are_one_acl_are_counted_together_and_this_is_said(estate: Estate) -> None:
    estate.tell(1, (WEB, 5))

    found = estate.rest.get("/policies/web/hits").json()["rules"]

    _, web, tls = estate.rules
    assert estate.packets() == [0, 5, 5]
    assert [rule["together"] for rule in found] == [[], [tls], [web]]


def test_a_report_that_was_taken_is_not_added_again(estate: Estate) -> None:
    for number in (1, 1, 2, 1):
        estate.tell(number, (DROP, 3))
    estate.tell(1, (DROP, 10), run=str(uuid4()))

    assert estate.packets()[0] == 16


def test_hits_make_no_revision(estate: Estate) -> None:
    before = estate.rest.store.revision
    estate.tell(1, (DROP, 3))

    assert estate.rest.store.revision == before


def test_the_defaults_of_a_network_are_counted(estate: Estate) -> None:
    estate.tell(1, (DEFAULT, 120))

    found = estate.rest.get("/networks/net/hits").json()["defaults"]

    assert {each["what"]: each["packets"] for each in found} == {
        "default-ingress-drop": 120,
        "default-egress-drop": 0,
    }


def test_all_hits_are_read_at_once_and_others_see_none_of_them(estate: Estate) -> None:
    estate.tell(1, (DROP, 3))
    other = estate.rest.with_token(Role.VIEWER, project="other")

    assert [rule["packets"] for rule in estate.rest.get("/hits").json()["rules"]] == [3, 0, 0]
    assert other.get("/hits").json()["rules"] == []
    assert other.get(f"/policies/{estate.rest.get('/policies/web').json()['id']}/hits").status_code == 404


def test_the_sum_of_a_rule_goes_with_the_rule(estate: Estate) -> None:
    estate.tell(1, (DROP, 3), (DEFAULT, 4))
    assert estate.rest.delete(f"/policies/web/rules/{estate.rules[0]}").status_code == 204
    estate.tell(2, (WEB, 1))

    gone = hits.Subject(RuleId(UUID(estate.rules[0])))
    assert hits.read(estate.rest.store, [gone]) == {}
    assert estate.rest.get("/networks/net/hits").json()["defaults"][1]["packets"] == 4


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"run": "me"}, "run"),
        ({"number": -1}, "number"),
        ({"number": "1"}, "number"),
        ({"counted": [{"cookie": 0, "packets": 1, "bytes": 1}]}, "counted.0.cookie"),
        ({"counted": [{"cookie": 1, "packets": -1, "bytes": 1}]}, "counted.0.packets"),
        ({"counted": [{"cookie": 1, "packets": 2**60, "bytes": 1}]}, "counted.0.packets"),
        ({"counted": [{"cookie": 1, "packets": 1, "bytes": 1}] * 1001}, "counted"),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(
    estate: Estate, change: dict[str, object], field: str
) -> None:
    answer = estate.agent.post("/hosts/h1/hits", {"run": estate.run, "number": 1, "counted": [], **change})

    assert answer.status_code == 422
    assert field in answer.text
    assert estate.packets() == [None, None, None]


def test_a_host_tells_of_itself_only(estate: Estate) -> None:
    assert estate.agent.post("/hosts/h2/hits", {"run": estate.run, "number": 1}).status_code == 403
