"""What hosts tell of dropped packets, who sees it, and what is said of what is missing."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import uvicorn
from tests.functional.api.rest import Rest

from weft.api import drops as kept
from weft.compiler import names
from weft.compiler.merging import MEAN_RUN
from weft.model.ids import NetworkId, ProjectId, RuleId
from weft.model.policy import Direction
from weft.store.tokens import Role

AT = "2025-11-28T00:15:52.763Z"
ROUTER_MAC = "02:00:00:00:00:fe"


@dataclass
class Estate:
    """`web` on h1 may not be reached by `db` on h2, which is told by a policy of three rules."""

    rest: Rest
    network: dict[str, Any]
    web: dict[str, Any]
    db: dict[str, Any]
    policy: dict[str, Any]
    run: str = field(default_factory=lambda: str(uuid4()))
    number: int = 0
    agents: dict[str, Rest] = field(default_factory=dict)

    def agent(self, host: str) -> Rest:
        if host not in self.agents:
            self.agents[host] = self.rest.with_token(Role.HOST, host=host)
        return self.agents[host]

    def rule(self, place: int) -> str:
        return names.rule_log_name(RuleId(UUID(self.policy["rules"][place - 1]["id"])))

    @property
    def default(self) -> str:
        return names.band_log_name(NetworkId(UUID(self.network["id"])), names.Band.DEFAULT, Direction.INGRESS)

    def packets(self, acl: str, **different: object) -> dict[str, object]:
        """One SYN from db to web's port 80, as h1 would tell of it."""
        return {
            "name": acl,
            "verdict": "drop",
            "direction": "ingress",
            "count": 1,
            "first_at": AT,
            "last_at": AT,
            "source_mac": self.db["mac"],
            "destination_mac": self.web["mac"],
            "source": self.db["fixed_ips"][0]["address"],
            "destination": self.web["fixed_ips"][0]["address"],
            "protocol": "tcp",
            "source_port": 40000,
            "destination_port": 80,
            **different,
        }

    def tell(self, *packets: dict[str, object], host: str = "h1", **message: object) -> None:
        self.number += 1
        body = {"run": self.run, "number": self.number, "packets": list(packets), **message}
        answer = self.agent(host).post(f"/hosts/{host}/drops", body)
        assert answer.status_code == 200, answer.text

    def shown(self, **filters: object) -> list[dict[str, Any]]:
        answer = self.rest.get("/drops", params=filters)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found


@pytest.fixture
def estate(rest: Rest) -> Estate:
    network = rest.made("/networks", {"name": "net", "subnets": [{"cidr": "10.1.0.0/24"}]})
    web = rest.made("/ports", {"network": "net", "name": "web", "host": "h1"})
    db = rest.made("/ports", {"network": "net", "name": "db", "host": "h2"})
    return Estate(rest, network, web, db, _policy(rest))


def _policy(rest: Rest) -> dict[str, Any]:
    """Two drops that are one ACL, and an allowance that logs."""
    drop = {"direction": "ingress", "action": "drop", "peer": {"cidr": "10.1.0.0/24"}}
    rules = [
        {**drop, "service": {"protocol": "tcp", "ports": ["80"]}},
        {**drop, "service": {"protocol": "tcp", "ports": ["443"]}, "description": "no TLS either"},
        {"direction": "ingress", "action": "allow", "log": True},
    ]
    policy: dict[str, Any] = rest.made("/policies", {"name": "shut", "rules": rules})
    if UUID(policy["rules"][1]["id"]).int % MEAN_RUN:  # else it begins a run of its own
        return policy
    assert rest.delete("/policies/shut").status_code == 204
    return _policy(rest)


def spoofed(estate: Estate, packets: int, number: int = 1, port: str = "web", host: str = "h1") -> None:
    which = {"web": estate.web, "db": estate.db}[port]["id"]
    body = {
        "run": estate.run,
        "number": number,
        "since": "2025-11-28T00:15:40Z",
        "until": "2025-11-28T00:15:50Z",
        "ports": [{"port": which, "packets": packets}],
    }
    answer = estate.agent(host).post(f"/hosts/{host}/spoofed", body)
    assert answer.status_code == 200, answer.text


