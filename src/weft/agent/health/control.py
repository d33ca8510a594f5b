"""Who this host is, and its ways to OVN and to the server. Pure."""

from collections.abc import Iterator

from weft.agent.health.facts import Facts
from weft.agent.health.finding import Finding, error, note, warning

CLOCK_S = 5.0
"""Times of hosts are compared with the server's in receipts, and certificates have a beginning."""


def identity(facts: Facts) -> Iterator[Finding]:
    """OVN's access control goes by the name in the certificate, which is the host's."""
    if facts.membership is None or facts.switch is None:
        return
    name, now = facts.membership.host, facts.switch.external_ids.get("system-id", "")
    if now != name:
        yield error(
            "identity",
            f"Open vSwitch calls this host {now!r}, and its certificate {name!r}: OVN refuses its "
            "registration",
            f"ovs-vsctl set Open_vSwitch . external_ids:system-id={name}, and restart ovn-controller",
        )
    if facts.boot_id is not None and facts.boot_id != name:
        yield error(
            "identity",
            f"/etc/openvswitch/system-id.conf says {facts.boot_id!r}: at its next start Open vSwitch "
            "calls this host "
            f"so, and OVN refuses it",
            f"write {name} into that file",
        )


def controller(facts: Facts) -> Iterator[Finding]:
    """ovn-controller runs, and reaches its database."""
    connected = None if facts.controller is None else facts.controller.connected
    if connected is None:
        yield error(
            "controller",
            "ovn-controller does not run: what is plugged stays as it is, and nothing new comes up",
            "systemctl start ovn-controller; see /var/log/ovn/ovn-controller.log",
        )
    elif not connected:
        remote = "" if facts.switch is None else facts.switch.external_ids.get("ovn-remote", "")
        yield error(
            "controller",
            f"ovn-controller has no connection to OVN's Southbound database at "
            f"{remote or 'an address it was not told'}",
            "see that the central host runs and its TCP port is open, and "
            "/var/log/ovn/ovn-controller.log for "
            "certificates that are refused",
        )


def settings(facts: Facts) -> Iterator[Finding]:
    """Two settings without which restarts and first endpoints take seconds."""
    if facts.switch is None:
        return
    ids = facts.switch.external_ids
    wait = ids.get("ovn-ofctrl-wait-before-clear", "0")
    if not wait.isdecimal() or int(wait) == 0:
        yield warning(
            "controller",
            "ovn-controller deletes all flows when it starts, and traffic stops until they are there again",
            "ovs-vsctl set Open_vSwitch . external_ids:ovn-ofctrl-wait-before-clear=8000",
        )
    if ids.get("ovn-monitor-all") != "true":
        yield warning(
            "controller",
            "ovn-controller follows the database by condition: the first endpoint of a large network "
            "on this host "
            "takes tens of seconds",
            "ovs-vsctl set Open_vSwitch . external_ids:ovn-monitor-all=true",
        )


def stopping(facts: Facts) -> Iterator[Finding]:
    """A restart of ovn-controller must not take this host out of OVN."""
    stop = None if facts.controller is None else facts.controller.stop_command
    if stop is not None and "--restart" not in stop:
        yield warning(
            "controller",
            "the unit stops ovn-controller without --restart: each restart takes this host out of "
            "OVN, and packets to "
            "it are lost",
            "restore /etc/systemd/system/ovn-controller.service.d/weft.conf (weft host join writes it), and "
            "systemctl daemon-reload",
        )


def server(facts: Facts) -> Iterator[Finding]:
    """The management plane answers, and knows this host."""
    if facts.server is not None and facts.server.trouble:
        yield error(
            "server",
            f"the server was not asked: {facts.server.trouble}. Traffic goes on; new workloads get no "
            "endpoint. Not "
            "checked: the clock, and the MTU of networks",
            "start the server, or see the way to it; if it knows this host no more, join again",
        )


def clock(facts: Facts) -> Iterator[Finding]:
    """This machine's clock against the server's."""
    if facts.server is None or facts.server.trouble:
        return
    ahead = facts.server.ahead_s
    if ahead is None:
        yield note("clock", "the server does not say what time it is")
    elif abs(ahead) > CLOCK_S:
        way = "behind" if ahead > 0 else "ahead of"
        yield warning(
            "clock",
            f"this machine's clock is {abs(ahead):.0f} s {way} the server's: certificates may be "
            "refused, and times in "
            "receipts are wrong",
            "keep both by NTP (Debian: apt install chrony)",
        )
