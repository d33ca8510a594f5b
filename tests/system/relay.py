"""Stands between hosts and the server, on the server's machine, and keeps the answers to one path for itself.

So a server has done what it was asked, and the host that asked never hears of it.
"""

import asyncio
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weft.installation.files import TlsFiles
from weft.lab.layout import SERVER_PORT, LabHost
from weft.lab.processes import run_on, start_on, stop_on, until

_PORT = 9443
_NAME = "relay"
_REDIRECT = """table ip relay {{
 chain hosts {{
  type nat hook prerouting priority dstnat
  ip saddr {host} tcp dport {server} redirect to :{relay}
 }}
}}"""


@contextmanager
def unanswered(host: LabHost, path: str) -> Iterator[None]:
    """What `host` asks by a POST to `path` on new connections is done, and not answered."""
    central, own = host.lab.central, host.directory / "etc-weft"
    start_on(central, _NAME, [sys.executable, __file__, str(central.address), path, str(own)])
    log = central.logs / f"{_NAME}.log"
    try:
        until(lambda: "ready" in log.read_text(), "the relay to listen", timeout_s=20, log=log)
        redirect = _REDIRECT.format(host=host.address, server=SERVER_PORT, relay=_PORT)
        run_on(central, "nft", "-f", "-", stdin=redirect)
        try:
            yield
        finally:
            run_on(central, "nft", "delete", "table", "ip", "relay")
    finally:
        stop_on(central, _NAME)
        log.unlink()


class _Relay:
    """Ends TLS on both sides: as the server for the host, and as the host for the server."""

    def __init__(self, server: str, path: str, own: Path) -> None:
        self._server, self._path = server, path.encode()
        ours = TlsFiles(Path("/etc/weft/tls"))
        self._inwards = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._inwards.load_cert_chain(ours.certificate("server"), ours.key("server"))
        self._outwards = ssl.create_default_context(cafile=str(own / "ca.pem"))
        self._outwards.load_cert_chain(own / "host.pem", own / "host.key")

    async def serve(self) -> None:
        serving = await asyncio.start_server(self._converse, self._server, _PORT, ssl=self._inwards)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await serving.serve_forever()

    async def _converse(self, asks: asyncio.StreamReader, hears: asyncio.StreamWriter) -> None:
        answers, asked = await asyncio.open_connection(self._server, SERVER_PORT, ssl=self._outwards)
        kept = False

        async def forth() -> None:
            nonlocal kept
            while said := await asks.read(65536):
                kept = kept or said.startswith(b"POST " + self._path + b" ")
                asked.write(said)
                await asked.drain()
            asked.close()

        async def back() -> None:
            while said := await answers.read(65536):
                if not kept:
                    hears.write(said)
                    await hears.drain()
            hears.close()

        await asyncio.gather(forth(), back(), return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(_Relay(sys.argv[1], sys.argv[2], Path(sys.argv[3])).serve())
