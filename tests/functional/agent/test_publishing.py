"""`docker run -p`: Docker's calls, ports of this very host, and what is left when something dies."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.functional.agent.test_driver import Engine

from weft.agent.door.publishing import Publishing, landings
from weft.agent.journal import Journal
from weft.agent.leases import Leases
from weft.model.publication import Publication

PROGRAM, REVOKE = "NetworkDriver.ProgramExternalConnectivity", "NetworkDriver.RevokeExternalConnectivity"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = Engine(tmp_path)
    yield engine
    for owner in engine.host_ports.owners():
        engine.host_ports.release(owner)


def a_free_port() -> int:
    with closing(socket.socket()) as one:
        one.bind(("0.0.0.0", 0))
        return int(one.getsockname()[1])


def is_free(port: int) -> bool:
    with closing(socket.socket()) as one:
        try:
            one.bind(("0.0.0.0", port))
        except OSError:
            return False
        return True


def binding(port: int, host_port: int = 0, proto: int = 6, host_ip: str = "") -> dict[str, object]:
    """As libnetwork writes it."""
    return {
        "Proto": proto,
        "IP": None,
        "Port": port,
        "HostIP": host_ip,
        "HostPort": host_port,
        "HostPortEnd": host_port,
    }


async def program(engine: Engine, *bindings: dict[str, object]) -> dict[str, str]:
    options = {"com.docker.network.portmap": list(bindings)}
    answer: dict[str, str] = await engine.call(PROGRAM, NetworkID="dn", EndpointID="e1", Options=options)
    return answer


def told(engine: Engine) -> list[str]:
    return [str(one) for port in engine.server.ports.values() for one in port.published]


def test_what_docker_publishes_is_held_told_and_landed_until_it_is_revoked(engine: Engine) -> None:
    number = a_free_port()

    async def claim() -> None:
        engine.create("web")
        await engine.start("web", "e1")

        assert await program(engine, binding(80, number)) == {}

        assert told(engine) == [f"{number}:80/tcp"]
        assert not is_free(number)
        (landing,) = landings(engine.driver.leases.journal)
        assert (landing.published.host_port, str(landing.address)) == (number, "10.0.0.2")
        assert engine.door.settled == [landing.network_id]

        assert await engine.call(REVOKE, NetworkID="dn", EndpointID="e1") == {}
        assert (told(engine), is_free(number)) == ([], True)
        assert landings(engine.driver.leases.journal) == ()

    asyncio.run(claim())


def test_a_port_that_nobody_chose_is_a_free_one(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("web")
        await engine.start("web", "e1")

        assert await program(engine, binding(80), binding(53, proto=17)) == {}

        tcp, udp = sorted(told(engine), key=lambda text: text.endswith("udp"))
        assert tcp.endswith(":80/tcp")
        assert udp.endswith(":53/udp")

    asyncio.run(claim())


def test_a_port_that_another_program_has_is_refused_and_nothing_stays(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("web")
        await engine.start("web", "e1")
        with closing(socket.socket()) as other:
            other.bind(("0.0.0.0", 0))
            taken, free = int(other.getsockname()[1]), a_free_port()

            answer = await program(engine, binding(81, free), binding(80, taken))

        assert f"port {taken}/tcp of this host cannot be published" in answer["Err"]
        assert (told(engine), is_free(free)) == ([], True)

    asyncio.run(claim())


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (binding(80, 8080, proto=132), "IP protocol 132"),
        (binding(80, 8080, host_ip="fd00::1"), "only IPv4"),
    ],
)
def test_what_cannot_be_published_is_refused_in_words(
    engine: Engine, asked: dict[str, object], why: str
) -> None:
    async def claim() -> None:
        engine.create("web")
        await engine.start("web", "e1")
        assert why in (await program(engine, asked))["Err"]

    asyncio.run(claim())


def test_a_door_that_cannot_be_opened_fails_the_start_and_leaves_nothing(engine: Engine) -> None:
    engine.door.fails = True
    number = a_free_port()

    async def claim() -> None:
        engine.create("web")
        await engine.start("web", "e1")

        assert "does not leave by this host" in (await program(engine, binding(80, number)))["Err"]

        assert (told(engine), is_free(number)) == ([], True)

    asyncio.run(claim())


def test_an_agent_that_starts_again_holds_what_was_published_and_takes_back_what_is_over(
    engine: Engine, tmp_path: Path
) -> None:
    number, over = a_free_port(), a_free_port()

    async def claim() -> None:
        engine.create("web")
        await engine.start("web", "e1")
        await program(engine, binding(80, number))

    asyncio.run(claim())
    (lease,) = engine.driver.leases.journal.leases()
    engine.host_ports.release(lease.port_id)  # as the kernel does when the agent dies
    (port,) = engine.server.ports.values()
    stale = replace(port, id="other", published=(Publication.parse(f"{over}:80"),))
    engine.server.ports["other"] = stale

    leases = Leases(engine.server, "h1", Journal(tmp_path / "attachments.json"))
    again = Publishing(leases, engine.host_ports, engine.door)
    again.look()

    assert not is_free(number)
    assert engine.server.ports["other"].published == ()
    assert told(engine) == [f"{number}:80/tcp"]


def test_a_label_publishes_and_says_why_it_could_not(engine: Engine) -> None:
    number = a_free_port()

    async def claim() -> None:
        engine.create("web")
        await engine.start("web", "e1")

    asyncio.run(claim())
    (lease,) = engine.driver.leases.journal.leases()

    engine.publishing.publish_by_label(lease, {"weft.publish": f"{number}:80, {number}:53/udp"})
    assert told(engine) == [f"{number}:53/udp", f"{number}:80/tcp"]

    engine.publishing.take_back(lease)
    engine.publishing.publish_by_label(lease, {"weft.publish": "web"})
    engine.driver.leases.tell(lease.port_id, "up")
    assert told(engine) == []
    assert "HOST-PORT:PORT" in engine.server.reasons[lease.port_id]


def test_a_workload_that_is_known_is_published_again_without_the_server(engine: Engine) -> None:
    number = a_free_port()

    async def claim() -> None:
        engine.create("web")
        await engine.start("web", "e1")
        engine.server.away = True
        assert await program(engine, binding(80, number)) == {}

    asyncio.run(claim())
    assert not is_free(number)
    assert told(engine) == []
    engine.server.away = False

    engine.publishing.look()

    assert told(engine) == [f"{number}:80/tcp"]


def test_what_is_taken_back_while_the_server_is_away_is_told_when_it_returns(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("web")
        await engine.start("web", "e1")
        await program(engine, binding(80, a_free_port()))
        engine.server.away = True
        assert await engine.call(REVOKE, NetworkID="dn", EndpointID="e1") == {}

    asyncio.run(claim())
    assert len(told(engine)) == 1
    engine.server.away = False

    engine.publishing.look()

    assert told(engine) == []
