"""weft invariant: what must hold whatever the policies say."""

from typing import Annotated, Any

import typer

from weft.cli.command import command, noun, standard
from weft.cli.rulewords import peer_in, service_in
from weft.cli.session import Session
from weft.cli.words import Description, Name, NewName, Rename, given
from weft.model.errors import Invalid
from weft.model.invariant import Promise

app = noun(
    "Invariants are promises that no change of policy may break: that one group never reaches another, or "
    "always does. A change that would break one is refused with a packet that shows it."
)
standard(app, "invariant", "invariants")

_Source = Annotated[str | None, typer.Option("--from", help="any, group:NAME or network:NAME.")]
_Destination = Annotated[str | None, typer.Option("--to", help="any, group:NAME or network:NAME.")]
_Service = Annotated[str | None, typer.Option(help="any, tcp, tcp/80,443, udp/53, icmp, icmp/8.")]


@command(
    app,
    "create",
    "weft invariant create pci never --from group:dev --to group:pci",
    "weft invariant create dns always --from group:vm --to group:dns --service udp/53",
    changes=True,
)
def create(
    session: Session,
    name: NewName,
    promise: Annotated[Promise, typer.Argument(help="never, or always.")],
    source: _Source = None,
    destination: _Destination = None,
    service: _Service = None,
    description: Description = None,
) -> None:
    """Promise that every port of --from never, or always, reaches every port of --to."""
    body = _body(name, promise, source, destination, service, description)
    with session.connect() as client:
        session.report(client, "invariants", client.create("invariants", session.scoped(body)))


@command(app, "set", "weft invariant set pci --service tcp", changes=True)
def change(
    session: Session,
    *,
    invariant: Name,
    name: Rename = None,
    promise: Annotated[Promise | None, typer.Option(help="never, or always.")] = None,
    source: _Source = None,
    destination: _Destination = None,
    service: _Service = None,
    description: Description = None,
) -> None:
    """Change an invariant."""
    body = _body(name, promise, source, destination, service, description)
    with session.connect() as client:
        after = client.change("invariants", invariant, body, project=session.chosen_project())
        session.report(client, "invariants", after)


def _body(
    name: str | None,
    promise: Promise | None,
    source: str | None,
    destination: str | None,
    service: str | None,
    description: str | None,
) -> dict[str, Any]:
    return given(
        name=name,
        promise=promise,
        source=None if source is None else _end(source, "from"),
        destination=None if destination is None else _end(destination, "to"),
        service=None if service is None else service_in(service),
        description=description,
    )


def _end(text: str, option: str) -> dict[str, str]:
    found = peer_in(text)
    if found.keys() - {"group", "network", "zone"}:
        raise Invalid(f"{text!r} is no end; write any, group:NAME, network:NAME or zone:NAME", field=option)
    return found
