"""Look at this machine, and change nothing."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from weft.host.facts import Machine, Switch
from weft.host.switch import DATABASE, SwitchDatabase, SwitchFailed
from weft.model.errors import Invalid

_MODULE = Path("/sys/module/openvswitch")
_LIBVIRT = Path("/run/libvirt/libvirt-sock")


def machine(agent_settings: Path, remote: str = DATABASE) -> Machine:
    """What a join has to know."""
    return Machine(
        is_root=os.geteuid() == 0,
        switch=switch(remote),
        kernel_datapath=_MODULE.exists(),
        controller=shutil.which("ovn-controller", path="/usr/bin:/usr/sbin:/usr/local/bin:/usr/local/sbin"),
        addresses=addresses(),
        configured=agent_settings.exists(),
        libvirt=has_libvirt(),
    )


def has_libvirt() -> bool:
    """Whether libvirtd answers here."""
    return _LIBVIRT.exists()


def switch(remote: str = DATABASE) -> Switch | None:
    """Open vSwitch, or None while it does not answer."""
    try:
        with SwitchDatabase.open(remote, timeout_s=3) as database:
            return database.read()
    except SwitchFailed:
        return None


def addresses() -> Mapping[str, str]:
    """The interface that bears each address of this machine, loopback's left out."""
    said = subprocess.run(
        ["ip", "-json", "address", "show", "scope", "global"], capture_output=True, text=True, check=True
    ).stdout
    return {
        address["local"]: link["ifname"]
        for link in json.loads(said or "[]")
        for address in link.get("addr_info", ())
        if "local" in address
    }


def address_towards(url: str) -> str:
    """The address of this machine from which it reaches `url`. Sends nothing. Raises Invalid."""
    place = urlsplit(url)
    try:
        found = socket.getaddrinfo(place.hostname, place.port or 443, type=socket.SOCK_DGRAM)
        family, kind, _, _, where = found[0]
        with socket.socket(family, kind) as probe:
            probe.connect(where)  # a datagram socket only looks its route up
            return str(probe.getsockname()[0])
    except OSError as error:
        raise Invalid(
            f"no way from here to {url} ({error}); check the network, or say --address yourself",
            field="address",
        ) from error
