"""Answer the workloads of one router, by UDP and by TCP, in bounded memory.

What is too much is not answered: by UDP whoever asked asks again, by TCP the connection ends.
"""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from typing import cast

import structlog

from weft.agent.resolver import message
from weft.agent.resolver.known import Known
from weft.agent.resolver.message import Code, Malformed
from weft.agent.resolver.road import Road, network_of, road_of
from weft.agent.resolver.upstream import Upstream
from weft.client import Resolver

log = structlog.get_logger()

MOST_QUESTIONS = 64
"""How many questions of one router's workloads are under way at a time."""
MOST_CONNECTIONS = 32
IDLE_S = 10.0
"""How long a connection without a question stays (RFC 7766, section 6.2.3: some seconds)."""


class Answering:
    """The answers behind one router; `resolver` may be replaced at any time. For one event loop."""

    def __init__(self, resolver: Resolver, known: Known, upstream: Upstream) -> None:
        """Nobody is answered yet."""
        self.resolver = resolver
        self._known, self._upstream = known, upstream
        self._questions: set[asyncio.Task[None]] = set()
        self._connections: set[asyncio.Task[None]] = set()
        self._open: list[asyncio.BaseTransport | asyncio.Server] = []

    async def start(self, by_udp: Sequence[socket.socket], by_tcp: Sequence[socket.socket]) -> None:
        """Answer what comes to these sockets, which are bound; those of TCP listen."""
        loop = asyncio.get_running_loop()
        for one in by_udp:
            transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=one)
            self._open.append(transport)
        for one in by_tcp:
            self._open.append(await asyncio.start_server(self._serve, sock=one))

    async def stop(self) -> None:
        """Answer nobody any more; afterwards no socket is used."""
        for one in self._open:
            one.close()
        under_way = [*self._questions, *self._connections]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    def take(
        self, received: bytes, client: str, transport: asyncio.DatagramTransport, to: tuple[str, int]
    ) -> None:
        """Answer a datagram in a task of its own, unless there are too many."""
        if len(self._questions) < MOST_QUESTIONS:
            task = asyncio.create_task(self._send(received, client, transport, to))
            self._questions.add(task)
            task.add_done_callback(self._questions.discard)

    async def answer(self, received: bytes, client: str, *, by_tcp: bool) -> bytes | None:
        """What to answer to a message of `client`; None to be silent, as to strangers."""
        resolver = self.resolver
        network = network_of(resolver, ip_address(client.partition("%")[0]))
        if network is None:
            return None
        try:
            query = message.read(received)
        except Malformed as error:
            return None if error.code is None else message.refusal(received, error.code)
        match road_of(query, resolver, network):
            case Road.OURS:
                return await self._known.answer(query)
            case Road.WORLD:
                return await self._upstream.ask(query, by_tcp=by_tcp)
            case Road.NONE:
                return message.empty(query, Code.REFUSED)

    async def _send(
        self, received: bytes, client: str, transport: asyncio.DatagramTransport, to: tuple[str, int]
    ) -> None:
        answer = await self.answer(received, client, by_tcp=False)
        if answer is not None:
            transport.sendto(answer, to)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= MOST_CONNECTIONS:
            writer.close()
            return
        self._connections.add(task)
        try:
            await self._converse(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # whoever asked has gone, or is too slow
        finally:
            self._connections.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = writer.get_extra_info("peername")[0]
        while True:
            async with asyncio.timeout(IDLE_S):
                length = int.from_bytes(await reader.readexactly(2))
                if length > message.LARGEST_QUERY:
                    return
                received = await reader.readexactly(length)
            answer = await self.answer(received, client, by_tcp=True)
            if answer is None:
                return
            async with asyncio.timeout(IDLE_S):
                writer.write(len(answer).to_bytes(2) + answer)
                await writer.drain()


class _Datagrams(asyncio.DatagramProtocol):
    """What comes by UDP."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None and len(data) <= message.LARGEST_QUERY:
            self._answering.take(data, addr[0], self._transport, addr)
