"""Bring a lab up, take it down, and say how it stands."""

import json
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from weft.lab import spec
from weft.lab.claim import claim, release
from weft.lab.credentials import HOST_TOKEN, admin_token, init_server, join_host
from weft.lab.dockerd import load_image, start_docker
from weft.lab.layout import Lab, LabHost
from weft.lab.libvirtd import start_libvirt
from weft.lab.machine import boot
from weft.lab.namespaces import address_cable, clear, daemons, make_host, make_underlay
from weft.lab.needs import check
from weft.lab.network import add_uplink, start_controller, start_databases, start_switch
from weft.lab.processes import run_on, start_on, stop_on, try_on, until
from weft.settings import LabSettings

CA = Path("/etc/weft/tls/ca.pem")
"""On the central host."""

Tell = Callable[[str], None]
"""Hears what is being done, for people who wait."""


def _quiet(_doing: str) -> None:
    return


def up(lab: Lab, *, encapsulation: str = "vxlan", weft: bool = True, tell: Tell = _quiet) -> None:
    """Everything: underlay, hosts, OVN, engines, the Weft server, an agent on each host.

    First clears what a killed lab of the same name left. On failure nothing is taken down, so that the logs
    under `lab.root` can be read; the next `up` clears them. The process has the lab to itself until `down`;
    LabError when another one has.
    """
    check(lab)
    claim(lab)
    tell("clearing what an earlier lab left")
    clear(lab)
    lab.root.mkdir(parents=True, mode=0o700)
    _hosts_file(lab).write_text(spec.written(lab.hosts))
    tell("making hosts")
    make_underlay(lab)
    for host in (lab.central, *lab.workers):
        make_host(host)
    address_cable(lab.central)
    tell("starting OVN's databases")
    start_databases(lab.central)
    tell("making the CA, and the first certificates")
    init_server(lab, encapsulation=encapsulation)
    if weft:
        tell("starting the Weft server")
        run_server(lab)
    for host in lab.workers:
        tell(f"starting the switch and the engines of {host.name}")
        start_engines(host, encapsulation=encapsulation, joins=weft)
        if weft and not host.spec.machine:
            tell(f"starting the agent of {host.name}")
            start_agent(host)


def start_engines(host: LabHost, *, encapsulation: str, joins: bool) -> None:
    """The switch, and what brings workloads; the credentials come from the server if the host `joins` it."""
    if host.spec.machine:
        start_machine(host)
    else:
        start_switch(host)
        join_host(host, _invitation(host) if joins else None)
        start_controller(host, encapsulation=encapsulation)
        if host.spec.docker:
            start_docker(host)
    if host.spec.libvirt:
        start_libvirt(host)


def start_machine(host: LabHost) -> None:
    """Boot a server as it comes, with its address on a bridge of its own, and load the lab's image."""
    boot(host, "openvswitch-switch", "ovn-host", *(["docker"] if host.spec.docker else []))
    add_uplink(host)
    if host.spec.docker:
        load_image(host)


def _invitation(host: LabHost) -> str:
    made = weft_on_central(host.lab, "host", "token", host.name, "-o", "json")
    return str(json.loads(made)["token"])


def down(lab: Lab) -> None:
    """Take everything down; nothing stays. Idempotent. LabError while another process has the lab."""
    check(lab)
    claim(lab)
    for host in lab.workers:
        if host.mount_namespace.exists() and host.spec.docker:
            _end_containers(host)
    clear(lab)
    release(lab)


def _end_containers(host: LabHost) -> None:
    """Containers live in namespaces of their own: their engine ends them, while there is one."""
    listed = try_on(host, "docker", "ps", "-aq", timeout_s=20)
    if listed.returncode == 0 and listed.stdout.split():
        try_on(host, "docker", "rm", "-f", *listed.stdout.split(), timeout_s=60)


