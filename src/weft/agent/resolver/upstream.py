"""Ask the world: the servers that this host itself asks, one after the other.

Each question has a socket of its own, and so a port that nobody can guess, and an identity of its own
(RFC 5452, section 9.2). Nothing is remembered: who may know what one workload asked is that workload.
"""

import asyncio
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from weft.agent.resolver import message
from weft.agent.resolver.message import Code, Query
from weft.model.resolver import RESOLVERS

SERVERS_FILE = Path("/etc/resolv.conf")
PORT = 53
TRY_S = 2.0
"""How long one server is waited for; whoever asked gives up, or asks again, after 5 s (resolv.conf(5))."""
MOST_ASKED = 256
"""How many questions of all workloads are under way at a time; each has a descriptor."""
_MOST_SERVERS = 3
"""As many as C libraries read (resolv.conf(5), "MAXNS")."""


def servers_in(text: str) -> Sequence[str]:
    """The servers that a resolv.conf(5) names, but for our own, who would ask us again."""
    words = [line.split() for line in text.splitlines()]
    named = [line[1] for line in words if len(line) > 1 and line[0] == "nameserver"]
    return [one for one in named[:_MOST_SERVERS] if one not in map(str, RESOLVERS)]


def servers_of_host() -> Sequence[str]:
    """The servers that this host itself asks now."""
    try:
        return servers_in(SERVERS_FILE.read_text(errors="replace"))
    except OSError:
        return ()


class Upstream:
    """Asks for whoever is allowed to ask. Only for use in one event loop."""

    def __init__(self, servers: Callable[[], Sequence[str]], *, port: int = PORT) -> None:
        """`servers` are asked in their order, anew for each question; they are addresses."""
        self._servers, self._port = servers, port
        self._room = asyncio.Semaphore(MOST_ASKED)

    async def ask(self, query: Query, *, by_tcp: bool) -> bytes:
        """The first useful answer, or else the last one, or else one that says that it failed."""
        found = message.empty(query, Code.FAILED)
        asked = replace(query, message=secrets.token_bytes(2) + query.message[2:])
        exchange = self._by_tcp if by_tcp else self._by_udp
        for server in self._servers():
            try:
                async with self._room, asyncio.timeout(TRY_S):
                    answer = await exchange(server, asked)
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                continue
            found = message.as_answer_to(query, answer)
            if message.code_of(answer) in (Code.FINE, Code.NO_SUCH_NAME):
                break
        return found

    async def _by_udp(self, server: str, asked: Query) -> bytes:
        loop = asyncio.get_running_loop()
        where = await loop.getaddrinfo(
            server, self._port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST
        )
        family, kind, _, _, address = where[0]
        with socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC) as one:
            one.connect(address)
            await loop.sock_sendall(one, asked.message)
            while True:
                answer = await loop.sock_recv(one, message.LARGEST)
                if message.answers(asked, answer):
                    return answer

    async def _by_tcp(self, server: str, asked: Query) -> bytes:
        reader, writer = await asyncio.open_connection(server, self._port)
        try:
            writer.write(len(asked.message).to_bytes(2) + asked.message)
            await writer.drain()
            answer = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
        finally:
            writer.close()
        if not message.answers(asked, answer):
            raise OSError(f"{server} answered another question")
        return answer