def test_what_anti_spoofing_drops_is_a_number_for_the_port_that_says_so(estate: Estate) -> None:
    for number, packets in ((1, 3), (2, 4), (2, 4)):
        spoofed(estate, packets, number)

    (drop,) = estate.shown(port="web")

    assert (drop["by"], drop["verdict"], drop["direction"], drop["count"]) == (
        *("anti-spoofing", "drop", "egress"),
        7,
    )
    assert (drop["network"], drop["host"], drop["rule"]) == ("net", "h1", None)
    assert drop["source"] == {"address": None, "port_id": estate.web["id"], "port": "web"}
    assert drop["destination"] == {"address": None, "port_id": None, "port": None}
    assert estate.shown(port="db") == []
    assert "weft_spoofed_packets_total 7.0" in estate.rest.get("/metrics", root=True).text


def test_a_full_meter_makes_no_guess_of_what_anti_spoofing_counted(estate: Estate) -> None:
    owner = ProjectId(UUID(estate.network["project_id"]))
    full = {
        "meter": names.log_meter(owner, asked=False),
        "packets": 5,
        "since": "2025-11-28T00:15:30Z",
        "until": "2025-11-28T00:16:00Z",
    }

    spoofed(estate, 3)
    estate.tell(unlogged=[full])
    spoofed(estate, 4, number=2)

    assert [(drop["count"], drop["at_least"]) for drop in estate.shown()] == [(7, False)]


def test_a_host_tells_of_forged_packets_of_its_own_ports_only(estate: Estate) -> None:
    spoofed(estate, 5, port="db", host="h1")

    assert estate.shown() == []
    assert "weft_strange_packets_total 5.0" in estate.rest.get("/metrics", root=True).text


def test_where_it_is_not_known_what_anti_spoofing_dropped_is_said(estate: Estate) -> None:
    estate.tell(host="h1")
    estate.tell(host="h2")
    spoofed(estate, 1)

    found = estate.rest.get("/drops").json()

    assert (found["silent"], found["unwatched"]) == ([], ["h2"])


def test_what_quarantine_drops_is_told_as_such(estate: Estate) -> None:
    network = NetworkId(UUID(estate.network["id"]))
    estate.tell(
        *(
            estate.packets(names.band_log_name(network, band, Direction.INGRESS), destination_port=port)
            for port, band in enumerate((names.Band.DEFAULT, names.Band.QUARANTINE), 1)
        )
    )

    told = {drop["destination_port"]: drop for drop in estate.shown()}

    assert {port: drop["by"] for port, drop in told.items()} == {1: "default", 2: "quarantine"}
    assert (told[2]["network"], told[2]["destination"]["port"], told[2]["rule"]) == ("net", "web", None)


def test_a_drop_names_the_rule_and_both_workloads(estate: Estate) -> None:
    estate.tell(estate.packets(estate.rule(1)))

    (drop,) = estate.shown()

    assert drop["rule"] == {
        "policy_id": estate.policy["id"],
        "policy": "shut",
        "tier": "project",
        "rule_id": estate.policy["rules"][0]["id"],
        "index": 1,
        "description": "",
        "together": [],
    }
    assert (drop["source"]["port"], drop["destination"]["port"]) == ("db", "web")
    assert (drop["verdict"], drop["direction"], drop["host"]) == ("drop", "ingress", "h1")
    assert (drop["protocol"], drop["source_port"], drop["destination_port"]) == ("tcp", 40000, 80)
    assert (drop["network"], drop["count"], drop["at_least"]) == (None, 1, False)


def test_of_rules_that_are_one_acl_the_packet_tells_which_it_met(estate: Estate) -> None:
    estate.tell(estate.packets(estate.rule(1), destination_port=443))

    (drop,) = estate.shown()

    assert (drop["rule"]["index"], drop["rule"]["description"]) == (2, "no TLS either")
    assert drop["rule"]["together"] == []


