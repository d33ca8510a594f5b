"""A machine of the lab is a server: systemd, and the services of the distribution's packages."""

from collections.abc import Iterator

import pytest
from tests.system.labs import lab_beside

from weft.lab.layout import HostSpec, Lab
from weft.lab.life import down, up
from weft.lab.namespaces import remains
from weft.lab.processes import run_on


@pytest.fixture
def lab() -> Iterator[Lab]:
    lab = lab_beside("sd", HostSpec("m1", docker=True, machine=True))
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
