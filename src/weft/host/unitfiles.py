"""The systemd units of a host, as this installation of Weft needs them.

The files in `units` say where a package of the distribution would put the programs; an installation
elsewhere, in a virtual environment for one, has other paths in the same units.
"""

import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import weft.agent.docker.fallback

ETC = Path("/etc/systemd/system")
SOCKET, FALLBACK, AGENT = "weft-agent.socket", "weft-agent-fallback.service", "weft-agent.service"
CONTROLLER = "ovn-controller.service"

_PLACES: Mapping[str, Path] = {
    SOCKET: ETC / SOCKET,
    FALLBACK: ETC / FALLBACK,
    AGENT: ETC / AGENT,
    "ovn-controller-weft.conf": ETC / f"{CONTROLLER}.d" / "weft.conf",
}
DROP_IN = _PLACES["ovn-controller-weft.conf"]


@dataclass(frozen=True, slots=True)
class Programs:
    """Where this installation has what the units start."""

    scripts: Path
    fallback: Path

    @classmethod
    def installed(cls) -> "Programs":
        """Those of the interpreter that runs this."""
        return cls(Path(sysconfig.get_path("scripts")), Path(weft.agent.docker.fallback.__file__))


PACKAGED = Programs(Path("/usr/bin"), Path("/usr/lib/python3/dist-packages/weft/agent/docker/fallback.py"))
"""What the files in `units` say."""


def of_host(programs: Programs) -> Mapping[Path, str]:
    """Every unit and drop-in of a host: where it goes, and what it says."""
    return {place: text(name, programs) for name, place in _PLACES.items()}


def text(name: str, programs: Programs) -> str:
    """One file of `units` with the paths of `programs`."""
    packaged = (resources.files("weft.host") / "units" / name).read_text()
    told = packaged.replace(str(PACKAGED.fallback), str(programs.fallback))
    return told.replace(f"{PACKAGED.scripts}/weft-", f"{programs.scripts}/weft-")
