"""weft trace: what OVN itself does with a packet, beside what the verifier says."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from weft.cli.command import command
from weft.cli.render import Format
from weft.cli.rulewords import traffic_in
from weft.cli.session import CommandFailed, Session

_PATIENCE_S = 60.0
"""Longer than a server takes for it (`POST /trace`)."""

_END = "An endpoint (port)."


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    command(app, "trace", "weft trace web-1 db-1 tcp/5432", "weft trace web-1 db-1 icmp -o json")(trace)


def trace(
    session: Session,
    source: Annotated[str, typer.Argument(help=_END)],
    destination: Annotated[str, typer.Argument(help=_END)],
    traffic: Annotated[str, typer.Argument(help="tcp/443, udp/53, icmp, icmp/8, or other.")],
) -> None:
    """Let OVN trace a packet from one endpoint to another, and compare it with the verdict.

    Fails when the two disagree: then what is enforced is not what the model says.
    """
    body = session.scoped(
        {"source": {"port": source}, "destination": {"port": destination}, "traffic": traffic_in(traffic)}
    )
    with session.connect() as client:
        found = client.request("POST", "trace", body=body, timeout_s=_PATIENCE_S).body
    if session.form is Format.TABLE:
        for line in told(found["traces"]):
            session.say(line)
        if found["left_out"]:
            session.say(f"{found['left_out']} more pairs of addresses were not traced.")
    else:
        session.emit(found)
    if any(each["agrees"] is False for each in found["traces"]):
        raise CommandFailed("OVN and the verifier disagree; please report this with what was printed")


def told(traces: list[Mapping[str, Any]]) -> Iterator[str]:
    """The walks and the verdicts, for people."""
    for each in traces:
        yield f"{each['traffic']} from {each['source']} to {each['destination']}"
        yield from (f"  {line}" for line in each["lines"])
        yield f"  OVN: {'it arrives' if each['arrives'] else 'it does not arrive'}"
        yield f"  Weft: {' '.join(each['sentences'])}"
        yield f"  {_AGREEMENT[each['agrees']]}"


_AGREEMENT = {
    True: "They agree.",
    False: "They DISAGREE.",
    None: "They differ, and hosts still wait for a revision; ask again when it is enforced.",
}
