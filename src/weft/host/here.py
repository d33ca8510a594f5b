"""Joining and leaving on this very machine: the real parts, put together."""

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from weft.agent.credentials import agent_client
from weft.agent.health import management
from weft.agent.health.diagnosis import diagnose as checked
from weft.agent.health.facts import Membership, Server
from weft.agent.health.finding import Finding
from weft.agent.health.gather import gather
from weft.client import Client, Identity
from weft.client.join import Joined, join
from weft.host import examine, traces
from weft.host.join import Joining, invitation_url
from weft.host.layout import Layout
from weft.host.leave import Leaving
from weft.host.preflight import Wish
from weft.host.services import ByHand, Services, Systemd
from weft.host.southbound import await_registration
from weft.host.switch import DATABASE
from weft.host.unitfiles import Programs, of_host
from weft.model.errors import Invalid
from weft.settings import AgentSettings, load_agent
from weft.systemd import is_booted

REGISTERED_S = 30.0
DOCKER = Path("/run/docker.sock")
LIBVIRT = "qemu:///system"


def joining(
    token: str, *, name: str | None, address: str | None, cni: str | None, say: Callable[[str], None]
) -> Joining:
    """A join of this machine. Changes nothing yet. Raises Invalid."""
    layout = Layout()
    server = invitation_url(token)
    return Joining(
        wish=Wish(
            host=name or socket.gethostname().partition(".")[0],
            server=server,
            address=address or examine.address_towards(server),
            ssl=layout.ssl,
            cni=cni or "",
        ),
        token=token,
        machine=examine.machine(layout.settings),
        layout=layout,
        services=_services(layout, say),
        units=_units(),
        exchange=join,
        registered=partial(
            await_registration, files=layout.ssl, patience_s=REGISTERED_S if is_booted() else 0
        ),
        remote=DATABASE,
    )


def diagnose() -> tuple[Finding, ...]:
    """What is wrong with this machine as a host, the worst first. Changes nothing. Raises Invalid."""
    if os.geteuid() != 0:
        raise Invalid("only root can look at everything that matters; run the same with sudo")
    file = Layout().settings
    if not file.exists():
        return checked(gather(AgentSettings(), None, None))
    settings = load_agent(file)
    host = settings.host or socket.gethostname()
    membership = Membership(host=host, server=settings.server_url)
    try:
        client = agent_client(settings)
    except Invalid as error:
        trouble = Server(trouble=error.message)
        return checked(gather(settings, membership, lambda: trouble))
    with client:
        return checked(gather(settings, membership, partial(management.ask, client, host, settings.ca_file)))


def leaving(*, force: bool, say: Callable[[str], None]) -> Leaving:
    """A leave of this machine. Changes nothing yet. Raises Invalid."""
    if os.geteuid() != 0:
        raise Invalid("only root can make this machine leave; run the same with sudo")
    layout = Layout()
    return Leaving(
        layout=layout,
        services=_services(layout, say),
        units=_units(),
        traces=_Traces(layout),
        retire=_retire,
        remote=DATABASE,
        force=force,
    )


@dataclass(frozen=True, slots=True)
class _Traces:
    layout: Layout

    def docker_networks(self) -> list[str]:
        return traces.remove_docker_networks(DOCKER, self.layout.plugin, self.layout.run / "agent.lock")

    def libvirt_networks(self) -> list[str]:
        return traces.remove_libvirt_networks(LIBVIRT) if examine.has_libvirt() else []

    def kernel(self) -> None:
        traces.remove_kernel_traces()


def _services(layout: Layout, say: Callable[[str], None]) -> Services:
    if is_booted():
        return Systemd()
    return ByHand(say, f"{Programs.installed().scripts}/weft-agent --config {layout.settings}")


def _units() -> Mapping[Path, str]:
    return of_host(Programs.installed()) if is_booted() else {}


def _retire(joined: Joined, layout: Layout) -> None:
    identity = Identity(layout.certificate, layout.key)
    with Client(joined.url, token=joined.token, ca=layout.ca, identity=identity) as client:
        client.retire_host(joined.host)
