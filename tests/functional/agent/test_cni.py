"""CNI from the shim's process to the server's ports: the real shim, the real socket, a host in memory."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.runtime import FakeServer
from tests.fakes.vswitch import FakeLinks, FakeSwitch

from weft.agent.attachment import host_end
from weft.agent.cni import shim
from weft.agent.cni.attaching import Attaching
from weft.agent.cni.deferred import Deferred
from weft.agent.cni.serving import Serving
from weft.agent.docker.plugin import bind
from weft.agent.journal import Journal
from weft.agent.leases import Leases
from weft.host import cni


class Killed(BaseException):
    """The agent is gone, in the middle of something."""


class Fuse:
    """Ends the agent at the nth thing it does: from there on nothing that it tries happens."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.burnt = 0

    def over(self, part: Any) -> Any:  # noqa: ANN401 - whatever it stands for
        return _Fused(part, self)

    def step(self) -> None:
        self.burnt += 1
        if self.left is not None:
            if self.left == 0:
                raise Killed
            self.left -= 1


class _Fused:
    def __init__(self, part: Any, fuse: Fuse) -> None:  # noqa: ANN401 - see over
        self._part, self._fuse = part, fuse

    def __getattr__(self, name: str) -> Callable[..., Any]:
        done = getattr(self._part, name)

        def call(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - see over
            self._fuse.step()
            return done(*given, **named)

        return call


class ReadySwitch(FakeSwitch):
    def ready(self, timeout_s: float) -> None:
        del timeout_s


class Host:
    """A host whose agent can be killed, and started with what is on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now = folder, 1000.0
        self.server, self.switch, self.links = FakeServer(), ReadySwitch(), FakeLinks()
        self.start(Fuse())

    def start(self, fuse: Fuse) -> None:
        self.journal = Journal(self.folder / "attachments.json")
        self.agent = Attaching(
            leases=Leases(fuse.over(self.server), "h1", fuse.over(self.journal)),
            links=fuse.over(self.links),
            switch=fuse.over(self.switch),
            deferred=Deferred(self.folder / shim.DEFERRED),
            networks=lambda: self.server.host_networks("h1").items,
            clock=lambda: self.now,
            grace_s=60,
            resync_s=0,
        )

    def call(
        self,
        command: str = "ADD",
        *,
        container: str = "c1",
        where: Path | None = None,
        **more: Any,  # noqa: ANN401 - JSON
    ) -> str:
        config = {"cniVersion": "1.1.0", "name": "lab", "type": "weft-cni", "network": "web", **more}
        asked = (command, container, "/run/netns/x", "eth0", "")
        message = b"".join(each.encode() + b"\0" for each in asked) + json.dumps(config).encode()
        return self.agent.serve(message, where or self.folder)

    def left(self) -> tuple[object, ...]:
        known = self.journal.leases()
        return known, dict(self.server.ports), dict(self.switch.ports), dict(self.links.inside)


NOTHING: tuple[object, ...] = ((), {}, {}, {})


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_a_container_has_a_port_until_it_is_deleted(host: Host) -> None:
    told = json.loads(host.call())

    (port,) = host.server.ports.values()
    assert told["ips"][0]["address"] == f"{port.fixed_ips[0].address}/24"
    assert host.server.statuses == [(port.id, "up")]
    assert host.call("CHECK", prevResult=told) == ""

    assert host.call("DEL") == ""
    assert host.call("DEL") == ""
    assert host.left() == NOTHING


def test_an_add_that_cannot_be_finished_leaves_nothing(host: Host) -> None:
    host.switch.ovn_answers = False

    with pytest.raises(Exception, match="OVN has not installed"):
        host.call()

    assert host.left() == NOTHING


def test_an_interface_that_is_there_is_not_taken(host: Host) -> None:
    host.call()
    before = host.left()

    with pytest.raises(Exception, match="CNI_IFNAME=eth0"):
        host.call(container="c2")

    assert host.left() == before


def test_two_containers_of_one_network_are_two_ports_and_gc_frees_who_is_not_listed(host: Host) -> None:
    host.call(container="c1", where=Path("/proc/1"))
    host.call(container="c2", where=Path("/proc/self"))

    listed: dict[str, Any] = {"cni.dev/valid-attachments": [{"containerID": "c2", "ifname": "eth0"}]}
    host.call("GC", **listed)

    (port,) = host.server.ports.values()
    assert port.workload is not None
    assert port.workload.id == "c2/eth0"
    assert list(host.switch.ports.values()) == [port.id]

    none: dict[str, Any] = {"cni.dev/valid-attachments": []}
    host.call("GC", name="other", **none)
    assert list(host.server.ports) == [port.id], "another network's list says nothing of this one"


def test_with_the_server_away_a_new_container_is_refused_and_the_end_of_an_old_one_is_told_later(
    host: Host,
) -> None:
    host.call()
    host.server.away = True

    with pytest.raises(Exception, match=r"https://weft\.example:7443"):
        host.call(container="c2", where=Path("/proc/1"))
    assert host.call("DEL") == ""
    assert (host.switch.ports, host.links.inside) == ({}, {}), "unplugged at once"

    host.server.away = False
    host.agent.look()
    host.now += 61
    host.agent.look()
    assert host.left() == NOTHING


def test_a_container_whose_namespace_went_without_a_word_is_given_back(host: Host) -> None:
    host.call()
    host.agent.look()
    assert len(host.server.ports) == 1, "it lives"

    host.links.end(host.folder)
    host.agent.look()
    assert len(host.server.ports) == 1, "it may be in the middle of something"
    host.now += 61
    host.agent.look()

    assert host.left() == NOTHING


def test_check_knows_what_the_server_has(host: Host) -> None:
    told = json.loads(host.call())
    (port,) = host.server.ports.values()

    host.server.ports[port.id] = replace(port, fixed_ips=())
    with pytest.raises(Exception, match=port.id):
        host.call("CHECK", prevResult=told)
    host.server.ports.clear()
    with pytest.raises(Exception, match="the server has no port"):
        host.call("CHECK", prevResult=told)


def test_status_tells_whether_a_container_could_be_added(host: Host) -> None:
    assert host.call("STATUS") == ""
    with pytest.raises(Exception, match="nowhere"):
        host.call("STATUS", network="nowhere")
    host.server.away = True
    with pytest.raises(Exception, match=r"weft\.example"):
        host.call("STATUS")


@pytest.mark.parametrize("runtime_says_del", [True, False])
def test_an_agent_killed_at_any_step_of_add_leaves_nothing(tmp_path: Path, *, runtime_says_del: bool) -> None:
    def killed(steps: int) -> Host | None:
        folder = tmp_path / str(steps)
        folder.mkdir()
        host, fuse = Host(folder), Fuse()
        host.start(fuse)
        fuse.left = steps
        try:
            host.call()
        except Killed:
            return host
        return None

    steps = 0
    while (host := killed(steps)) is not None:
        host.start(Fuse())
        if runtime_says_del:
            host.call("DEL")
        host.links.end(host.folder)
        host.agent.look()
        host.now += 61
        host.agent.look()
        assert host.left() == NOTHING, f"killed at step {steps}"
        steps += 1
    assert steps > 8


# The shim


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """weft-cni as it is installed, with another directory for the socket."""
    program = tmp_path / "weft-cni"
    text = cni.plugin().replace('RUN = "/run/weft"', f'RUN = "{tmp_path}"')
    program.write_text(text.replace("ANSWER_S = 20.0", "ANSWER_S = 1.0"))
    program.chmod(0o755)
    return program


def run(plugin: Path, command: str, **more: str) -> tuple[int, Any]:
    config = {"cniVersion": "1.0.0", "name": "lab", "type": "weft-cni", "network": "web"}
    given = {"CNI_COMMAND": command, "CNI_CONTAINERID": "c1", "CNI_IFNAME": "eth0", **more}
    done = subprocess.run(
        [plugin], check=False, env=given, input=json.dumps(config), capture_output=True, text=True
    )
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout) if done.stdout else None


def test_the_shim_hands_over_the_call_and_the_namespace_as_a_descriptor(host: Host, plugin: Path) -> None:
    seen: list[str] = []

    class Noting:
        def serve(self, message: bytes, namespace: Path | None) -> str:
            seen.append(str(namespace and namespace.stat().st_ino))
            return host.agent.serve(message, host.folder)

    serving = Serving(Noting(), bind(host.folder / shim.SOCKET))
    serving.start()
    try:
        status, told = run(plugin, "ADD", CNI_NETNS=f"/proc/{os.getpid()}/ns/net")
        again, refused = run(plugin, "ADD", CNI_NETNS=f"/proc/{os.getpid()}/ns/net")
        gone, _ = run(plugin, "DEL")
    finally:
        serving.stop()

    assert (status, told["cniVersion"]) == (0, "1.0.0")
    assert (again, refused["code"], refused["cniVersion"]) == (1, 4, "1.0.0")
    assert gone == 0
    own = str(Path("/proc/self/ns/net").stat().st_ino)
    assert seen == [own, own, "None"]
    assert host.left() == NOTHING


def test_without_an_agent_the_shim_says_so_and_a_del_is_done_when_it_is_back(
    host: Host, plugin: Path
) -> None:
    host.call()

    assert run(plugin, "ADD", CNI_NETNS="/proc/self/ns/net")[1]["code"] == 11
    assert run(plugin, "STATUS")[1]["code"] == 50
    assert run(plugin, "VERSION")[1] == {"cniVersion": "1.0.0", "supportedVersions": list(shim.SUPPORTED)}
    assert run(plugin, "DEL") == (0, None)
    assert len(host.server.ports) == 1

    host.agent.look()

    assert host.left() == NOTHING
    assert list((host.folder / shim.DEFERRED).iterdir()) == []


def test_a_del_that_can_be_laid_down_nowhere_is_refused_in_a_sentence(host: Host, plugin: Path) -> None:
    (host.folder / shim.DEFERRED).write_text("in the way")

    status, told = run(plugin, "DEL")

    assert (status, told["code"]) == (1, 11)
    assert str(host.folder / shim.DEFERRED) in told["msg"]


def test_a_deferred_del_does_not_end_the_containers_next_life(host: Host, plugin: Path) -> None:
    host.call()
    host.links.end(host.folder)
    run(plugin, "DEL")
    host.call()

    host.agent.look()

    (port,) = host.server.ports.values()
    assert host.links.exists(host_end(port.id))


def test_an_agent_that_is_stuck_does_not_keep_a_runtime_waiting(host: Host, plugin: Path) -> None:
    with bind(host.folder / shim.SOCKET):  # nobody accepts
        assert run(plugin, "ADD", CNI_NETNS="/proc/self/ns/net")[1]["code"] == 11
        assert run(plugin, "DEL") == (0, None)


def test_the_shim_imports_nothing_of_weft() -> None:
    loaded = "import sys; exec(open(sys.argv[1]).read(), {'__name__': 'x'}); print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", loaded, shim.__file__], check=True, capture_output=True, text=True
    )
    assert not {name.partition(".")[0] for name in done.stdout.split()} & {"weft", "json", "socket", "re"}
