"""What an agent leaves in the engines and in the kernel, and how it goes."""

import asyncio
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from weft.agent import guard
from weft.agent.docker import fallback
from weft.agent.docker.plugin import bind
from weft.agent.docker.runtime import Docker, DockerUnavailable
from weft.agent.door.kernel import DoorFailed, Kernel
from weft.agent.links import GROUP

DRIVER = "weft"


def remove_docker_networks(engine: Path, plugin: Path, lock: Path) -> list[str]:
    """Remove every network of our driver; what could not be removed, and what to do about it.

    One that stays would hold Docker up for 15 s at each of its starts, waiting for a driver that is gone.
    """
    if not engine.exists():
        return []
    with _answering(plugin, lock):
        return asyncio.run(_remove_networks(engine))


def remove_libvirt_networks(uri: str) -> list[str]:
    """Remove the networks that the agent showed to libvirt; what could not be removed."""
    from weft.agent.libvirt.hypervisor import HypervisorRefused, HypervisorUnavailable, Libvirt

    left = []
    try:
        libvirt = Libvirt(uri)
        for network in libvirt.networks():
            if network.ours:
                try:
                    libvirt.remove_network(network.uuid)
                except HypervisorRefused as error:
                    left.append(f"libvirt keeps network {network.name} ({error}): virsh net-undefine it")
        libvirt.close()
    except HypervisorUnavailable as error:
        left.append(f"libvirt was not asked for networks of Weft's ({error}); see virsh net-list --all")
    return left


def remove_kernel_traces() -> None:
    """The guard, the door, and every veth pair of ours, which are told by their group. Idempotent."""
    guard.remove()
    with suppress(DoorFailed):  # where a tool is not installed, nothing was made with it
        Kernel().close()
    subprocess.run(["ip", "link", "delete", "group", str(GROUP)], capture_output=True, check=False)


async def _remove_networks(engine: Path) -> list[str]:
    docker = Docker(engine)
    left = []
    try:
        containers = await docker.containers()
        for network in await docker.networks():
            if network.driver != DRIVER:
                continue
            try:
                for container in containers:
                    endpoint = container.endpoints.get(network.name)
                    if endpoint is not None and endpoint.id:
                        await docker.disconnect(network.id, container.id)
                await docker.remove_network(network.id)
            except DockerUnavailable as error:
                left.append(
                    f"Docker keeps network {network.name} ({error}): docker network rm {network.name}"
                )
    except DockerUnavailable as error:
        left.append(f"Docker was not asked for networks of Weft's ({error}); see docker network ls")
    finally:
        await docker.close()
    return left


@contextmanager
def _answering(plugin: Path, lock: Path) -> Iterator[None]:
    """While the agent is gone, answer Docker's calls as the fallback does: ending things succeeds."""
    stop = threading.Event()
    with bind(plugin) as listening:
        answers = threading.Thread(
            target=fallback.serve, args=(listening, lock), kwargs={"stop": stop, "patience_s": 0.0}
        )
        answers.start()
        try:
            yield
        finally:
            stop.set()
            answers.join()
            plugin.unlink(missing_ok=True)
