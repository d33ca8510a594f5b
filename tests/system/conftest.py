"""One lab for all system tests: a host with Docker as it comes, and one with Docker and libvirt.

Each worker of a parallel run has a lab of its own, called as the run's with the worker's letter behind it.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from weft.lab import life, story
from weft.lab.layout import HostSpec, Lab, LabHost
from weft.lab.processes import run_on, try_on, until


def pytest_configure(config: pytest.Config) -> None:
    """Name the lab after the worker; pytest-xdist calls its workers `gw0`, `gw1`, …"""
    worker = getattr(config, "workerinput", {}).get("workerid")
    if worker is not None:
        name = life.default_lab().name + "abcdefgh"[int(worker.removeprefix("gw"))]
        pytest.MonkeyPatch().setenv("WEFT_LAB_NAME", name)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    hosts = (HostSpec("h1", docker=True, stock=True), HostSpec("h2", docker=True, libvirt=True))
    lab = replace(life.default_lab(), hosts=hosts)
    life.up(lab)
    story.weft(lab, "network", "create", "DockerSN", "--subnet", "192.168.200.0/24")
    yield lab
    life.down(lab)


@pytest.fixture
def h1(lab: Lab) -> Iterator[LabHost]:
    yield from _clean(lab.host("h1"))


@pytest.fixture
def h2(lab: Lab) -> Iterator[LabHost]:
    yield from _clean(lab.host("h2"))


def _clean(host: LabHost) -> Iterator[LabHost]:
    yield host
    left = run_on(host, "docker", "ps", "-aq").split()
    if left:
        try_on(host, "docker", "rm", "-f", "-v", *left)
    if host.spec.libvirt:
        _end_domains(host)


def _end_domains(host: LabHost) -> None:
    """Undefined domains give their ports back at once, transient ones after the grace time."""
    names = run_on(host, "virsh", "-q", "list", "--all", "--name").split()
    for name in names:
        try_on(host, "virsh", "-q", "destroy", name)
        try_on(host, "virsh", "-q", "undefine", name)
    until(
        lambda: not [p for p in story.ports(host.lab).values() if (p["workload"] or {}).get("name") in names],
        "the ports of the domains to be freed",
        timeout_s=20,
        log=host.logs / "weft-agent.log",
    )
