"""What container runtimes need to use Weft by CNI: the plugin, and a configuration that names a network."""

import json
from pathlib import Path

from weft.agent.cni import shim
from weft.agent.cni.config import ANNOTATIONS


def plugin() -> str:
    """The program `weft-cni`, for the system's Python and its standard library."""
    return f"#!/usr/bin/python3 -IS\n{Path(shim.__file__).read_text()}"


def conflist(network: str) -> str:
    """A configuration list for `network`, NAME or PROJECT.NAME.

    Runtimes that do not know `cniVersions` take the version that containerd 1.6 and podman 4.3 speak.
    """
    project, _, name = network.rpartition(".")
    attach = {
        "type": "weft-cni",
        "network": name,
        **({"project": project} if project else {}),
        "capabilities": {"ips": True, "mac": True, ANNOTATIONS: True},
    }
    configuration = {
        "cniVersion": "1.0.0",
        "cniVersions": ["0.4.0", "1.0.0", "1.1.0"],
        "name": "weft",
        "plugins": [attach],
    }
    return f"{json.dumps(configuration, indent=2)}\n"
