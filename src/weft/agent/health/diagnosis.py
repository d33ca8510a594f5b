"""From facts to findings. Pure; every check is a function of the facts, and says nothing when all is well."""

from weft.agent.health import control, services, software, storage, wire
from weft.agent.health.facts import Facts
from weft.agent.health.finding import Finding, note, sorted_by_severity

ALWAYS = (
    software.kernel,
    software.openvswitch,
    software.ovn,
    software.engines,
    wire.datapath,
    wire.clash,
    services.docker,
    storage.disks,
)
"""What can be said of any machine, also before it joins."""

OF_HOSTS = (
    control.identity,
    control.controller,
    control.settings,
    control.stopping,
    control.server,
    control.clock,
    storage.certificates,
    wire.tunnel_end,
    wire.underlay_mtu,
    wire.offloads,
    wire.tunnels,
    wire.door,
    services.agent,
    services.units,
    services.sockets,
)
"""What is asked of a machine that has joined."""


def diagnose(facts: Facts) -> tuple[Finding, ...]:
    """Everything that somebody should know of this machine, the worst first."""
    checks = ALWAYS if facts.membership is None else (*ALWAYS, *OF_HOSTS)
    found = [finding for check in checks for finding in check(facts)]
    if facts.membership is None:
        found.append(
            note(
                "host",
                "this machine is no host: no join has written /etc/weft/agent.toml. Checked is only what a "
                "join needs",
                "weft host join TOKEN",
            )
        )
    return sorted_by_severity(found)
