"""Containers of containerd, without Docker, and calls as a runtime makes them: both ask for ports by CNI."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from subprocess import CompletedProcess

from weft.host import cni
from weft.lab.dockerd import unpack_root
from weft.lab.layout import LabHost
from weft.lab.processes import entering, run_on, try_on

CONTAINERD = ("ctr", "--address", "/run/docker/containerd/containerd.sock")
PLUGIN = "/opt/cni/bin/weft-cni"
PATH = "PATH=/bin"


def set_up(host: LabHost, network: str, labels: Mapping[str, str]) -> None:
    """The plugin and its configuration, where `weft host join --cni` puts them."""
    plugin = host.directory / "opt-cni" / "bin" / "weft-cni"
    plugin.parent.mkdir(exist_ok=True)
    plugin.write_text(cni.plugin())
    plugin.chmod(0o755)
    configuration = host.directory / "etc-cni" / "net.d" / "10-weft.conflist"
    configuration.parent.mkdir(exist_ok=True)
    attach = {"type": "weft-cni", "network": network, "labels": dict(labels)}
    configuration.write_text(json.dumps({"cniVersion": "1.0.0", "name": "lab", "plugins": [attach]}))


def asking(host: LabHost, command: str, container: str, network: str) -> tuple[list[str], str]:
    """The command line and the input of a runtime's call about a namespace of that name on the host."""
    configuration = {"cniVersion": "1.1.0", "name": "lab", "type": "weft-cni", "network": network}
    parameters = (
        f"CNI_COMMAND={command}",
        f"CNI_CONTAINERID={container}",
        f"CNI_NETNS=/run/netns/{container}",
        "CNI_IFNAME=eth0",
    )
    return entering(host, ["env", *parameters, PLUGIN]), json.dumps(configuration)


def ask(host: LabHost, command: str, container: str, network: str) -> "CompletedProcess[str]":
    argv, text = asking(host, command, container, network)
    return try_on(host, *argv[argv.index("--") + 1 :], stdin=text)


@dataclass(frozen=True)
class Container:
    """One of containerd's on the host, with a web server in it."""

    host: LabHost
    name: str

    def start(self) -> None:
        root = unpack_root(self.host)
        server = ("/bin/httpd", "-f", "-p", "80", "-h", "/etc")
        run_on(
            self.host,
            *CONTAINERD,
            "run",
            "--detach",
            "--cni",
            "--env",
            PATH,
            "--rootfs",
            root,
            self.name,
            *server,
        )

    def succeeds(self, *argv: str) -> bool:
        run = (*CONTAINERD, "task", "exec", "--exec-id", "asked", self.name, *argv)
        return try_on(self.host, *run).returncode == 0

    def remove(self) -> None:
        """Idempotent. It ends without a word by CNI, as after a crash of the runtime."""
        try_on(self.host, *CONTAINERD, "task", "delete", "--force", self.name)
        try_on(self.host, *CONTAINERD, "container", "delete", self.name)
