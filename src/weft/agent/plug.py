"""Plug and unplug: the link and the switch together, both idempotent."""

from collections.abc import Mapping
from typing import Any

from weft.agent import links
from weft.agent.attachment import host_end
from weft.agent.vswitch import VSwitch

INSTALL_S = 5.0
"""How long flows may take until the attachment counts as failed (docs/architecture.md, Life of a port)."""


class NotInstalled(Exception):
    """The host's flows for a port did not appear in time; the port was unplugged again."""


def plug(vswitch: VSwitch, attached: Mapping[str, Any], pid: int) -> None:
    """Connect the namespace of `pid` as the answer to an attach request says; returns when flows are in.

    Fail closed: what could not be completed is taken back. Raises NotInstalled.
    """
    port, network = attached["port"], attached["network"]
    lengths = {subnet["id"]: subnet["cidr"].rpartition("/")[2] for subnet in network["subnets"]}
    card = links.Card(
        "eth0",
        port["mac"],
        network["mtu"],
        [f"{ip['address']}/{lengths[ip['subnet_id']]}" for ip in port["fixed_ips"]],
    )
    name = host_end(port["id"])
    if not links.exists(name):
        vswitch.unplug(name)
        links.connect(pid, name, card, checksums=vswitch.datapath() == "system")
    vswitch.plug(name, port["id"], port["mac"])
    if not vswitch.wait_installed(port["id"], INSTALL_S):
        unplug(vswitch, port["id"])
        raise NotInstalled(
            f"OVN did not install the flows of port {port['name']} on this host within {INSTALL_S:g} s; "
            "check that ovn-controller runs here and reaches the Southbound database"
        )


def unplug(vswitch: VSwitch, port_id: str) -> None:
    """Take the port off this host: from the switch first, then the link. Idempotent."""
    name = host_end(port_id)
    vswitch.unplug(name)
    links.disconnect(name)
