"""The resolver with real sockets: one that workloads ask, and servers of the world that it asks."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_network
from typing import cast
from uuid import UUID

from weft.agent.resolver import message, serving
from weft.agent.resolver.known import Known
from weft.agent.resolver.message import Code, Kind
from weft.agent.resolver.serving import Answering
from weft.agent.resolver.upstream import Upstream
from weft.client import AskingNetwork, Resolver
from weft.model.ids import RouterId

WAIT_S = 20.0
HERE = AskingNetwork(id="here", prefixes=(ip_network("127.0.0.0/8"),), forwards=True)
RESOLVER = Resolver(router=RouterId(UUID(int=1)), mtu=1400, networks=(HERE,))
ASKED = message.asking("world.example", Kind.A, b"\x12\x34")

Reply = Callable[[bytes], Awaitable[list[bytes]]]
"""What a server sends for a question; it may take its time."""


class World(asyncio.DatagramProtocol):
    """A server of the world's, by UDP."""

    def __init__(self, reply: Reply) -> None:
        self._reply, self.heard = reply, 0
        self.all_heard = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard += 1
        if self.heard == serving.MOST_QUESTIONS:
            self.all_heard.set()
        self._tasks.add(asyncio.create_task(self._send(data, addr)))

    async def _send(self, data: bytes, addr: tuple[str, int]) -> None:
        for answer in await self._reply(data):
            self.transport.sendto(answer, addr)


async def says(question: bytes) -> list[bytes]:
    return [message.empty(message.read(question), Code.NO_SUCH_NAME)]


async def is_silent(_: bytes) -> list[bytes]:
    return []


async def is_forged_before(question: bytes) -> list[bytes]:
    """As if somebody had guessed the port: another number, another question; then the answer."""
    asked = message.read(question)
    forged = message.empty(asked, Code.FINE)
    other = message.asking("evil.example", Kind.A, asked.identity)
    return [
        bytes([forged[0] ^ 1]) + forged[1:],
        message.empty(message.read(other), Code.FINE),
        *await says(question),
    ]


@asynccontextmanager
async def world(*servers: Reply) -> AsyncIterator[tuple[Upstream, list[World]]]:
    """Servers on 127.0.0.1, 127.0.0.2 and so on, at one port; who asks them."""
    loop, port = asyncio.get_running_loop(), 0
    made: list[World] = []
    for number, reply in enumerate(servers, 1):
        transport, server = await loop.create_datagram_endpoint(
            partial(World, reply), (f"127.0.0.{number}", port)
        )
        port = transport.get_extra_info("sockname")[1]
        made.append(server)
    yield Upstream(lambda: [f"127.0.0.{n}" for n in range(1, len(servers) + 1)], port=port), made
    for server in made:
        server.transport.close()


@asynccontextmanager
async def answering(upstream: Upstream, resolver: Resolver = RESOLVER) -> AsyncIterator[tuple[str, int]]:
    """A resolver on 127.0.0.1; nothing is known there. Its address, the same by UDP and by TCP."""
    by_tcp = socket.create_server(("127.0.0.1", 0))
    by_udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    by_udp.bind(by_tcp.getsockname())
    answers = Answering(resolver, Known([]), upstream)
    await answers.start([by_udp], [by_tcp])
    yield by_tcp.getsockname()
    await answers.stop()


def asking(at: tuple[str, int]) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    one.connect(at)
    return one


async def answer_to(one: socket.socket) -> bytes:
    async with asyncio.timeout(WAIT_S):
        return await asyncio.get_running_loop().sock_recv(one, 65_535)


def test_a_forged_answer_is_passed_over_and_the_right_one_handed_on() -> None:
    async def scene() -> None:
        async with world(is_forged_before) as (upstream, _), answering(upstream) as at:
            with asking(at) as one:
                one.send(ASKED)
                assert await answer_to(one) == message.empty(message.read(ASKED), Code.NO_SUCH_NAME)

    asyncio.run(scene())


def test_where_one_server_is_silent_the_next_is_asked() -> None:
    async def scene() -> None:
        async with world(is_silent, says) as (upstream, servers), answering(upstream) as at:
            with asking(at) as one:
                one.send(ASKED)
                assert message.code_of(await answer_to(one)) == Code.NO_SUCH_NAME
                assert [server.heard for server in servers] == [1, 1]

    asyncio.run(scene())


def test_without_any_server_the_answer_is_that_it_failed() -> None:
    async def scene() -> None:
        async with answering(Upstream(tuple)) as at:
            with asking(at) as one:
                one.send(ASKED)
                assert message.code_of(await answer_to(one)) == Code.FAILED

    asyncio.run(scene())


def test_strangers_are_not_answered_and_the_others_are() -> None:
    async def scene() -> None:
        elsewhere = AskingNetwork(id="x", prefixes=(ip_network("127.0.0.1/32"),), forwards=True)
        resolver = Resolver(router=RESOLVER.router, mtu=1400, networks=(elsewhere,))
        async with world(says) as (upstream, (server,)), answering(upstream, resolver) as at:
            with asking(at) as one, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.bind(("127.0.0.9", 0))
                stranger.sendto(ASKED, at)
                one.send(ASKED)
                await answer_to(one)
                assert server.heard == 1

    asyncio.run(scene())


def test_no_more_questions_are_kept_than_there_is_room_for() -> None:
    async def scene() -> None:
        later = asyncio.Event()

        async def waits(question: bytes) -> list[bytes]:
            await later.wait()
            return await says(question)

        async with world(waits) as (upstream, (server,)), answering(upstream) as at:
            with asking(at) as one:
                for _ in range(serving.MOST_QUESTIONS + 20):
                    one.send(ASKED)
                async with asyncio.timeout(WAIT_S):
                    await server.all_heard.wait()
                later.set()
                for _ in range(serving.MOST_QUESTIONS):
                    await answer_to(one)
                assert server.heard == serving.MOST_QUESTIONS

    asyncio.run(scene())


def test_by_tcp_a_connection_has_many_questions_and_ends_at_one_that_is_too_long() -> None:
    async def scene() -> None:
        async with answering(Upstream(tuple)) as at:
            reader, writer = await asyncio.open_connection(*at)
            for _ in range(2):
                writer.write(len(ASKED).to_bytes(2) + ASKED)
                async with asyncio.timeout(WAIT_S):
                    said = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
                assert message.code_of(said) == Code.FAILED
            writer.write((message.LARGEST_QUERY + 1).to_bytes(2))
            async with asyncio.timeout(WAIT_S):
                assert await reader.read() == b""
            writer.close()

    asyncio.run(scene())
