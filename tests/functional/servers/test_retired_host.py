"""A host that is retired while the server is killed: it is gone whole, or there whole, and can be retired."""

import pytest
from tests.functional.servers.conftest import Running, Site, behind
from tests.functional.servers.proxy import Proxy
from tests.support.eventually import eventually

from weft.client import ClientError, Workload
from weft.client.types import Port

HOST = "in-the-middle"


def container(server: Running, host: str, name: str) -> Port:
    """The port of a container that runs on `host`."""
    workload = Workload(runtime="docker", engine=host, id=name, name=name)
    with server.client() as client:
        return client.attach(host, network="web", kind="container", name=name, workload=workload).port


def listed(server: Running, kind: str) -> set[str]:
    with server.client() as client:
        return {str(one["name"]) for one in client.list(kind)}


def in_ovn(site: Site) -> set[str]:
    rows = site.northbound.nbctl("--bare", "--columns=name", "list", "Logical_Switch_Port")
    return set(rows.split())


@pytest.mark.parametrize("done", [False, True], ids=["before it is committed", "after it is committed"])
def test_a_host_whose_retirement_is_cut_short_leaves_nothing(
    site: Site,
    postgresql_proxy: Proxy,
    done: bool,  # noqa: FBT001
) -> None:
    server = site.start(database_url=behind(postgresql_proxy, site))
    with server.client() as client:
        client.create("networks", {"name": "web", "subnets": [{"cidr": "10.0.0.0/24"}]})
        for host in (HOST, "stays"):
            client.create("hosts", {"name": host, "projects": ["default"]})
    lost, kept = container(server, HOST, "lost"), container(server, "stays", "kept")
    eventually(lambda: {lost.id, kept.id} <= in_ovn(site))

    postgresql_proxy.trap(b"DELETE FROM hosts", b"COMMIT", server.kill, passed_on=done)
    with server.client() as client, pytest.raises(ClientError):
        client.retire_host(HOST, force=True)
    assert postgresql_proxy.sprung.wait(10)

    second = site.start()
    assert listed(second, "hosts") == ({"stays"} if done else {HOST, "stays"})
    assert listed(second, "ports") == ({"kept"} if done else {"kept", "lost"})
    if not done:
        with second.client() as client:
            client.retire_host(HOST, force=True)

    assert listed(second, "hosts") == {"stays"}
    assert listed(second, "ports") == {"kept"}
    eventually(lambda: lost.id not in in_ovn(site))
    assert kept.id in in_ovn(site)
    again = container(second, "stays", "next")
    assert [ip.address for ip in again.fixed_ips] == [ip.address for ip in lost.fixed_ips], "it is free again"
