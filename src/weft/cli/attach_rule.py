"""weft attach-rule: which network a container goes to that says nothing itself."""

from typing import Annotated

import typer

from weft.cli.command import command, noun, standard
from weft.cli.session import Session
from weft.cli.words import Description, Name, NewName, Rename, given
from weft.model.selector import Selector

app = noun(
    "Attach rules give containers that were started with `--net=none`, and without the label weft.network, "
    "a network by their labels. The first that matches decides."
)
standard(app, "attach-rule", "attach-rules")

_Order = Annotated[int | None, typer.Option(help="Lower ones are asked first; 100 if it is not given.")]


@command(
    app,
    "create",
    "weft attach-rule create web --selector app=web --network DockerSN",
    "weft attach-rule create rest --selector 'all()' --network spare --order 900",
    changes=True,
)
def create(
    session: Session,
    name: NewName,
    selector: Annotated[str, typer.Option(help="Like app=web, or app=web && !(env=dev).")],
    network: Annotated[str, typer.Option(help="The network, by name or id.")],
    order: _Order = None,
    description: Description = None,
) -> None:
    """Make an attach rule; it also applies to containers that run without a network by now."""
    Selector(selector)
    body = given(name=name, selector=selector, network=network, order=order, description=description)
    with session.connect() as client:
        session.report(client, "attach-rules", client.create("attach-rules", session.scoped(body)))


@command(app, "set", "weft attach-rule set web --network blue", changes=True)
def change(
    session: Session,
    *,
    rule: Name,
    name: Rename = None,
    selector: Annotated[str | None, typer.Option(help="Like app=web, or app=web && !(env=dev).")] = None,
    network: Annotated[str | None, typer.Option(help="The network, by name or id.")] = None,
    order: _Order = None,
    description: Description = None,
) -> None:
    """Change an attach rule; who runs by it stays where it is until it starts again."""
    if selector is not None:
        Selector(selector)
    body = given(name=name, selector=selector, network=network, order=order, description=description)
    with session.connect() as client:
        after = client.change("attach-rules", rule, body, project=session.chosen_project())
        session.report(client, "attach-rules", after)
