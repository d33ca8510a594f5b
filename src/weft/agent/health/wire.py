"""The datapath, and the way to the other hosts: MTU, offloads, tunnels, their UDP port. Pure."""

from collections.abc import Iterator

from weft.agent.health.facts import Device, Facts, Switch, Tunnel
from weft.agent.health.finding import Finding, error, note, warning

UDP_PORT = {"vxlan": 4789, "geneve": 6081}
"""IANA; what Open vSwitch uses where nothing else is said (ovs-vswitchd.conf.db(5))."""

OVERHEAD = 58
"""Octets that a tunnel puts around a packet over IPv4: Geneve with OVN's options; VXLAN takes 50."""

SILENT_S = 30.0
"""Agents send something through each tunnel every few seconds."""


def datapath(facts: Facts) -> Iterator[Finding]:
    """Which one it is, and what follows."""
    used = None if facts.switch is None else facts.switch.datapath
    if used == "system" and not facts.kernel_datapath:
        yield error(
            "datapath",
            "br-int is on the kernel datapath, and this kernel has no openvswitch module: nothing is "
            "forwarded",
            "modprobe openvswitch, or install a kernel that has it",
        )
    elif used == "netdev":
        yield note(
            "datapath",
            "userspace datapath: ovs-vswitchd forwards the packets itself, so they stop while it restarts; "
            "it is slower; TCP needs checksum offload off in every guest; the guard (nft tables weft_guard) "
            "keeps frames from the kernel",
            ""
            if not facts.kernel_datapath
            else "this kernel has the openvswitch module: leave, and join again, to use it",
        )


def door(facts: Facts) -> Iterator[Finding]:
    """What leaves by the host's own address, and is published on it."""
    if facts.door_trouble:
        yield error(
            "door",
            f"nothing leaves by this host, and nothing is published on it: {facts.door_trouble}",
            "repair that; the agent tries again by itself",
        )


def tunnel_end(facts: Facts) -> Iterator[Finding]:
    """The address that other hosts send to."""
    if facts.switch is None:
        return
    address = facts.switch.external_ids.get("ovn-encap-ip")
    if not address:
        yield error(
            "tunnel",
            "Open vSwitch is not told where tunnels end here (external_ids:ovn-encap-ip)",
            "run weft host join again with a new token for this host",
        )
    elif facts.underlay is None or facts.underlay.end is None:
        yield error(
            "tunnel",
            f"tunnels end at {address}, and no device of this machine has that address",
            "give it back to its device, or join again with --address",
        )
    elif facts.switch.datapath == "netdev" and not facts.underlay.cables:
        yield error(
            "tunnel",
            f"tunnels end at {address} on {facts.underlay.end.name}, which is on no bridge of Open "
            "vSwitch: with "
            "the userspace datapath they do not leave",
            "move the address to a bridge (datapath_type=netdev) that holds the network card",
        )


def underlay_mtu(facts: Facts) -> Iterator[Finding]:
    """Room for the largest packet of a network, with the tunnel's header around it."""
    largest = None if facts.server is None else facts.server.largest_mtu
    for device in _narrow(facts):
        needed = (largest or 0) + OVERHEAD
        yield error(
            "mtu",
            f"{device.name} carries packets of {device.mtu} octets; a network with MTU {largest} "
            f"needs {needed}: its large packets to other hosts are lost, small ones arrive",
            f"ip link set {device.name} mtu {needed}, here and in the configuration of this machine, or set "
            f"underlay_mtu = {device.mtu} on the server and lower the MTU of its networks",
        )


def _narrow(facts: Facts) -> list[Device]:
    """The devices here that the largest packet of a network does not fit through."""
    largest = None if facts.server is None else facts.server.largest_mtu
    if largest is None or facts.underlay is None or facts.underlay.end is None:
        return []
    cables = [cable for cable in facts.underlay.cables if cable.mtu < largest + OVERHEAD]
    # Open vSwitch gives a bridge's own device the MTU of the narrowest cable.
    return cables or [end for end in [facts.underlay.end] if end.mtu < largest + OVERHEAD]


