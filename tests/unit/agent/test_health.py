"""Each check is silent about a healthy host, and says one thing, with its cure, about one broken fact."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from weft.agent.health.diagnosis import diagnose
from weft.agent.health.facts import (
    Controller,
    Device,
    Disk,
    Docker,
    Facts,
    Membership,
    Server,
    Switch,
    Tunnel,
    Underlay,
    Unit,
    Versions,
)
from weft.agent.health.finding import Finding, Severity, error, is_well, note
from weft.agent.health.report import MOST, MOST_TUNNELS, as_report, as_seen

NOW = datetime(2026, 3, 1, tzinfo=UTC)
VERSIONS = Versions(kernel="6.1.0-18-amd64", openvswitch="3.1.0", ovn="23.03.1", docker="20.10.24+dfsg1")
TUNNEL = Tunnel(
    peer="h2", address="10.0.0.2", encapsulation="vxlan", answers=True, carries=True, silent_s=4.0
)
IDS = {
    "system-id": "h1",
    "ovn-remote": "ssl:10.0.0.9:6642",
    "ovn-encap-type": "vxlan",
    "ovn-encap-ip": "10.0.0.1",
    "ovn-monitor-all": "true",
    "ovn-ofctrl-wait-before-clear": "8000",
}
SWITCH = Switch(external_ids=IDS, datapath="system", tunnels=(TUNNEL,))
END = Device(name="eth0", mtu=1500, checksum_offload=True)
UNDERLAY = Underlay(end=END)
BRIDGED = Underlay(
    end=Device(name="br-phys", mtu=1500, checksum_offload=False), cables=(Device(name="eth0", mtu=1500),)
)
CONTROLLER = Controller(connected=True, stop_command="ovn-ctl stop_controller --no-monitor --restart")
HEALTHY = Facts(
    now=NOW,
    versions=VERSIONS,
    kernel_datapath=True,
    membership=Membership(host="h1", server="https://weft:7443"),
    boot_id="h1",
    switch=SWITCH,
    underlay=UNDERLAY,
    controller=CONTROLLER,
    server=Server(ahead_s=0.4, largest_mtu=1442),
    docker=Docker(),
    agent_runs=True,
    units={"weft-agent.service": Unit(active=True, enabled=True)},
    certificates={"/etc/weft/tls/host.pem": NOW + timedelta(days=400)},
    socket_modes={"/run/docker/plugins/weft.sock": 0o600},
    disks=(Disk(path="/var/lib/weft", free_bytes=10**10, free_share=0.5),),
)
USERSPACE = replace(
    HEALTHY, kernel_datapath=False, switch=replace(SWITCH, datapath="netdev"), underlay=BRIDGED
)


def ids(facts: Facts = HEALTHY, **changed: str) -> Facts:
    assert facts.switch is not None
    given = {name.replace("_", "-"): value for name, value in changed.items()}
    return replace(facts, switch=replace(facts.switch, external_ids=IDS | given))


def tunnel(**changed: object) -> Facts:
    return replace(HEALTHY, switch=replace(SWITCH, tunnels=(replace(TUNNEL, **changed),)))  # type: ignore[arg-type]


def versions(**changed: str | None) -> Facts:
    return replace(HEALTHY, versions=replace(VERSIONS, **changed))  # type: ignore[arg-type]


def serious(facts: Facts) -> list[Finding]:
    return [finding for finding in diagnose(facts) if finding.severity is not Severity.NOTE]


def test_a_healthy_host_is_left_alone() -> None:
    assert diagnose(HEALTHY) == ()


def test_the_userspace_datapath_is_a_note_that_says_what_follows() -> None:
    found = diagnose(USERSPACE)

    assert [(finding.check, finding.severity) for finding in found] == [("datapath", Severity.NOTE)]
    assert "ovs-vswitchd" in found[0].says
    assert is_well(found)


BROKEN = {
    "old kernel": (versions(kernel="4.19.0-26"), "versions", "4.19"),
    "old switch": (versions(openvswitch="2.17.9"), "versions", "Open vSwitch 2.17.9"),
    "old OVN": (versions(ovn="22.09.1"), "versions", "23.03"),
    "no OVN": (versions(ovn=None), "versions", "apt install ovn-host"),
    "old Docker": (versions(docker="19.03.15"), "versions", "Docker 19.03.15"),
    "old libvirt": (versions(libvirt="7.0.0"), "versions", "libvirt 7.0.0"),
    "no module": (replace(HEALTHY, kernel_datapath=False), "datapath", "modprobe openvswitch"),
    "no door": (replace(HEALTHY, door_trouble="nft does not run"), "door", "nft does not run"),
    "no tunnel address": (ids(ovn_encap_ip=""), "tunnel", "ovn-encap-ip"),
    "address gone": (replace(HEALTHY, underlay=Underlay(end=None)), "tunnel", "10.0.0.1"),
    "address on no bridge": (
        replace(USERSPACE, underlay=Underlay(end=BRIDGED.end)),
        "tunnel",
        "which is on no bridge",
    ),
    "narrow device": (
        replace(HEALTHY, underlay=Underlay(end=replace(END, mtu=1499))),
        "mtu",
        "ip link set eth0 mtu 1500",
    ),
    "narrow cable": (
        replace(USERSPACE, underlay=replace(BRIDGED, cables=(Device(name="eth0", mtu=1400),))),
        "mtu",
        "eth0 carries packets of 1400",
    ),
    "checksums left to nobody": (
        replace(
            USERSPACE, underlay=replace(BRIDGED, end=Device(name="br-phys", mtu=1500, checksum_offload=True))
        ),
        "offload",
        "ethtool -K br-phys tx off",
    ),
    "segments left to nobody": (
        replace(
            USERSPACE,
            switch=replace(SWITCH, datapath="netdev", other_config={"userspace-tso-enable": "true"}),
        ),
        "offload",
        "userspace-tso-enable",
    ),
    "tunnel refused": (tunnel(error="could not add"), "tunnel", "could not add"),
    "peer down": (tunnel(answers=False, silent_s=90.0), "tunnel", "does not answer a ping"),
    "firewalled": (tunnel(silent_s=90.0), "tunnel", "let UDP port 4789 pass"),
    "firewalled, ping too": (tunnel(answers=None, silent_s=90.0), "tunnel", "let UDP port 4789 pass"),
    "narrow path": (tunnel(carries=False), "mtu", "in one piece"),
    "another encapsulation": (tunnel(encapsulation="geneve"), "tunnel", "is geneve"),
    "no encapsulation": (
        replace(HEALTHY, switch=replace(SWITCH, external_ids=IDS | {"ovn-encap-type": "stt"}, tunnels=())),
        "tunnel",
        "'stt'",
    ),
    "another VXLAN device": (
        replace(HEALTHY, underlay=replace(UNDERLAY, vxlan_devices={"vx9": 4789})),
        "clash",
        "vx9",
    ),
    "another program": (
        replace(HEALTHY, underlay=replace(UNDERLAY, listeners=((4789, "flanneld"),))),
        "clash",
        "flanneld",
    ),
    "swarm": (replace(HEALTHY, docker=Docker(swarm="active")), "clash", "swarm"),
    "rootless": (replace(HEALTHY, docker=Docker(rootless=True)), "docker", "rootless"),
    "dead Docker": (replace(HEALTHY, docker=Docker(trouble="refused")), "docker", "refused"),
    "another name": (ids(system_id="h7"), "identity", "system-id=h1"),
    "another name at boot": (replace(HEALTHY, boot_id="h7"), "identity", "system-id.conf"),
    "controller dead": (
        replace(HEALTHY, controller=replace(CONTROLLER, connected=None)),
        "controller",
        "systemctl start ovn-controller",
    ),
    "controller cut off": (
        replace(HEALTHY, controller=replace(CONTROLLER, connected=False)),
        "controller",
        "ssl:10.0.0.9:6642",
    ),
    "flows cleared": (ids(ovn_ofctrl_wait_before_clear="0"), "controller", "wait-before-clear=8000"),
    "monitored by condition": (ids(ovn_monitor_all="false"), "controller", "monitor-all=true"),
    "no drop-in": (
        replace(HEALTHY, controller=replace(CONTROLLER, stop_command="ovn-ctl stop_controller")),
        "controller",
        "--restart",
    ),
    "server away": (replace(HEALTHY, server=Server(trouble="connection refused")), "server", "refused"),
    "clock behind": (
        replace(HEALTHY, server=Server(ahead_s=61.0, largest_mtu=1442)),
        "clock",
        "61 s behind the server's",
    ),
    "clock ahead": (
        replace(HEALTHY, server=Server(ahead_s=-61.0, largest_mtu=1442)),
        "clock",
        "61 s ahead of the server's",
    ),
    "certificate ended": (
        replace(HEALTHY, certificates={"/c": NOW - timedelta(days=1)}),
        "certificates",
        "has ended",
    ),
    "certificate ends": (
        replace(HEALTHY, certificates={"/c": NOW + timedelta(days=4)}),
        "certificates",
        "ends soon",
    ),
    "no certificate": (replace(HEALTHY, certificates={"/c": None}), "certificates", "cannot be read"),
    "no agent": (replace(HEALTHY, agent_runs=False), "agent", "systemctl start weft-agent"),
    "unit dead": (
        replace(HEALTHY, units={"weft-agent-fallback.service": Unit(active=False, enabled=True)}),
        "units",
        "systemctl start weft-agent-fallback.service",
    ),
    "unit not at boot": (
        replace(HEALTHY, units={"weft-agent.socket": Unit(active=True, enabled=False)}),
        "units",
        "systemctl enable weft-agent.socket",
    ),
    "open socket": (
        replace(HEALTHY, socket_modes={"/run/docker/plugins/weft.sock": 0o666}),
        "sockets",
        "chmod 600",
    ),
    "disk full": (
        replace(HEALTHY, disks=(Disk(path="/", free_bytes=10**6, free_share=0.1),)),
        "disk",
        "1 MB",
    ),
    "disk tight": (
        replace(HEALTHY, disks=(Disk(path="/", free_bytes=10**8, free_share=0.01),)),
        "disk",
        "100 MB",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_one_broken_fact_is_one_finding_with_a_cure(what: str) -> None:
    facts, check, said = BROKEN[what]

    found = serious(facts)

    assert [finding.check for finding in found] == [check]
    assert said in f"{found[0].says}; {found[0].cure}"
    assert found[0].cure
    assert not is_well(found)


def test_a_tunnel_that_nobody_counts_is_not_called_broken() -> None:
    found = diagnose(tunnel(silent_s=None))

    assert [(finding.severity, finding.check) for finding in found] == [(Severity.NOTE, "tunnel")]


def test_a_path_that_is_narrow_from_here_on_is_said_once() -> None:
    both = replace(tunnel(carries=False), underlay=Underlay(end=replace(END, mtu=1400)))

    assert ["eth0" in finding.says for finding in serious(both)] == [True]


def test_with_geneve_a_swarm_is_not_in_the_way() -> None:
    geneve = replace(SWITCH, external_ids=IDS | {"ovn-encap-type": "geneve"}, tunnels=())

    assert serious(replace(HEALTHY, switch=geneve, docker=Docker(swarm="active"))) == []


def test_a_machine_that_has_not_joined_is_asked_only_what_a_join_needs() -> None:
    bare = Facts(now=NOW, versions=replace(VERSIONS, docker=None), kernel_datapath=True, switch=Switch())

    found = diagnose(bare)

    assert is_well(found)
    assert ["no host" in finding.says for finding in found if finding.check == "host"] == [True]


def test_a_machine_without_a_switch_is_told_to_install_it() -> None:
    found = serious(replace(HEALTHY, switch=None, underlay=None))

    assert [finding.check for finding in found] == ["versions"]
    assert "apt install openvswitch-switch" in found[0].cure


def test_the_worst_comes_first() -> None:
    both = replace(HEALTHY, agent_runs=False, units=None, boot_id="h1", disks=BROKEN["disk tight"][0].disks)

    assert [finding.severity for finding in diagnose(both)] == list(Severity)


def test_a_report_counts_everything_and_carries_the_worst() -> None:
    many = [error("a", "x" * 1000, "y")] * (MOST + 5) + [note("b", "z")]

    report = as_report(many, NOW)

    assert report["counts"] == {"error": MOST + 5, "warning": 0, "note": 1}
    assert len(str(report)) < 16_384


def test_a_report_has_the_worst_tunnels_and_says_of_how_many() -> None:
    good = [replace(TUNNEL, peer=f"h{number:03}") for number in range(300)]
    bad = replace(TUNNEL, peer="z", carries=False)

    seen = as_seen(replace(HEALTHY, switch=replace(SWITCH, tunnels=(*good, bad))))

    assert (len(seen["tunnels"]), seen["tunnels_in_all"]) == (MOST_TUNNELS, 301)  # type: ignore[arg-type]
    assert [seen["tunnels"][0]["peer"], seen["tunnels"][1]["peer"]] == ["z", "h000"]  # type: ignore[index]
    assert seen["versions"] == {
        "kernel": VERSIONS.kernel,
        "openvswitch": "3.1.0",
        "ovn": "23.03.1",
        "docker": "20.10.24+dfsg1",
    }


def test_the_fullest_report_fits_a_heartbeat() -> None:
    long = replace(TUNNEL, peer="p" * 64, address="f" * 39, error="e" * 1000, silent_s=86_400.0)
    facts = replace(HEALTHY, switch=replace(SWITCH, tunnels=(long,) * 300))
    many = [error("a" * 40, "x" * 1000, "y" * 1000)] * 300

    assert len(str({**as_report(many, NOW), **as_seen(facts)})) < 16_384
