"""Containers of containerd, without Docker: what asks for ports by CNI."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from weft.agent.cni import shim
from weft.lab.dockerd import root_of
from weft.lab.layout import LabHost
from weft.lab.processes import run_on, try_on

CONTAINERD = ("ctr", "--address", "/run/docker/containerd/containerd.sock")
PLUGIN = "/opt/cni/bin/weft-cni"


def conflist(network: str, **more: object) -> str:
    plugin = {"type": "weft-cni", "network": network, **more}
    return json.dumps({"cniVersion": "1.0.0", "name": "lab", "plugins": [plugin]})


def set_up(host: LabHost, network: str, labels: Mapping[str, str]) -> None:
    """The plugin and its configuration, as `weft host join --cni` puts them."""
    plugin = host.directory / "opt-cni" / "bin" / "weft-cni"
    plugin.parent.mkdir(exist_ok=True)
    plugin.write_bytes(Path(shim.__file__).read_bytes())
    plugin.chmod(0o755)
    configuration = host.directory / "etc-cni" / "net.d" / "10-weft.conflist"
    configuration.parent.mkdir(exist_ok=True)
    configuration.write_text(conflist(network, labels=dict(labels)))


@dataclass
class Container:
    """One that runs a shell command until it is ended."""

    host: LabHost
    name: str
    command: str = "httpd -h /www; sleep 10000"
    running: bool = field(default=False)

    def start(self) -> None:
        root = root_of(self.host)
        detached = ("run", "--detach", "--cni", "--rootfs", root, self.name, "sh", "-c", self.command)
        run_on(self.host, *CONTAINERD, *detached)
        self.running = True

    def run(self, *argv: str) -> str:
        return run_on(self.host, *CONTAINERD, "task", "exec", "--exec-id", "x", self.name, *argv)

    def stop(self) -> None:
        """What `ctr` itself does at the end: the network by CNI, then the rest."""
        if self.running:
            try_on(self.host, *CONTAINERD, "task", "kill", "--signal", "SIGKILL", self.name)
            try_on(self.host, *CONTAINERD, "task", "delete", self.name)
            run_on(self.host, *CONTAINERD, "container", "delete", self.name)
            self.running = False