def offloads(facts: Facts) -> Iterator[Finding]:
    """On the userspace datapath nobody computes a checksum that the kernel leaves to the device."""
    switch = facts.switch
    if switch is None or switch.datapath != "netdev":
        return
    if switch.other_config.get("userspace-tso-enable") == "true":
        yield error(
            "offload",
            "userspace-tso-enable is on: this datapath drops at tunnels whatever came with an offload",
            "ovs-vsctl remove Open_vSwitch . other_config userspace-tso-enable, and restart ovs-vswitchd",
        )
    end: Device | None = None if facts.underlay is None else facts.underlay.end
    if end is not None and end.checksum_offload:
        yield warning(
            "offload",
            f"{end.name} leaves checksums to a device that computes none: TCP from this machine to "
            "other hosts, "
            "OVN's database among them, may fail while ping works",
            f"ethtool -K {end.name} tx off, now and at boot",
        )


def tunnels(facts: Facts) -> Iterator[Finding]:
    """Each other host: its tunnel, the way to it, and whether anything comes out."""
    if facts.switch is None:
        return
    wanted = facts.switch.external_ids.get("ovn-encap-type", "")
    if wanted not in UDP_PORT:
        yield error(
            "tunnel",
            f"Open_vSwitch external_ids:ovn-encap-type is {wanted!r}, and must be vxlan or geneve alone",
            "run weft host join again with a new token for this host",
        )
    for tunnel in facts.switch.tunnels:
        if tunnel.encapsulation != wanted:
            yield error(
                "tunnel",
                f"the tunnel to {tunnel.peer} is {tunnel.encapsulation}, and this host's are {wanted}",
                f"let {tunnel.peer} leave, and join again",
            )
        yield from _tunnel(tunnel)
        if tunnel.carries is False and not _narrow(facts):
            yield error(
                "mtu",
                f"a full packet does not get to {tunnel.peer} ({tunnel.address}) in one piece, although this "
                "host can send it",
                "raise the MTU of the network between the hosts, or lower underlay_mtu on the server",
            )


def _tunnel(tunnel: Tunnel) -> Iterator[Finding]:
    there = f"{tunnel.peer} ({tunnel.address})"
    port = UDP_PORT.get(tunnel.encapsulation, 0)
    if tunnel.error:
        yield error(
            "tunnel", f"Open vSwitch cannot make the tunnel to {there}: {tunnel.error}", "see ovs-vsctl show"
        )
        return
    silent = tunnel.silent_s is not None and tunnel.silent_s > SILENT_S
    if tunnel.answers is False and (silent or tunnel.silent_s is None):
        yield error(
            "tunnel",
            f"{there} does not answer a ping: it is down, or there is no way to it",
            "see whether that host is up, and the network between",
        )
    elif silent:
        yield error(
            "tunnel",
            f"nothing has come out of the tunnel from {there} for {tunnel.silent_s:.0f} s, although "
            + ("it answers a ping" if tunnel.answers else "it sends every few seconds"),
            f"let UDP port {port} pass between the hosts, in both directions; if it does, see whether "
            "the agent "
            f"and ovs-vswitchd of {tunnel.peer} run",
        )
    elif tunnel.silent_s is None:
        yield note(
            "tunnel",
            f"whether the tunnel from {there} works is not known yet: the agent here has not counted",
        )


def clash(facts: Facts) -> Iterator[Finding]:
    """Another user of the tunnels' UDP port."""
    port = _port(facts.switch)
    if facts.underlay is not None:
        for name, used in facts.underlay.vxlan_devices.items():
            if used == port:
                yield error(
                    "clash",
                    f"device {name} is on UDP port {port}, too: each of the two gets packets of the other",
                    f"give {name} another port (ip link, dstport), or remove it",
                )
        for used, program in facts.underlay.listeners:
            if used == port:
                yield error(
                    "clash",
                    f"{program} listens on UDP port {port}, which tunnels use",
                    f"end {program}, or give it another port",
                )
    if facts.docker is not None and facts.docker.swarm not in ("", "inactive") and port == UDP_PORT["vxlan"]:
        yield error(
            "clash",
            f"this Docker is part of a swarm ({facts.docker.swarm}): its overlay networks use UDP "
            f"port {port}, too",
            "docker swarm leave, or make the swarm with --data-path-port, or use encapsulation geneve",
        )


def _port(switch: Switch | None) -> int:
    """The UDP port of this host's tunnels; VXLAN's until something else is known."""
    wanted = "" if switch is None else switch.external_ids.get("ovn-encap-type", "")
    return UDP_PORT.get(wanted, UDP_PORT["vxlan"])
