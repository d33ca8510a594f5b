"""The agent, its units and its socket, and the engine that it serves. Pure."""

from collections.abc import Iterator

from weft.agent.health.facts import Facts
from weft.agent.health.finding import Finding, error, note, warning


def agent(facts: Facts) -> Iterator[Finding]:
    """The agent serves."""
    if not facts.agent_runs:
        yield error(
            "agent",
            "the agent does not run: workloads that run keep their endpoints, new ones get none",
            "systemctl start weft-agent; see journalctl -u weft-agent",
        )


def units(facts: Facts) -> Iterator[Finding]:
    """What has to be there when Docker calls, now and after the next boot."""
    if facts.units is None:
        yield note("units", "systemd does not run here: who starts the agent at boot is not known")
        return
    for name, unit in facts.units.items():
        if not unit.active:
            yield error(
                "units",
                f"{name} is not active: while the agent is away Docker is not answered, and waits",
                f"systemctl start {name}; if there is no such unit, run weft host join again",
            )
        if not unit.enabled:
            yield warning("units", f"{name} does not start with the machine", f"systemctl enable {name}")


def sockets(facts: Facts) -> Iterator[Finding]:
    """Who may speak to the plugin may plug."""
    for path, mode in facts.socket_modes.items():
        if mode & 0o077:
            yield error(
                "sockets",
                f"{path} has mode {mode:04o}: others than root can make and remove endpoints",
                f"chmod 600 {path}; see SocketMode in weft-agent.socket",
            )


def docker(facts: Facts) -> Iterator[Finding]:
    """The kind of engine."""
    engine = facts.docker
    if engine is None:
        return
    if engine.trouble:
        yield warning(
            "docker",
            f"Docker does not answer: {engine.trouble}",
            "systemctl start docker; journalctl -u docker",
        )
    if engine.rootless:
        yield error(
            "docker",
            "this Docker runs rootless: its containers are in a network of its own that no endpoint "
            "can reach",
            "run Docker as root on this host",
        )
    for path in engine.rootless_sockets:
        yield note(
            "docker",
            f"somebody runs a rootless Docker of their own ({path}): its containers cannot be on "
            "Weft's networks",
        )
