"""Ask OVN for the name of a port, from where the resolver is.

OVN looks at each question that a port of the switch with the names sends (ovn-nb(5), DNS). It answers what
it knows; anything else goes on to the router, where nobody listens, which it says (RFC 1122, 3.2.2.1). So its
silence is heard at once.
"""

import asyncio
import secrets
import socket
from collections.abc import Sequence

from weft.agent.resolver import message
from weft.agent.resolver.message import Code, Kind, Query

WAIT_S = 1.0
_TOLD = (Kind.A, Kind.AAAA, Kind.PTR, Kind.ANY)
"""What OVN answers questions about."""


class Known:
    """What OVN knows behind one router. Only for use in one event loop."""

    def __init__(self, sockets: Sequence[socket.socket]) -> None:
        """Each of `sockets` is connected to the router; so many questions are asked at a time."""
        self._idle: asyncio.Queue[socket.socket] = asyncio.Queue()
        for one in sockets:
            self._idle.put_nowait(one)

    async def answer(self, query: Query) -> bytes:
        """The answer to a question about a name of ours.

        A name that has a port, and nothing of the kind that is asked for, is not a name that does not exist:
        whoever hears that would not ask for its other addresses (RFC 8020).
        """
        try:
            if query.kind in _TOLD:
                told = await self._ask(query.name, Kind(query.kind))
                if told is not None:
                    return message.as_answer_to(query, told)
            exists = query.kind != Kind.PTR and await self._ask(query.name, Kind.ANY) is not None
        except (OSError, TimeoutError):
            return message.empty(query, Code.FAILED)
        return message.empty(query, Code.FINE if exists else Code.NO_SUCH_NAME)

    async def _ask(self, name: str, kind: Kind) -> bytes | None:
        """What OVN says; None where it knows nothing. Raises TimeoutError, OSError."""
        asked = message.read(message.asking(name, kind, secrets.token_bytes(2)))
        one = await self._idle.get()
        try:
            async with asyncio.timeout(WAIT_S):
                return await _exchange(one, asked)
        finally:
            self._idle.put_nowait(one)


async def _exchange(one: socket.socket, asked: Query) -> bytes | None:
    loop = asyncio.get_running_loop()
    one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # that of an earlier question, which came too late
    await loop.sock_sendall(one, asked.message)
    try:
        while True:
            answer = await loop.sock_recv(one, message.LARGEST)
            if message.answers(asked, answer):
                return answer
    except ConnectionRefusedError:
        return None
