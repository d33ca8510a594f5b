"""ovn-controller's lines are read as they are, and nothing else is taken for one."""

import pytest

from weft.agent.acl_log import packets_in, together

RULE, DEFAULT = "weft-22e54354-76c1-4315-a594-270a06ca5741", "weft-da254e15-305d-42e2-944a-665adbd24a5f"
_HEAD = "|acl_log(ovn_pinctrl0)|INFO|"
_MACS = "vlan_tci=0x0000,dl_src=da:25:0a:52:00:02,dl_dst=da:25:0a:52:00:03"
_IP = f"{_MACS},nw_src=10.82.0.2,nw_dst=10.82.0.3,nw_tos=0,nw_ecn=0,nw_ttl=64,nw_frag=no"
_IP6 = f"{_MACS},ipv6_src=fd00::2,ipv6_dst=fd00::3,ipv6_label=0x0,nw_tos=0,nw_ecn=0,nw_ttl=64,nw_frag=no"


def _line(at: str, name: str, verdict: str, packet: str, side: str = "to") -> str:
    said = f'name="{name}", verdict={verdict}, severity=info, direction={side}-lport: {packet}'
    return f"2026-11-28T00:15:{at}Z|00004{_HEAD}{said}\n"


SYN = _line("52.763", RULE, "drop", f"tcp,{_IP},tp_src=32886,tp_dst=80,tcp_flags=syn")
AGAIN = _line("53.795", RULE, "drop", f"tcp,{_IP},tp_src=32887,tp_dst=80,tcp_flags=syn")
UDP = _line("56.004", RULE, "reject", f"udp,{_IP},tp_src=39661,tp_dst=81")
PING = _line("57.000", f"{DEFAULT}-default-ingress", "drop", f"icmp,{_IP},icmp_type=8,icmp_code=0")
PING6 = _line("58.000", RULE, "allow", f"icmp6,{_IP6},icmp_type=128,icmp_code=0", "from")
GRE = _line("59.000", RULE, "drop", f"ip,{_MACS},nw_src=10.82.0.2,nw_dst=10.82.0.3,nw_proto=47,nw_tos=0")
OTHERS = (
    "2026-11-28T00:15:22.404Z|00001|vlog|INFO|opened log file /var/log/ovn/ovn-controller.log\n"
    f'2026-11-28T00:15:22.404Z|00001{_HEAD}name="neutron-1", verdict=drop, severity=info, '
    f"direction=to-lport: icmp,{_IP},icmp_type=8,icmp_code=0\n"
)
"""All as OVN 23.03 prints them."""


def test_a_line_tells_who_sent_what_to_whom_and_what_became_of_it() -> None:
    (syn,) = packets_in(SYN)

    assert (syn.alike.name, syn.alike.verdict, syn.alike.direction) == (RULE, "drop", "ingress")
    assert (syn.alike.source, syn.alike.destination) == ("10.82.0.2", "10.82.0.3")
    assert (syn.alike.source_mac, syn.alike.destination_mac) == ("da:25:0a:52:00:02", "da:25:0a:52:00:03")
    assert (syn.alike.protocol, syn.source_port, syn.alike.destination_port) == ("tcp", 32886, 80)
    assert (syn.count, syn.first_at, syn.last_at) == (
        1,
        "2026-11-28T00:15:52.763Z",
        "2026-11-28T00:15:52.763Z",
    )


def test_every_kind_of_ip_is_read() -> None:
    udp, ping, ping6, gre = (each.alike for each in packets_in(UDP + PING + PING6 + GRE))

    assert (udp.protocol, udp.destination_port, udp.verdict) == ("udp", 81, "reject")
    assert (ping.protocol, ping.icmp_type, ping.icmp_code) == ("icmp", 8, 0)
    assert ping.name == f"{DEFAULT}-default-ingress"
    assert (ping6.protocol, ping6.source, ping6.icmp_type) == ("icmpv6", "fd00::2", 128)
    assert (ping6.direction, ping6.verdict) == ("egress", "allow")
    assert (gre.protocol, gre.ip_protocol, gre.destination_port) == (None, 47, None)


def test_packets_that_differ_in_the_client_port_alone_are_told_together() -> None:
    (syn, ping) = together(packets_in(SYN + PING + AGAIN))

    assert (syn.count, syn.source_port) == (2, 32887)
    assert (syn.first_at, syn.last_at) == ("2026-11-28T00:15:52.763Z", "2026-11-28T00:15:53.795Z")
    assert ping.count == 1


def test_lines_about_other_things_are_passed_over() -> None:
    assert list(packets_in(OTHERS)) == []


@pytest.mark.parametrize("cut", range(0, len(SYN), 5))
def test_a_line_that_was_cut_off_is_not_read(cut: int) -> None:
    assert [each.alike.destination_port for each in packets_in(SYN + PING[: cut and len(PING) - 2])] == [80]
    assert list(packets_in(SYN[:cut])) == []