def test_where_it_does_not_tell_all_of_them_are_named(estate: Estate) -> None:
    estate.tell(estate.packets(estate.rule(1), destination_port=22))  # by rules that were different then

    (drop,) = estate.shown()

    assert drop["rule"]["index"] == 1
    assert drop["rule"]["together"] == [estate.policy["rules"][1]["id"]]


def test_the_default_of_a_network_is_named(estate: Estate) -> None:
    estate.tell(estate.packets(estate.default))

    (drop,) = estate.shown()

    assert (drop["rule"], drop["network"], drop["network_id"]) == (None, "net", estate.network["id"])


def test_repeats_are_one_entry_with_a_count_and_two_times(estate: Estate) -> None:
    later = "2025-11-28T00:16:00Z"
    estate.tell(estate.packets(estate.rule(1), count=3))
    estate.tell(estate.packets(estate.rule(1), source_port=40001, first_at=later, last_at=later))

    (drop,) = estate.shown()

    assert (drop["count"], drop["source_port"]) == (4, 40001)
    assert datetime.fromisoformat(drop["first_at"]) == datetime.fromisoformat(AT)
    assert datetime.fromisoformat(drop["last_at"]) == datetime.fromisoformat(later)


def test_a_message_that_was_taken_is_not_counted_again(estate: Estate) -> None:
    for number in (1, 1, 2, 1):
        estate.number = number - 1
        estate.tell(estate.packets(estate.rule(1)))

    assert [drop["count"] for drop in estate.shown()] == [2]


def test_a_port_behind_a_router_is_known_by_its_address(estate: Estate) -> None:
    estate.tell(estate.packets(estate.rule(1), source_mac=ROUTER_MAC))
    estate.tell(estate.packets(estate.rule(1), source_mac=ROUTER_MAC, source="192.0.2.7"))

    outside, inside = estate.shown()

    assert (inside["source"]["port"], outside["source"]) == (
        "db",
        {"address": "192.0.2.7", "port_id": None, "port": None},
    )


def test_a_packet_for_many_names_no_receiver(estate: Estate) -> None:
    many = {"destination_mac": "01:00:5e:00:00:fb", "destination": "224.0.0.251"}
    estate.tell(estate.packets(estate.default, **many))

    (drop,) = estate.shown()

    assert (drop["source"]["port"], drop["destination"]["port"]) == ("db", None)


def test_a_host_tells_of_its_own_ports_only(estate: Estate) -> None:
    about_web = estate.packets(estate.rule(1))
    estate.tell(about_web, host="h2")
    estate.tell(about_web, host="foreign")
    strange = estate.packets(names.rule_log_name(RuleId(uuid4())))
    estate.tell(strange, estate.packets("weft-nonsense"), host="h1")

    assert estate.shown() == []
    assert "weft_strange_packets_total 4.0" in estate.rest.get("/metrics", root=True).text


def test_a_host_tells_as_itself_only(estate: Estate) -> None:
    body = {"run": estate.run, "number": 1}

    assert estate.rest.with_token(Role.HOST, host="h2").post("/hosts/h1/drops", body).status_code == 403
    assert (
        estate.rest.with_token(Role.MEMBER, project="default").post("/hosts/h1/drops", body).status_code
        == 403
    )


def test_only_members_of_the_project_see_its_drops(estate: Estate) -> None:
    estate.tell(estate.packets(estate.rule(1)), unlogged=[_unlogged(estate)])
    mine = estate.rest.with_token(Role.VIEWER, project="default").get("/drops").json()
    other = estate.rest.with_token(Role.MEMBER, project="other")
    theirs = other.get("/drops").json()

    assert (len(mine["items"]), mine["unlogged"]) == (1, 700)
    assert (theirs["items"], theirs["unlogged"], theirs["silent"]) == ([], 0, [])
    assert other.get("/drops", params={"project": "default"}).status_code == 404
    assert other.get("/drops", params={"port": estate.web["id"]}).status_code == 404
    assert estate.rest.with_token(Role.HOST, host="h1").get("/drops").status_code == 403


