"""systemd itself reads our units and finds nothing to say about them."""

import subprocess
from pathlib import Path

import pytest

from weft.host.unitfiles import AGENT, DROP_IN, FALLBACK, PACKAGED, SOCKET, Programs, of_host, text


def verify(units: list[Path]) -> str:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, units)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stderr


def written(place: Path, names: list[str]) -> list[Path]:
    for name in names:
        (place / name).write_text(text(name, Programs.installed()))
    return [place / name for name in names]


@pytest.mark.parametrize("names", [[SOCKET, FALLBACK, AGENT], ["weft-server.service"]])
def test_systemd_has_nothing_to_say_about_our_units(tmp_path: Path, names: list[str]) -> None:
    assert verify(written(tmp_path, names)) == ""


def test_a_unit_with_a_mistake_would_have_been_noticed(tmp_path: Path) -> None:
    (unit,) = written(tmp_path, ["weft-server.service"])
    unit.write_text(unit.read_text().replace("ProtectSystem=strict", "ProtectSystem=strictly"))

    assert "strictly" in verify([unit])


def test_a_host_gets_the_programs_of_this_installation() -> None:
    programs = Programs(Path("/opt/weft/bin"), Path("/opt/weft/fallback.py"))

    told = "".join(of_host(programs).values())

    assert "ExecStart=/opt/weft/bin/weft-agent " in told
    assert "/opt/weft/fallback.py" in told
    assert str(PACKAGED.fallback) not in told
    assert "/usr/bin/weft-" not in told


def test_ovn_controller_s_drop_in_goes_beside_its_unit() -> None:
    assert str(DROP_IN) == "/etc/systemd/system/ovn-controller.service.d/weft.conf"
    assert "--restart" in of_host(PACKAGED)[DROP_IN]
