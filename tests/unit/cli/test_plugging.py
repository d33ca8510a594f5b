"""weft port plug and unplug, on a machine in memory."""

import json

from tests.unit.cli.conftest import Weft
from tests.unit.cli.fake_machine import PORT, FakeMachine


def test_what_is_plugged_is_shown_with_what_qemu_needs(weft: Weft) -> None:
    result = weft("port", "plug", "vm1", "--network", "DockerSN")

    assert result.exit_code == 0
    for said in (
        "wt11111111111",
        "02:00:00:00:00:01",
        "192.168.200.2/24",
        "1400",
        "-netdev tap,",
        "csum=off",
    ):
        assert said in result.stdout


def test_what_is_plugged_is_a_document(weft: Weft, machine: FakeMachine) -> None:
    result = weft(
        *("endpoint", "plug", "vm1", "--network", "DockerSN", "--project", "shop", "--label", "app=db"),
        *("--interface", "tap7", "--mac", "02:00:00:00:00:07", "--address", "192.168.200.9", "-o", "json"),
    )

    told = json.loads(result.stdout)
    assert (told["id"], told["interface"], told["made"]) == (PORT, "tap7", False)
    wanted = machine.plugged["vm1"]
    assert (wanted.network, wanted.project, wanted.labels) == ("DockerSN", "shop", {"app": "db"})
    assert (wanted.interface, wanted.mac) == ("tap7", "02:00:00:00:00:07")
    assert wanted.addresses == ("192.168.200.9",)


def test_a_refusal_is_the_agents_sentence(weft: Weft, machine: FakeMachine) -> None:
    machine.refusal = "interface tap7 is plugged as port db already; unplug it there first"

    result = weft("port", "plug", "vm1", "--interface", "tap7")

    assert (result.exit_code, result.stderr) == (1, f"error: {machine.refusal}\n")


def test_unplugging_says_what_went_and_who_does_not_know_yet(weft: Weft, machine: FakeMachine) -> None:
    weft("port", "plug", "vm1", "--network", "DockerSN")
    machine.server_away = True

    gone, again = weft("port", "unplug", "vm1"), weft("port", "unplug", "vm1")

    assert gone.stdout == "endpoint vm1 is unplugged; the server does not answer, and is told when it does\n"
    assert (again.exit_code, again.stdout) == (0, "no endpoint vm1 is plugged by hand on this host\n")
