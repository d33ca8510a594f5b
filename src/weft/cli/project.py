"""weft project: who owns what."""

from weft.cli.command import command, noun, standard
from weft.cli.session import Session
from weft.cli.words import Description, Name, NewName, Rename, given

app = noun("Projects own networks, endpoints and policies, and cannot see or touch each other.")
standard(app, "project", "projects", scoped=False)


@command(app, "create", "weft project create shop --description 'The web shop'", changes=True, scoped=False)
def create(session: Session, name: NewName, description: Description = None) -> None:
    """Make a project."""
    with session.connect() as client:
        made = client.create("projects", given(name=name, description=description))
        session.report(client, "projects", made)


@command(app, "set", "weft project set shop --name store", changes=True, scoped=False)
def change(
    session: Session, project_name: Name, name: Rename = None, description: Description = None
) -> None:
    """Change a project."""
    with session.connect() as client:
        after = client.change("projects", project_name, given(name=name, description=description))
        session.report(client, "projects", after)
