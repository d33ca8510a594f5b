"""Changes as they happen, and what becomes of a revision."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
import uvicorn
from tests.functional.api.rest import Rest

from weft.api.app import create_app
from weft.model.ids import HostName
from weft.store import Limits, Store, progress, tokens
from weft.store.tokens import Role

NET = {"name": "net", "subnets": [{"cidr": "10.1.0.0/24"}]}


@pytest.fixture
def served(rest: Rest) -> Iterator[str]:
    """The API on a loopback port, because a stream needs a wire."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(rest.app, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1"
    server.should_exit = True
    rest.store.close()
    thread.join(timeout=10)
    listener.close()


def test_a_change_arrives_on_the_stream(rest: Rest, served: str) -> None:
    headers = {"Authorization": f"Bearer {rest.token}"}

    with httpx.stream("GET", f"{served}/changes", headers=headers, timeout=10) as stream:
        lines = stream.iter_lines()
        assert next(lines) == ": weft"
        network = rest.made("/networks", NET)
        got = [next(lines) for _ in range(7)]

    events = [json.loads(line[5:]) for line in got if line.startswith("data:")]
    assert [e["kind"] for e in events] == ["networks", "subnets"]
    assert events[0]["id"] == network["id"]
    assert events[0]["action"] == "create"
    assert events[0]["author"] == "admin"
    assert [line for line in got if line.startswith("id:")] == [f"id: {network['revision']}"]


def test_changes_can_be_asked_for(rest: Rest) -> None:
    before = rest.store.revision
    rest.made("/networks", NET)
    asked = {"headers": {"Accept": "application/json"}}

    found = rest.get("/changes", params={"since": before}, **asked).json()
    later = rest.get("/changes", params={"since": found["revision"]}, **asked).json()

    assert [c["kind"] for c in found["items"]] == ["networks", "subnets"]
    assert later == {"items": [], "revision": found["revision"]}
    for bad in ("-1", "x", "9" * 30):
        assert rest.get("/changes", params={"since": bad}, **asked).status_code == 422


def test_a_receipt_tells_who_is_waited_for(rest: Rest) -> None:
    rest.made("/networks", NET)
    rest.made("/ports", {"network": "net", "host": "h1"})
    revision = rest.store.revision
    path = f"/receipts/{revision}"

    fresh = rest.get(path).json()
    progress.record_realised(rest.store, revision, 7, datetime.now(UTC))
    applied = rest.get(path).json()
    progress.record_chassis(rest.store, {HostName("h1"): (7, None)}, datetime.now(UTC))
    agent = rest.with_token(Role.HOST, host="h1")
    assert agent.post("/hosts/h1/progress", {"nb_cfg": 7}).status_code == 200
    enforced = rest.get(path).json()

    assert (fresh["applied"], fresh["enforced"], fresh["hosts"]["waiting"]) == (False, False, ["h1"])
    assert (applied["applied"], applied["enforced"]) == (True, False)
    assert applied["applied_after_ms"] >= 0
    assert enforced["enforced"] is True
    assert enforced["hosts"] == {"total": 1, "done": 1, "waiting": []}


def test_a_receipt_fails_with_what_a_host_could_not_parse(rest: Rest) -> None:
    rest.made("/networks", NET)
    revision = rest.made("/ports", {"network": "net", "host": "h1"})["revision"]
    path = f"/receipts/{revision}"
    agent = rest.with_token(Role.HOST, host="h1")
    progress.record_realised(rest.store, rest.store.revision, 7, datetime.now(UTC))
    progress.record_chassis(rest.store, {HostName("h1"): (7, None)}, datetime.now(UTC))

    complaint = {"match": "ip4.src == $x", "problem": "no such set"}
    assert agent.post("/hosts/h1/progress", {"nb_cfg": 7, "unparsed": [complaint]}).status_code == 200
    failed = rest.get(path, params={"wait_s": 30}).json()

    assert (failed["state"], failed["enforced"], failed["enforced_after_ms"]) == ("failed", False, None)
    assert "ip4.src == $x" in failed["problems"][0]


