"""weft doctor: run on a host, or on a machine that may become one, as root."""

from dataclasses import asdict

import typer

from weft.cli.command import EXIT_USER, command
from weft.cli.render import Format
from weft.cli.session import Session


def add_to(app: typer.Typer) -> None:
    """Add `doctor`."""
    command(app, "doctor", "weft doctor", "weft doctor -o json", scoped=False)(doctor)


def doctor(session: Session) -> None:
    """Check this machine as a host (as root), and name the cure for each finding. Changes nothing.

    Works before a join, and while the server is away. Ends with 0 if all is well, notes aside, and with 1
    otherwise.
    """
    from weft.agent.health.finding import is_well

    found = session.machine.diagnose()
    if found or session.form is not Format.TABLE:
        session.show_all(
            "findings", [asdict(finding) | {"severity": finding.severity.value} for finding in found]
        )
    if not is_well(found):
        raise typer.Exit(EXIT_USER)
    if session.form is Format.TABLE:
        session.say("all is well")
