"""The machine that a command runs on, where it is about that: joining and leaving."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # these are wanted by few commands, and take a while to load
    from collections.abc import Callable, Mapping

    from weft.agent.attachment import Wanted
    from weft.agent.health.finding import Finding
    from weft.host.record import Record


class Join(Protocol):
    """A join that has not begun; `weft.host.join.Joining`."""

    def check(self) -> None: ...  # noqa: D102
    def plan(self) -> tuple[str, ...]: ...  # noqa: D102
    def run(self, done: Callable[[str], None]) -> Record: ...  # noqa: D102


class Leave(Protocol):
    """A leave that has not begun; `weft.host.leave.Leaving`."""

    def run(self, done: Callable[[str], None]) -> list[str]: ...  # noqa: D102


class Machine(Protocol):
    """What commands ask of the machine that they run on; ThisMachine and its fake."""

    def joining(  # noqa: D102
        self,
        token: str,
        *,
        name: str | None,
        address: str | None,
        cni: str | None,
        say: Callable[[str], None],
    ) -> Join: ...
    def leaving(self, *, force: bool, say: Callable[[str], None]) -> Leave: ...  # noqa: D102
    def diagnose(self) -> tuple[Finding, ...]: ...  # noqa: D102
    def plug(self, wanted: Wanted) -> Mapping[str, Any]: ...  # noqa: D102
    def unplug(self, name: str, project: str | None) -> Mapping[str, Any]: ...  # noqa: D102


class ThisMachine:
    """The real one."""

    def joining(
        self,
        token: str,
        *,
        name: str | None,
        address: str | None,
        cni: str | None,
        say: Callable[[str], None],
    ) -> Join:
        """A join of this machine. Changes nothing yet. Raises Invalid."""
        from weft.host import here

        return here.joining(token, name=name, address=address, cni=cni, say=say)

    def leaving(self, *, force: bool, say: Callable[[str], None]) -> Leave:
        """A leave of this machine. Changes nothing yet. Raises Invalid."""
        from weft.host import here

        return here.leaving(force=force, say=say)

    def diagnose(self) -> tuple[Finding, ...]:
        """What is wrong here, the worst first. Changes nothing. Raises Invalid."""
        from weft.host import here

        return here.diagnose()

    def plug(self, wanted: Wanted) -> Mapping[str, Any]:
        """What is plugged, when it is up. Raises AgentAway, AgentRefused, Invalid."""
        from weft.agent.manual import asking
        from weft.host.layout import Layout

        return asking.plug(Layout().settings, wanted)

    def unplug(self, name: str, project: str | None) -> Mapping[str, Any]:
        """What was unplugged, if anything was. Raises AgentAway, AgentRefused, Invalid."""
        from weft.agent.manual import asking
        from weft.host.layout import Layout

        return asking.unplug(Layout().settings, name, project)
