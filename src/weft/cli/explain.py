"""weft explain: may this endpoint reach that one, what decides, and who made it so."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Annotated, Any

import typer

from weft.cli.command import command
from weft.cli.quantity import labels_in
from weft.cli.render import Format
from weft.cli.rulewords import traffic_in
from weft.cli.session import Session

_ENDS = "An endpoint (port), an address, or KEY=VALUE[,...]@NETWORK for an endpoint to come."


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""
    command(
        app,
        "explain",
        "weft explain web-1 db-1 tcp/5432",
        "weft explain web-1 10.0.0.7 icmp",
        "weft explain app=web,env=live@DockerSN db-1 tcp/5432 -o json",
    )(explain)


def explain(
    session: Session,
    source: Annotated[str, typer.Argument(help=_ENDS)],
    destination: Annotated[str, typer.Argument(help=_ENDS)],
    traffic: Annotated[str, typer.Argument(help="tcp/443, udp/53, icmp, icmp/8, or other.")],
    *,
    remedies: Annotated[
        bool, typer.Option("--remedies/--no-remedies", help="Also say what would turn the verdict.")
    ] = True,
) -> None:
    """Say whether one endpoint reaches another, which rules decide, and who wrote them.

    And what would turn that: changes that you may make, the one that changes least for anybody else first.
    """
    body = session.scoped(
        {
            "source": end_in(source),
            "destination": end_in(destination),
            "traffic": traffic_in(traffic),
            "remedies": remedies,
        }
    )
    with session.connect() as client:
        found = client.request("POST", "explain", body=body).body
    if session.form is Format.TABLE:
        for line in (*told(found["verdicts"]), *turned(found)):
            session.say(line)
    else:
        session.emit(found)


def end_in(text: str) -> dict[str, Any]:
    """The end that `text` names, as a request carries it. Raises Invalid."""
    labels, separator, network = text.rpartition("@")
    if separator:
        return {"network": network, "labels": labels_in(labels.split(","))}
    try:
        return {"address": str(ip_address(text))}
    except ValueError:
        return {"port": text}


def told(verdicts: list[Mapping[str, Any]]) -> Iterator[str]:
    """The verdicts for people: what is the same for several pairs of addresses is said once."""
    alike: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for verdict in verdicts:
        alike.setdefault(tuple(verdict["sentences"]), []).append(verdict)
    for sentences, found in alike.items():
        if len(alike) > 1:
            yield ", ".join(f"{v['source']['address']} to {v['destination']['address']}" for v in found)
        yield " ".join(sentences)
        for side in ("egress", "ingress"):
            yield from _close(found[0][side])


def turned(found: Mapping[str, Any]) -> Iterator[str]:
    """What would turn the verdict, for people, and what else that would do."""
    for number, remedy in enumerate(found["remedies"]):
        if number == 0:
            yield "To close it:" if found["passes"] else "To open it:"
        effects = [f"{word} {_pairs(remedy[key])}" for word, key in _EFFECTS if remedy[key]]
        yield f"  {remedy['text']}  ({', '.join(effects) or 'nobody else is concerned'})"


_EFFECTS = (("opens", "opened"), ("closes", "closed"))


def _pairs(count: int) -> str:
    return f"{count} pair{'' if count == 1 else 's'} of addresses"


def _close(decision: Mapping[str, Any] | None) -> Iterator[str]:
    """The rules that came close, the nearest first."""
    for line in reversed(decision["close"] if decision else ()):
        yield f"  came close: rule {line['rule_number']} of policy {line['policy']}: {line['text']}"