def test_the_metrics_tell_who_is_waited_for_and_what_ovn_cannot_parse(rest: Rest) -> None:
    rest.made("/networks", NET)
    rest.made("/ports", {"network": "net", "host": "h1"})
    agent = rest.with_token(Role.HOST, host="h1")
    progress.record_realised(rest.store, rest.store.revision, 7, datetime.now(UTC))

    waiting = rest.get("/metrics", root=True).text
    progress.record_chassis(rest.store, {HostName("h1"): (7, None)}, datetime.now(UTC))
    agent.post("/hosts/h1/progress", {"nb_cfg": 7, "unparsed": [{"match": "ip4.src == $x"}]})
    broken = rest.get("/metrics", root=True).text
    agent.post("/hosts/h1/progress", {"nb_cfg": 7})
    done = rest.get("/metrics", root=True).text

    assert "weft_hosts_waiting 1.0" in waiting
    assert "weft_enforced_revision 0.0" in waiting
    assert 'weft_unparsed_matches{host="h1"} 1.0' in broken
    assert "weft_enforced_revision 0.0" in broken
    assert 'weft_unparsed_matches{host="h1"} 0.0' in done
    assert "weft_hosts_waiting 0.0" in done
    assert f"weft_enforced_revision {float(rest.store.revision)}" in done


def test_a_host_tells_the_progress_of_no_other(rest: Rest) -> None:
    agent = rest.with_token(Role.HOST, host="h2")

    assert agent.post("/hosts/h1/progress", {"nb_cfg": 7}).status_code == 403


def test_waiting_for_a_receipt_ends_when_the_hosts_answer(rest: Rest) -> None:
    revision = rest.store.revision
    answered = threading.Timer(
        0.2, lambda: progress.record_realised(rest.store, revision, 1, datetime.now(UTC))
    )
    answered.start()

    receipt = rest.get(f"/receipts/{revision}", params={"wait_s": 30}).json()

    answered.join()
    assert receipt["enforced"] is True


def test_a_revision_that_is_not_there_has_no_receipt(rest: Rest) -> None:
    for number in ("0", "-5", "999999", "9" * 40):
        assert rest.get(f"/receipts/{number}").status_code == 404
    assert rest.get("/receipts/x").status_code == 422


def test_a_quota_names_the_setting(tmp_path_factory: pytest.TempPathFactory, rest: Rest) -> None:
    place = tmp_path_factory.mktemp("small")
    small = Store.open(
        f"sqlite:///{place}/weft.db",
        now=lambda: datetime.now(UTC),
        new_id=uuid4,
        limits=Limits(networks=1, ports_per_network=1),
    )
    app = create_app(store=small, caller_of=lambda token: tokens.find(small, token, datetime.now(UTC)))
    admin = Rest(app, small, rest.runner, tokens.first_admin_token(small))
    admin.made("/networks", NET)
    admin.made("/ports", {"network": "net"})

    refused = [admin.post("/networks", {"name": "n2"}), admin.post("/ports", {"network": "net"})]

    small.close()
    assert [answer.json()["code"] for answer in refused] == ["quota_exceeded"] * 2
    assert all("encapsulation" in answer.json()["detail"] for answer in refused)


def test_a_database_that_is_away_is_not_the_clients_fault(rest: Rest) -> None:
    def away(token: str) -> None:
        raise ConnectionError(token)

    app = create_app(
        store=rest.store,
        caller_of=away,
        ready=lambda: ["OVN cannot be reached"],
        unavailable=(ConnectionError,),
    )
    asked = Rest(app, rest.store, rest.runner, "token")

    answers = [asked.get("/networks"), asked.get("/readyz", root=True)]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert [answer.json()["code"] for answer in answers] == ["unavailable", "not_ready"]
