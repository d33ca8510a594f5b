"""The wiring of what the agent looks at again and again."""

import time
from datetime import UTC, datetime
from functools import partial

from weft.agent import meters, spoofed
from weft.agent.audited import Audited
from weft.agent.audited import Local as ConnectionsSeen
from weft.agent.confirm import Local
from weft.agent.conntrack import Conntrack
from weft.agent.counters import Counters
from weft.agent.door import trouble
from weft.agent.door.keeper import Keeper
from weft.agent.door.kernel import Kernel
from weft.agent.door.publishing import landings
from weft.agent.drops import Drops
from weft.agent.drops import Local as DropsSeen
from weft.agent.health import management
from weft.agent.health.facts import Membership
from weft.agent.health.gather import gather
from weft.agent.health.report import Health
from weft.agent.hits import Hits, dump
from weft.agent.kept_log import KeptLog
from weft.agent.leases import Leases
from weft.agent.parse_errors import LogTail, ParseErrors
from weft.agent.resolver.keeper import Keeper as ResolverKeeper
from weft.agent.resolver.place import Places
from weft.agent.resolver.upstream import Upstream, servers_of_host
from weft.agent.spoofed import Local as SpoofingSeen
from weft.agent.spoofed import Spoofed
from weft.agent.unixctl import Daemon
from weft.agent.vswitch import BRIDGE, Vswitch
from weft.client import Client
from weft.settings import AgentSettings


def hits(settings: AgentSettings, host: str, client: Client) -> Hits:
    """What rules matched on this host."""
    return Hits(host, client, partial(dump, settings.ovs_run_dir, BRIDGE), clock=time.monotonic)


def audited(settings: AgentSettings, host: str, client: Client, switch: Vswitch) -> Audited:
    """Which connections begin at audited ports of this host."""
    seen = ConnectionsSeen(
        tracking=Conntrack(Daemon("ovs-vswitchd", settings.ovs_run_dir)),
        zones=switch.conntrack_zones,
        clock=time.monotonic,
    )
    return Audited(host, client, seen)


def local(settings: AgentSettings, switch: Vswitch, tail: LogTail) -> Local:
    """Where it is seen how far this host has come."""
    return Local(
        flows=switch,
        errors=ParseErrors(tail, Daemon("ovn-controller", settings.ovn_run_dir), clock=time.monotonic),
        tracking=Conntrack(Daemon("ovs-vswitchd", settings.ovs_run_dir)),
        clock=time.monotonic,
    )


def drops(settings: AgentSettings, host: str, client: Client, controller_log: KeptLog) -> Drops:
    """What was dropped on this host."""
    controller = Daemon("ovn-controller", settings.ovn_run_dir)
    local = DropsSeen(
        log=controller_log,
        controller=controller,
        meters=partial(meters.read, controller, settings.ovs_run_dir, BRIDGE),
        clock=time.monotonic,
        now=lambda: datetime.now(UTC),
    )
    return Drops(host, client, local)


def spoofing(settings: AgentSettings, host: str, client: Client, switch: Vswitch) -> Spoofed:
    """What anti-spoofing dropped on this host."""
    seen = SpoofingSeen(
        flows=partial(spoofed.read, settings.ovs_run_dir, BRIDGE),
        plugged=switch.interfaces,
        clock=time.monotonic,
        now=lambda: datetime.now(UTC),
    )
    return Spoofed(host, client, seen)


def riding(settings: AgentSettings, host: str, client: Client, switch: Vswitch) -> tuple[Counters, Audited]:
    """What goes with heartbeats, and looks by itself when more is asked for."""
    return counters(settings, host, client, switch), audited(settings, host, client, switch)


def counters(settings: AgentSettings, host: str, client: Client, switch: Vswitch) -> Counters:
    """What workloads on this host sent and received."""
    vswitchd = Daemon("ovs-vswitchd", settings.ovs_run_dir)
    return Counters(host, client, vswitchd, switch.interfaces, clock=time.monotonic)


def door(settings: AgentSettings, host: str, client: Client, switch: Vswitch, leases: Leases) -> Keeper:
    """By which workloads leave this host, and are reached on it."""
    return Keeper(
        partial(client.host_door, host),
        switch,
        Kernel(),
        landings=partial(landings, leases.journal),
        tell=partial(trouble.tell, settings.run_dir / trouble.FILE),
    )


def resolvers(settings: AgentSettings, host: str, client: Client, places: Places) -> ResolverKeeper:
    """Whom workloads on this host ask for names of the world."""
    named = tuple(map(str, settings.name_servers))
    upstream = Upstream((lambda: named) if named else servers_of_host)
    return ResolverKeeper(partial(client.host_resolvers, host), places, upstream)


def health(settings: AgentSettings, host: str, client: Client) -> Health:
    """How this host is."""
    membership = Membership(host=host, server=settings.server_url)
    ask = partial(management.ask, client, host, settings.ca_file)
    return Health(partial(gather, settings, membership, ask), clock=time.monotonic)
