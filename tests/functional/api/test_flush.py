"""A host asks what it must end, does so, and says so."""

from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from tests.functional.api.rest import Rest

from weft.client import FlushWork
from weft.model.ids import HostName
from weft.model.judgement import Connection
from weft.model.policy import Protocol
from weft.reconciler.record import record
from weft.store import progress
from weft.store.tokens import Role

H1, H2 = HostName("h1"), HostName("h2")


@pytest.fixture
def agents(rest: Rest) -> tuple[Rest, Rest]:
    """Two hosts with a port each on a network that has just become stricter."""
    rest.made("/networks", {"name": "net", "subnets": [{"cidr": "10.1.0.0/24"}]})
    for name, host in (("a", "h1"), ("b", "h2")):
        rest.made("/ports", {"network": "net", "name": name, "host": host})
    applied(rest, 1)
    assert rest.patch("/networks/net", {"default_ingress": "drop"}).status_code == 200
    applied(rest, 2)
    one, other = (rest.with_token(Role.HOST, host=host) for host in ("h1", "h2"))
    return one, other


def applied(rest: Rest, nb_cfg: int) -> None:
    record(rest.store, rest.store.snapshot(), nb_cfg, datetime.now(UTC))


def reach(rest: Rest, agent: Rest, host: HostName, nb_cfg: int) -> dict[str, object]:
    progress.record_chassis(rest.store, {host: (nb_cfg, None)}, datetime.now(UTC))
    told: dict[str, object] = agent.post(f"/hosts/{host}/progress", {"nb_cfg": nb_cfg}).json()
    return told


def test_a_host_ends_what_the_new_policy_does_not_allow(rest: Rest, agents: tuple[Rest, Rest]) -> None:
    told = reach(rest, agents[0], H1, 2)

    work = FlushWork.from_body(agents[0].get("/hosts/h1/flush").json())

    (domain,) = work.domains
    a, b = (ip_address(port["fixed_ips"][0]["address"]) for port in rest.get("/ports").json()["items"])
    assert told == {"realised_nb_cfg": 2, "flush": True}
    assert len(domain.ports) == 1
    assert domain.judgements.deny(Connection(source=a, destination=b, protocol=Protocol.TCP, value=80))


def test_what_is_ended_counts_when_every_host_has_the_flows(rest: Rest, agents: tuple[Rest, Rest]) -> None:
    revision = rest.store.revision
    reach(rest, agents[0], H1, 2)
    early = agents[0].post("/hosts/h1/flushed", {"revision": revision})
    reach(rest, agents[1], H2, 2)

    offered = agents[0].get("/hosts/h1/flush").json()["acknowledge"]
    done = [
        agent.post(f"/hosts/{host}/flushed", {"revision": revision})
        for agent, host in zip(agents, (H1, H2), strict=True)
    ]

    assert early.status_code == 422
    assert offered == revision
    assert [answer.status_code for answer in done] == [200, 200]
    assert rest.get(f"/receipts/{revision}").json()["state"] == "enforced"
    assert reach(rest, agents[0], H1, 2)["flush"] is False


def test_a_receipt_waits_until_all_is_ended(rest: Rest, agents: tuple[Rest, Rest]) -> None:
    for agent, host in zip(agents, (H1, H2), strict=True):
        reach(rest, agent, host, 2)

    told = rest.get(f"/receipts/{rest.store.revision}").json()

    assert (told["state"], told["hosts"]["waiting"]) == ("applied", ["h1", "h2"])


def test_a_host_that_owes_nothing_cannot_acknowledge_the_future(rest: Rest) -> None:
    agent = rest.with_token(Role.HOST, host="h1")

    assert agent.post("/hosts/h1/flushed", {"revision": 10**9}).status_code == 200

    assert all(host.flushed == 0 for host in progress.plugged_hosts(rest.store))
    assert agent.get("/hosts/h1/flush").json() == {"acknowledge": None, "peers": [], "domains": []}


def test_a_host_sees_and_acknowledges_the_work_of_no_other(rest: Rest) -> None:
    agent = rest.with_token(Role.HOST, host="h2")

    assert agent.get("/hosts/h1/flush").status_code == 403
    assert agent.post("/hosts/h1/flushed", {"revision": 1}).status_code == 403
