"""The OVSDB client against a real server."""

import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest
from tests.functional.northbound.conftest import Server

from weft.ovsdb import Connection, OvsdbError, OvsdbUnavailable, encode

SWITCH = {"op": "insert", "table": "Logical_Switch", "row": {"name": "s"}}


def opened(server: Server) -> Connection:
    return Connection.open(server.remote, database="OVN_Northbound", timeout_s=10)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(OvsdbUnavailable):
        Connection.open("unix:/nonexistent", database="OVN_Northbound", timeout_s=0.5)


def test_a_refused_operation_is_named(server: Server) -> None:
    with opened(server) as connection, pytest.raises(OvsdbError, match="No column") as refused:
        connection.transact([SWITCH, {"op": "insert", "table": "Logical_Switch", "row": {"nonsense": 1}}])

    assert refused.value.operation is not None
    assert refused.value.operation["row"] == {"nonsense": 1}


def test_a_commit_that_fails_after_its_operations_went_well_is_an_error(server: Server) -> None:
    twice = {"op": "insert", "table": "Port_Group", "row": {"name": "g"}}

    with opened(server) as connection, pytest.raises(OvsdbError) as refused:
        connection.transact([twice, twice])

    assert (refused.value.error, refused.value.operation) == ("constraint violation", None)


def test_tables_can_be_followed_later_and_stay_followed_after_the_server_died(server: Server) -> None:
    with opened(server) as connection:
        connection.transact([SWITCH])
        replica = connection.monitor({"Logical_Switch": None})
        (row,) = replica.tables["Logical_Switch"].values()
        assert row["name"] == "s"

        connection.transact([{"op": "update", "table": "Logical_Switch", "where": [], "row": {"name": "t"}}])
        assert connection.wait_for(lambda: names(connection) == {"t"}, 10)

        server.kill()
        assert connection.wait_for(lambda: not connection.complete, 10)
        with pytest.raises(OvsdbUnavailable):
            connection.transact([])
        server.start()
        connection.ready(20)
        assert names(connection) == {"t"}


def names(connection: Connection) -> set[object]:
    return {row["name"] for row in connection.replica.tables["Logical_Switch"].values()}


def test_sets_and_maps_are_followed_by_their_differences(server: Server) -> None:
    with opened(server) as connection:
        connection.monitor({"Address_Set": ["addresses", "external_ids"]})
        row = {
            "name": "a",
            "addresses": encode(frozenset("ab")),
            "external_ids": encode({"k": "1", "l": "2"}),
        }
        connection.transact([{"op": "insert", "table": "Address_Set", "row": row}])
        for mutation in (
            ["addresses", "insert", encode(frozenset("cd"))],
            ["addresses", "delete", encode(frozenset("a"))],
            ["external_ids", "delete", encode(frozenset("k"))],
            ["external_ids", "insert", encode({"m": "3"})],
        ):
            connection.transact(
                [{"op": "mutate", "table": "Address_Set", "where": [], "mutations": [mutation]}]
            )

        (seen,) = connection.replica.tables["Address_Set"].values()
        assert seen == {"addresses": frozenset("bcd"), "external_ids": {"l": "2", "m": "3"}}


def test_a_lock_passes_to_the_next_in_line(server: Server) -> None:
    with opened(server) as second:
        with opened(server) as first:
            assert first.lock("weft_test")
            assert not second.lock("weft_test")

        assert second.wait_for(lambda: second.holds_lock, 10)


def test_tls_carries_transactions_of_many_threads(server: Server, tmp_path: Path, free_port: int) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject]
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    server.kill()
    tls = ["--private-key", key, "--certificate", certificate, "--ca-cert", certificate]
    server.start(*map(str, tls), f"--remote=pssl:{free_port}:127.0.0.1")
    context = ssl.create_default_context(cafile=str(certificate))
    context.load_cert_chain(certificate, key)

    remote = f"ssl:127.0.0.1:{free_port}"
    with Connection.open(remote, database="OVN_Northbound", ssl_context=context) as connection:
        connection.monitor({"Logical_Switch": ["name"]})
        threads = [
            threading.Thread(target=lambda: [connection.transact([SWITCH]) for _ in range(50)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert connection.wait_for(lambda: len(connection.replica.tables["Logical_Switch"]) == 200, 10)


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
