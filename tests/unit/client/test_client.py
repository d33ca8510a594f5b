import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from weft.client import Client, ProblemError, ServerUnreachable, UnexpectedAnswer
from weft.client.events import changes_in
from weft.model.port import Workload

PORT: dict[str, Any] = {
    "id": "11111111-1111-4111-8111-111111111111",
    "name": "gloomy_jang",
    "network_id": "n",
    "network": "DockerSN",
    "mac": "02:00:00:00:00:01",
    "fixed_ips": [{"subnet_id": "s", "address": "192.168.200.190", "new": 1}],
    "workload": {"runtime": "docker", "engine": "e", "id": "c", "name": "", "image": "", "new": 1},
    "status": {"state": "up", "reason": "", "host": "host1", "since": None},
    "a_field_of_a_newer_server": {},
}
NETWORK: dict[str, Any] = {
    "id": "n",
    "name": "DockerSN",
    "mtu": 1442,
    "subnets": [{"id": "s", "cidr": "192.168.200.0/24", "gateway": "192.168.200.1"}],
}


def client(answer: Callable[[httpx.Request], httpx.Response]) -> Client:
    return Client("https://weft:7443/", token="t", transport=httpx.MockTransport(answer))


def event(revision: int, object_id: str) -> str:
    return f'event: change\ndata: {{"revision": {revision}, "kind": "ports", "id": "{object_id}"}}\n\n'


def test_attaching_sends_what_is_known_and_returns_the_port_with_its_network() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"port": PORT, "network": NETWORK, "created": True, "revision": 4})

    workload = Workload(runtime="docker", engine="e", id="c")
    got = client(answer).attach("host1", network="DockerSN", kind="container", workload=workload)

    assert asked[0].url == "https://weft:7443/api/v1/hosts/host1/attach"
    assert asked[0].headers["authorization"] == "Bearer t"
    assert b'"project"' not in asked[0].content
    assert (got.port.addresses, got.network.mtu, got.created) == (("192.168.200.190",), 1442, True)
    assert got.port.workload == workload


def test_a_problem_document_becomes_an_error_with_its_code_and_field() -> None:
    body = {"title": "Conflict", "detail": "address 10.0.0.2 is held by x", "code": "address_in_use"}
    refusing = client(lambda _: httpx.Response(409, json={**body, "field": "address"}))

    with pytest.raises(ProblemError, match=r"10\.0\.0\.2 is held") as caught:
        refusing.create("ports", {})

    assert (caught.value.code, caught.value.field, caught.value.status) == ("address_in_use", "address", 409)


def test_a_server_that_is_away_is_named_with_the_reason() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    with pytest.raises(ServerUnreachable, match=r"https://weft:7443 does not answer \(connection refused\)"):
        client(refuse).host_ports("host1")


def test_a_web_page_is_not_taken_for_an_answer() -> None:
    with pytest.raises(UnexpectedAnswer, match="text/html"):
        client(lambda _: httpx.Response(200, html="<html>")).get("ports", "x")


def test_a_gateway_without_a_server_behind_it_is_an_absent_server() -> None:
    with pytest.raises(ServerUnreachable, match="502"):
        client(lambda _: httpx.Response(502, html="<html>")).get("ports", "x")


def test_a_name_with_a_slash_is_one_part_of_the_path() -> None:
    asked: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path)
        return httpx.Response(200, json={})

    client(answer).get("subnets", "10.0.0.0/24", project="shop")

    assert asked == [b"/api/v1/subnets/10.0.0.0%2F24?project=shop"]


def test_events_are_read_and_comments_passed_over() -> None:
    lines = (": weft\n\n" + event(3, "a") + "id: 4\n" + event(4, "b") + "event: other\ndata: {}\n\n").split(
        "\n"
    )

    assert [(change.revision, change.id) for change in changes_in(lines)] == [(3, "a"), (4, "b")]


def test_a_lost_stream_resumes_without_a_gap_or_a_repetition_inside_a_revision() -> None:
    streams = [event(1, "a") + event(2, "b"), event(2, "b") + event(2, "c") + event(3, "d")]
    asked: list[str] = []
    stop = threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["since"])
        return httpx.Response(200, text=streams.pop(0))

    seen = []
    for change in client(answer).changes(0, stop=stop, pause_s=0):
        seen.append(change.id)
        if change.id == "d":
            stop.set()

    assert seen == ["a", "b", "c", "d"]
    assert asked == ["0", "1"]
