"""The agent's composition root."""

import argparse
import asyncio
import contextlib
import signal
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import structlog

from weft.agent import links, plug
from weft.agent.attachment import Container, host_end, wanted_by
from weft.agent.bind import Binder
from weft.agent.docker import Watcher
from weft.agent.vswitch import VSwitch
from weft.client import Client, ProblemError, ServerUnreachable
from weft.model.errors import WeftError
from weft.settings import AgentSettings, load_agent

log = structlog.get_logger()
HEARTBEAT_S = 5.0


class Attacher:
    """Carries out what the watcher sees, one call at a time per container."""

    def __init__(self, host: str, client: Client, vswitch: VSwitch) -> None:
        """`client` acts as `host`."""
        self._host, self._client, self._vswitch = host, client, vswitch

    def attach(self, container: Container) -> None:
        """Declare the container's port and plug it. A failure that nobody waits for becomes a record."""
        try:
            attached = self._client.attach(self._host, wanted_by(container))
            plug.plug(self._vswitch, attached, container.pid)
        except (WeftError, ProblemError, ServerUnreachable, plug.NotInstalled) as error:
            log.warning("attachment failed", container=container.name, reason=str(error))
            with contextlib.suppress(ProblemError, ServerUnreachable):
                self._client.report_failure(self._host, container.workload, str(error))
            return
        port = attached["port"]
        log.info(
            "container attached",
            container=container.name,
            port_id=port["id"],
            addresses=[ip["address"] for ip in port["fixed_ips"]],
        )

    def unplug(self, container: Container) -> None:
        """The container stopped: its card goes, its port and addresses stay."""
        for port in self._ports():
            if (port["workload"] or {}).get("id") == container.id:
                plug.unplug(self._vswitch, port["id"])

    def listed(self, engine: str, running: list[Container], known: set[str]) -> None:
        """Attach what runs, free what the engine no longer knows, sweep cards without a port.

        Only ports of this very engine are compared with its listing.
        """
        for container in running:
            self.attach(container)
        kept = set()
        for port in self._ports():
            workload = port["workload"] or {}
            if (
                workload.get("runtime") == "docker"
                and workload["engine"] == engine
                and workload["id"] not in known
            ):
                plug.unplug(self._vswitch, port["id"])
                self._client.detach(self._host, port["id"])
                log.info("port freed", port_id=port["id"], container=workload["name"])
            else:
                kept.add(port["id"])
        for name, port_id in self._vswitch.ours().items():
            if port_id not in kept or not links.exists(name):
                self._vswitch.unplug(name)
                links.disconnect(host_end(port_id))

    def _ports(self) -> list[dict[str, Any]]:
        return self._client.host_ports(self._host)


async def _beat(host: str, client: Client, datapath: str) -> None:
    while True:
        with contextlib.suppress(ProblemError, ServerUnreachable):
            await asyncio.to_thread(
                lambda: client.heartbeat(host, agent_version=version("weft"), datapath=datapath)
            )
        await asyncio.sleep(HEARTBEAT_S)


async def _run(settings: AgentSettings, host: str, client: Client, vswitch: VSwitch) -> None:
    stopping = asyncio.Event()
    for sig in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sig, stopping.set)
    binder = Binder(host, client, vswitch)
    binder.start()
    attacher = Attacher(host, client, vswitch)
    tasks = [asyncio.create_task(_beat(host, client, vswitch.datapath()))]
    if settings.docker_enabled == "yes" or (
        settings.docker_enabled == "auto" and settings.docker_socket.exists()
    ):
        watcher = Watcher(
            str(settings.docker_socket),
            attach=attacher.attach,
            unplug=attacher.unplug,
            listed=attacher.listed,
        )
        tasks.append(asyncio.create_task(watcher.run()))
        await watcher.connected.wait()
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    (settings.run_dir / "agent.ready").touch()
    log.info("agent ready", host=host)
    await stopping.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.to_thread(binder.stop)


def main() -> None:
    """`python -m weft.agent --config FILE`. What is plugged stays plugged when the agent ends."""
    arguments = argparse.ArgumentParser(prog="weft.agent", description=__doc__)
    arguments.add_argument("--config", type=Path)
    try:
        settings = load_agent(arguments.parse_args().config)
    except WeftError as error:
        sys.exit(f"weft agent: {error.message}")
    if settings.host is None:
        sys.exit("weft agent: the setting `host` is missing; `weft host join` writes it")
    token = settings.token.get_secret_value() if settings.token else settings.token_file.read_text().strip()
    vswitch = VSwitch(settings.ovsdb)
    vswitch.ready(30)
    with Client(settings.server_url, token=token) as client:
        asyncio.run(_run(settings, settings.host, client, vswitch))
    vswitch.close()