def test_filters_choose_by_port_policy_verdict_and_time(estate: Estate) -> None:
    estate.tell(estate.packets(estate.rule(1)))
    later = "2025-11-28T01:00:00Z"
    estate.tell(estate.packets(estate.default, verdict="reject", first_at=later, last_at=later))
    estate.tell(estate.packets(estate.rule(3), verdict="allow", source="10.1.0.99"))

    assert {drop["verdict"] for drop in estate.shown(port="db")} == {"drop", "reject"}
    assert {drop["verdict"] for drop in estate.shown(policy="shut")} == {"drop", "allow"}
    assert {drop["verdict"] for drop in estate.shown(verdict="reject")} == {"reject"}
    assert {drop["verdict"] for drop in estate.shown(since="2025-11-28T00:30:00Z")} == {"reject"}


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"verdict": "lost"}, 422),
        ({"since": "yesterday"}, 422),
        ({"since": "2025-11-28T00:30:00"}, 422),
        ({"cursor": "-1"}, 422),
        ({"limit": "0"}, 422),
        ({"port": "nobody"}, 404),
        ({"policy": "none"}, 404),
    ],
)
def test_a_nonsense_question_is_refused(estate: Estate, asked: dict[str, str], status: int) -> None:
    answer = estate.rest.get("/drops", params=asked)

    assert answer.status_code == status
    assert next(iter(asked.values())) in answer.text or next(iter(asked)) in answer.text


@pytest.mark.parametrize(
    "different",
    [
        {"name": "x" * 256},
        {"verdict": "lost"},
        {"count": 0},
        {"count": "1"},
        {"first_at": "2025-11-28T00:15:52"},
        {"source": 1},
        {"destination_mac": "01"},
        {"destination_port": 65536},
        {"more": 1},
    ],
)
def test_a_nonsense_message_is_refused_and_changes_nothing(
    estate: Estate, different: dict[str, object]
) -> None:
    body = {"run": estate.run, "number": 1, "packets": [estate.packets(estate.rule(1), **different)]}

    answer = estate.rest.with_token(Role.HOST, host="h1").post("/hosts/h1/drops", body)

    assert answer.status_code == 422
    assert next(iter(different)) in answer.text
    assert estate.shown() == []


def test_pages_follow_each_other_and_an_entry_that_moves_is_not_shown_twice(estate: Estate) -> None:
    for port in range(1, 8):
        estate.tell(estate.packets(estate.default, destination_port=port))
    first = estate.rest.get("/drops", params={"limit": 3}).json()
    estate.tell(estate.packets(estate.default, destination_port=1))
    second = estate.rest.get("/drops", params={"limit": 3, "cursor": first["next_cursor"]}).json()

    assert [drop["destination_port"] for drop in first["items"]] == [7, 6, 5]
    assert [drop["destination_port"] for drop in second["items"]] == [4, 3, 2]
    assert second["next_cursor"] is None


