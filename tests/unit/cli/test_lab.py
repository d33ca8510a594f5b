"""What `weft lab` answers without a lab."""

import json

from tests.unit.cli.conftest import Weft


def test_a_lab_that_is_down_says_so(weft: Weft) -> None:
    assert weft("lab", "status").stdout == "the lab nolab is down\n"


def test_a_lab_that_is_down_is_an_empty_list_for_programs(weft: Weft) -> None:
    assert json.loads(weft("lab", "status", "-o", "json").stdout) == []


def test_a_command_on_a_lab_that_is_down_fails_with_what_to_do(weft: Weft) -> None:
    done = weft("lab", "exec", "h1", "ls", "-l")

    assert done.exit_code == 1
    assert done.stderr == "error: the lab nolab is down; bring it up by: weft lab up\n"


def test_a_host_that_cannot_be_is_a_sentence(weft: Weft) -> None:
    done = weft("lab", "up", "--host", "h1:podman")

    assert done.exit_code == 1
    assert done.stderr.startswith("error: host h1 asks for podman")
