"""Arguments and options that several nouns share, spelt once."""

from typing import Annotated

import typer

Name = Annotated[str, typer.Argument(help="Name or id.")]
NewName = Annotated[str, typer.Argument(help="Name of the new object, unique in its project.")]
Description = Annotated[str | None, typer.Option("--description", help="A remark for people.")]
Rename = Annotated[str | None, typer.Option("--name", help="The new name.")]
LabelWords = Annotated[
    list[str] | None, typer.Option("--label", "-l", help="A label, key=value; may be repeated.")
]
Unlabel = Annotated[list[str] | None, typer.Option("--unlabel", help="Remove this label; may be repeated.")]
Qos = Annotated[str | None, typer.Option("--qos", help="QoS policy; `none` removes it.")]

PhysicalNetwork = Annotated[
    str | None,
    typer.Option(
        "--physical-network",
        help="What hosts call a physical network, where an external network goes on or a machine is.",
    ),
]
Vlan = Annotated[
    int | None, typer.Option("--vlan", help="The VLAN on the physical network; untagged if left out.")
]


def none_if_none(value: str) -> str | None:
    """What the word `none` means in an option: nothing."""
    return None if value == "none" else value


def physical_in(name: str | None, vlan: int | None) -> dict[str, object] | None:
    """A physical network, or a VLAN on it, as a request says it. Raises BadParameter."""
    if vlan is not None and name is None:
        raise typer.BadParameter("--vlan needs --physical-network")
    return None if name is None else given(name=name, vlan=vlan)


def given(**fields: object) -> dict[str, object]:
    """The fields that the user gave."""
    return {name: value for name, value in fields.items() if value is not None}