def test_memory_is_bounded_and_what_went_is_counted(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_OF_A_PROJECT", 5)
    for port in range(1, 8):
        estate.tell(estate.packets(estate.default, destination_port=port))

    found = estate.rest.get("/drops").json()

    assert [drop["destination_port"] for drop in found["items"]] == [7, 6, 5, 4, 3]
    assert found["forgotten"] == 2


def _unlogged(estate: Estate, *, asked: bool = False, since: str = AT, until: str = AT) -> dict[str, object]:
    meter = names.log_meter(ProjectId(UUID(estate.network["project_id"])), asked=asked)
    return {"meter": meter, "packets": 700, "since": since, "until": until}


def test_what_a_meter_kept_from_the_log_makes_counts_at_least(estate: Estate) -> None:
    estate.tell(estate.packets(estate.rule(1)), estate.packets(estate.rule(3), verdict="allow"))
    before = "2025-11-27T00:00:00Z"
    estate.tell(unlogged=[_unlogged(estate)])
    estate.tell(
        estate.packets(estate.rule(1), destination_port=443, first_at=before, last_at=before),
        estate.packets(estate.default),
    )

    found = estate.rest.get("/drops").json()

    said = {
        (drop["rule"] and drop["rule"]["index"], drop["verdict"]): drop["at_least"] for drop in found["items"]
    }
    assert said == {(1, "drop"): True, (3, "allow"): False, (2, "drop"): False, (None, "drop"): True}
    assert found["unlogged"] == 700


def test_a_host_tells_of_the_meters_of_its_own_projects_only(estate: Estate) -> None:
    estate.tell(unlogged=[_unlogged(estate)], host="foreign")
    estate.tell(unlogged=[{**_unlogged(estate), "meter": "weft_drop_x"}])

    assert estate.rest.get("/drops").json()["unlogged"] == 0


def test_hosts_that_are_silent_or_lost_a_part_of_their_log_are_named(estate: Estate) -> None:
    silent = estate.rest.get("/drops").json()["silent"]
    estate.tell()
    estate.tell(host="h2", gap=True)
    found = estate.rest.get("/drops").json()

    assert (silent, found["silent"], found["gaps"]) == (["h1", "h2"], [], ["h2"])


def test_a_clock_that_is_ahead_is_not_believed(estate: Estate) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    estate.tell(estate.packets(estate.rule(1), first_at=ahead, last_at=ahead))

    (drop,) = estate.shown()

    assert datetime.fromisoformat(drop["last_at"]) <= datetime.now(UTC)


def test_drops_make_no_revision_and_are_counted(estate: Estate) -> None:
    before = estate.rest.store.revision
    estate.tell(estate.packets(estate.rule(1), count=3), unlogged=[_unlogged(estate)])
    metrics = estate.rest.get("/metrics", root=True).text

    assert estate.rest.store.revision == before
    assert 'weft_logged_packets_total{verdict="drop"} 3.0' in metrics
    assert "weft_unlogged_packets_total 700.0" in metrics
    assert "weft_drops_kept 1.0" in metrics


@pytest.fixture
def served(rest: Rest) -> Iterator[str]:
    """The API on a loopback port, because a stream needs a wire."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(rest.app, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1"
    server.should_exit = True
    thread.join(timeout=15)
    listener.close()


def _events(lines: Iterator[str], count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while len(found) < count:
        line = next(lines)
        if line.startswith("data: "):
            found.append(json.loads(line.removeprefix("data: ")))
    return found


def test_drops_arrive_on_the_stream_of_who_may_see_them(estate: Estate, served: str) -> None:
    headers = {"Authorization": f"Bearer {estate.rest.with_token(Role.VIEWER, project='default').token}"}

    with httpx.stream("GET", f"{served}/drops/feed", headers=headers, timeout=20) as stream:
        lines = stream.iter_lines()
        assert next(lines) == ": weft"
        estate.tell(estate.packets(estate.rule(1)))
        (first,) = _events(lines, 1)
        estate.tell(estate.packets(estate.rule(1), count=2), estate.packets(estate.default))
        rest = _events(lines, 2)

    assert (first["count"], first["source"]["port"]) == (1, "db")
    assert [each["count"] for each in rest] == [3, 1]


def test_who_comes_back_gets_what_changed_meanwhile_and_hears_of_what_is_gone(
    estate: Estate, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST_OF_A_PROJECT", 2)
    estate.tell(estate.packets(estate.default, destination_port=1))
    seen = estate.shown()[0]["number"]
    for port in (2, 3, 4):
        estate.tell(estate.packets(estate.default, destination_port=port))
    headers = {"Authorization": f"Bearer {estate.rest.token}", "Last-Event-ID": str(seen)}

    with httpx.stream("GET", f"{served}/drops/feed", headers=headers, timeout=20) as stream:
        missing, *found = _events(stream.iter_lines(), 3)

    assert missing == {}
    assert [each["destination_port"] for each in found] == [3, 4]