def run_server(lab: Lab) -> None:
    """The server's process, with the settings it has; also used by tests that restart it."""
    start_on(
        lab.central,
        "weft-server",
        [sys.executable, "-m", "weft.server", "--config", "/etc/weft/server.toml"],
    )
    until(
        lambda: try_on(lab.central, sys.executable, "-c", _READY, lab.server_url, str(CA)).returncode == 0,
        "the Weft server to be ready",
        timeout_s=40,
        log=lab.central.logs / "weft-server.log",
    )


_READY = """
import ssl, sys, urllib.request
url, ca = sys.argv[1:]
urllib.request.urlopen(url + "/readyz", timeout=2, context=ssl.create_default_context(cafile=ca))
"""


def stop_server(lab: Lab, sig: int = signal.SIGTERM) -> None:
    """End the server's process."""
    stop_on(lab.central, "weft-server", sig)


def weft_on_central(lab: Lab, *argv: str) -> str:
    """Run the command line as an administrator would, on the central host."""
    return run_on(lab.central, *administering(lab, *argv))


def administering(lab: Lab, *argv: str) -> list[str]:
    """The command line `weft ARGV` as an administrator's, for the central host."""
    known = (f"WEFT_SERVER={lab.server_url}", f"WEFT_TOKEN={admin_token(lab)}", f"WEFT_CA={CA}")
    return ["env", *known, sys.executable, "-m", "weft.cli", *argv]


def start_agent(host: LabHost) -> None:
    """The settings of a host that has joined, and its agent; returns when it serves."""
    settings = host.directory / "etc-weft" / "agent.toml"
    lines = [
        f'server_url = "{host.lab.server_url}"',
        f'host = "{host.name}"',
        'ca_file = "/etc/weft/ca.pem"',
        'certificate_file = "/etc/weft/host.pem"',
        'key_file = "/etc/weft/host.key"',
        f'token_file = "{HOST_TOKEN}"',
        'ovsdb = "unix:/run/openvswitch/db.sock"',
        'docker_socket = "/run/docker.sock"',
        f'docker_enabled = "{"yes" if host.spec.docker else "no"}"',
        'state_dir = "/var/lib/weft"',
        'run_dir = "/run/weft"',
        "resync_s = 2",
        "grace_s = 4",
    ]
    if host.spec.libvirt:
        lines.append('libvirt_uri = "qemu:///system"')
    settings.write_text("\n".join(lines) + "\n")
    run_agent(host)


def run_agent(host: LabHost) -> None:
    """The agent's process, with the settings it has; also used by tests that restart it."""
    ready = host.run / "weft" / "agent.ready"
    ready.unlink(missing_ok=True)
    start_on(host, "weft-agent", [sys.executable, "-m", "weft.agent", "--config", "/etc/weft/agent.toml"])
    until(
        ready.exists,
        f"the agent on {host.name} to be ready",
        timeout_s=40,
        log=host.logs / "weft-agent.log",
    )


def stop_agent(host: LabHost, sig: int = signal.SIGTERM) -> None:
    """End the agent's process."""
    stop_on(host, "weft-agent", sig)


@dataclass(frozen=True, slots=True)
class HostStatus:
    """A host of a lab that is up."""

    name: str
    address: str
    kinds: tuple[str, ...]
    daemons: tuple[str, ...]


def status(lab: Lab) -> tuple[HostStatus, ...]:
    """Each host of the lab, and what runs on it; no host when it is down."""
    return tuple(
        HostStatus(host.name, str(host.address), spec.kinds(host.spec), tuple(sorted(daemons(host))))
        for host in (lab.central, *lab.workers)
        if host.mount_namespace.exists()
    )


def _hosts_file(lab: Lab) -> Path:
    return lab.root / "hosts.json"


def standing_lab() -> Lab:
    """The default lab with the hosts that it was brought up with."""
    lab = default_lab()
    try:
        return replace(lab, hosts=spec.read(_hosts_file(lab).read_text()))
    except FileNotFoundError:
        return lab


def default_lab() -> Lab:
    """The article's lab, under the name `weft` or what WEFT_LAB_NAME says."""
    name = LabSettings().name
    return Lab(root=Path(f"/var/lib/{name}-lab"), cache=Path("/var/cache/weft-lab"), prefix=f"{name}-")
