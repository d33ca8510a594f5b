"""What hosts tell of the traffic of their ports, and who sees it beside which limit."""

from typing import Any

import pytest
from tests.functional.api.rest import Rest

from weft.api.counters import PACE_S, WATCHED_PACE_S
from weft.store.tokens import Role


def count(size: int) -> dict[str, int]:
    return {"bytes": size, "packets": size // 100, "dropped": 0}


def tell(rest: Rest, host: str, clock_s: float, *ports: tuple[str, int, int]) -> Any:  # noqa: ANN401 - JSON
    counted = [{"id": port, "sent": count(sent), "received": count(got)} for port, sent, got in ports]
    answer = rest.post(f"/hosts/{host}/counters", {"clock_s": clock_s, "ports": counted})
    assert answer.status_code == 200, answer.text
    return answer.json()


def shown(rest: Rest, port: str = "web") -> Any:  # noqa: ANN401 - JSON
    answer = rest.get(f"/ports/{port}/counters")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def web(rest: Rest) -> str:
    """A port on h1, whose network limits what it sends to 800 kbit/s."""
    rest.made("/qos-policies", {"name": "slow", "egress": {"rate_kbps": 800}})
    rest.made("/networks", {"name": "net", "subnets": [{"cidr": "10.1.0.0/24"}], "qos_policy": "slow"})
    port: str = rest.made("/ports", {"network": "net", "name": "web", "host": "h1"})["id"]
    return port


def test_a_rate_stands_beside_its_limit(rest: Rest, web: str) -> None:
    agent = rest.with_token(Role.HOST, host="h1")
    tell(agent, "h1", 100, (web, 1_000, 50))
    tell(agent, "h1", 110, (web, 501_000, 12_550))

    found = shown(rest)
    assert (found["host"], found["silent"]) == ("h1", False)
    assert (found["sent"], found["received"]) == (count(501_000), count(12_550))
    (sample,) = found["samples"]
    assert (sample["seconds"], sample["sent_kbps"], sample["received_kbps"]) == (10, 400, 10)
    assert found["limit"]["sent_kbps"] == 800
    assert found["limit"]["received_kbps"] is None
    assert (found["limit"]["qos_policy"], found["limit"]["of_network"]) == ("slow", True)


def test_a_heartbeat_carries_counters_and_hears_whether_somebody_looks(rest: Rest, web: str) -> None:
    agent = rest.with_token(Role.HOST, host="h1")

    def beat(clock_s: float, sent: int) -> int:
        ports = [{"id": web, "sent": count(sent), "received": count(0)}]
        answer = agent.post("/hosts/h1/heartbeat", {"counters": {"clock_s": clock_s, "ports": ports}})
        assert answer.status_code == 200, answer.text
        pace_s: int = answer.json()["counters_pace_s"]
        return pace_s

    assert beat(100, 1_000) == PACE_S
    assert shown(rest)["sent"] == count(1_000)
    assert beat(110, 501_000) == WATCHED_PACE_S
    assert [one["sent_kbps"] for one in shown(rest)["samples"]] == [400]
    assert agent.post("/hosts/h1/heartbeat", {}).json()["counters_pace_s"] == WATCHED_PACE_S


def test_a_ports_own_limit_goes_before_its_networks(rest: Rest, web: str) -> None:
    rest.made("/qos-policies", {"name": "fast", "ingress": {"rate_kbps": 9000}})
    assert rest.patch(f"/ports/{web}", {"qos_policy": "fast"}).status_code == 200

    limit = shown(rest)["limit"]
    assert (limit["qos_policy"], limit["of_network"], limit["sent_kbps"]) == ("fast", False, None)
    assert limit["received_kbps"] == 9000


@pytest.mark.usefixtures("web")
def test_what_nobody_told_is_unknown_and_not_zero(rest: Rest) -> None:
    found = shown(rest)
    assert (found["silent"], found["told_at"], found["sent"], found["samples"]) == (True, None, None, [])


def test_a_port_on_no_host_has_no_counters_and_nobody_is_silent(rest: Rest, web: str) -> None:
    tell(rest, "h1", 100, (web, 1, 1))
    assert rest.patch(f"/ports/{web}", {"host": None}).status_code == 200

    found = shown(rest)
    assert (found["host"], found["silent"], found["sent"]) == (None, False, None)


def test_the_host_hears_that_somebody_looks(rest: Rest, web: str) -> None:
    assert tell(rest, "h1", 100, (web, 1, 1)) == {"pace_s": 15}
    shown(rest)
    assert tell(rest, "h1", 115, (web, 1, 1)) == {"pace_s": 5}


def test_a_host_tells_of_its_own_ports_only(rest: Rest, web: str) -> None:
    other = rest.with_token(Role.HOST, host="h2")
    tell(other, "h2", 100, (web, 1_000, 1_000), ("lp-of-somebody-else", 1, 1))
    assert shown(rest)["sent"] is None

    assert other.post("/hosts/h1/counters", {"clock_s": 1, "ports": []}).status_code == 403


def test_another_project_does_not_see_them(rest: Rest, web: str) -> None:
    assert rest.with_token(Role.MEMBER, project="other").get(f"/ports/{web}/counters").status_code == 404
    assert rest.with_token(Role.VIEWER, project="default").get(f"/ports/{web}/counters").status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"ports": []}, "clock_s"),
        ({"clock_s": -1, "ports": []}, "clock_s"),
        ({"clock_s": 1, "ports": [{"id": "x", "sent": count(1)}]}, "ports.0.received"),
        (
            {"clock_s": 1, "ports": [{"id": "x", "sent": count(-1), "received": count(1)}]},
            "ports.0.sent.bytes",
        ),
    ],
)
def test_nonsense_is_refused_at_its_field(rest: Rest, body: dict[str, object], field: str) -> None:
    answer = rest.post("/hosts/h1/counters", body)
    assert answer.status_code == 422
    assert answer.json()["field"] == field


def test_a_host_that_is_not_there_is_named(rest: Rest) -> None:
    assert rest.post("/hosts/nowhere/counters", {"clock_s": 1, "ports": []}).status_code == 404
