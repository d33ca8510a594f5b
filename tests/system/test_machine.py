"""A machine of the lab is a server: systemd, and the services of the distribution's packages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from weft.lab.layout import HostSpec, Lab
from weft.lab.life import default_lab, down, up
from weft.lab.namespaces import remains
from weft.lab.processes import run_on


@pytest.fixture
def lab() -> Iterator[Lab]:
    name = default_lab().prefix.replace("-", "sd")
    hosts = (HostSpec("m1", docker=True, machine=True),)
    lab = Lab(Path(f"/var/lib/{name}-lab"), Path("/var/cache/weft-lab"), hosts=hosts, prefix=f"{name}-")
    up(lab, weft=False)
    yield lab
    down(lab)


def test_a_machine_runs_the_distribution_s_services_and_is_gone_without_a_trace(lab: Lab) -> None:
    host = lab.host("m1")

    running = run_on(host, "systemctl", "list-units", "--type=service", "--state=running", "--plain")

    assert {"docker.service", "ovs-vswitchd.service", "ovn-controller.service"} <= set(running.split())
    assert run_on(host, "docker", "run", "--rm", "weft/busybox", "echo", "hello") == "hello\n"
    down(lab)
    assert remains(lab) == []
