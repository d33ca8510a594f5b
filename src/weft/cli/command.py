"""How commands are declared: a function of a session, its examples, and the options all of them have."""

import inspect
import sys
from collections.abc import Callable, Mapping
from inspect import Parameter
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperGroup

from weft.cli.render import Format
from weft.cli.session import Session, session_of
from weft.client import ClientError, ProblemError, ServerUnreachable
from weft.model.errors import Invalid, WeftError

F = TypeVar("F", bound=Callable[..., None])

EXIT_USER, EXIT_USAGE, EXIT_UNREACHABLE = 1, 2, 3

_OUTPUT = Annotated[
    Format,
    typer.Option("--output", "-o", help="How to print: table, json or yaml.", rich_help_panel="Common"),
]
_PROJECT = Annotated[
    str | None,
    typer.Option("--project", "-p", help="The project, by name or id.", rich_help_panel="Common"),
]
_WAIT = Annotated[
    bool,
    typer.Option("--wait", "-w", help="Wait until every host enforces the change.", rich_help_panel="Common"),
]


class Sentences(TyperGroup):
    """A group whose errors are a sentence on standard error; the exit code says whose fault it is."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - Typer's own types here are private
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (ClientError, WeftError) as error:
            print(f"error: {sentence(error)}", file=sys.stderr)
            raise typer.Exit(exit_code(error)) from error


def sentence(error: ClientError | WeftError) -> str:
    """What to tell the user."""
    text = str(error)
    if isinstance(error, ProblemError):
        if error.status == 401:
            return f"{text}; run `weft login SERVER` with a valid token"
        if error.field and error.field not in text:
            return f"{error.field}: {text}"
    return text


def exit_code(error: ClientError | WeftError) -> int:
    """3 when the server is away, 2 for words we do not understand, 1 for what is refused."""
    if isinstance(error, ServerUnreachable):
        return EXIT_UNREACHABLE
    return EXIT_USAGE if isinstance(error, Invalid) else EXIT_USER


def noun(help_text: str) -> typer.Typer:
    """A group of commands about one noun."""
    return typer.Typer(help=help_text, no_args_is_help=True, rich_markup_mode="rich")


def command(
    app: typer.Typer, name: str, *examples: str, changes: bool = False, scoped: bool = True
) -> Callable[[F], F]:
    """Declare `name` on `app`: a function whose first argument is the session.

    `changes` adds `--wait`, `scoped` adds `--project`; `-o` is everywhere. The examples end the help.
    """
    common: dict[str, tuple[Any, object]] = {"form": (_OUTPUT, Format.TABLE)}
    if scoped:
        common["project"] = (_PROJECT, None)
    if changes:
        common["wait"] = (_WAIT, False)

    def declare(function: F) -> F:
        def run(context: typer.Context, **given: Any) -> None:  # noqa: ANN401 - what the user gave
            options = {option: given.pop(option) for option in common}
            function(session_of(context).asked(**options), **given)

        run.__name__, run.__doc__ = function.__name__, function.__doc__
        run.__signature__ = _signature(function, common)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in inspect.signature(run).parameters.values()}
        epilog = "\n\n".join(["[bold]Examples[/bold]", *(_escaped(text) for text in examples)])
        app.command(name, epilog=epilog if examples else None)(run)
        return function

    return declare


def _signature(function: Callable[..., None], common: Mapping[str, tuple[Any, object]]) -> inspect.Signature:
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    first = Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    shared = [
        Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
        for name, (annotation, default) in common.items()
    ]
    return inspect.Signature([first, *(p.replace(kind=Parameter.KEYWORD_ONLY) for p in own), *shared])


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")


def standard(app: typer.Typer, word: str, kind: str, *, scoped: bool = True) -> None:
    """Add `list`, `show` and `delete` for a kind where these have nothing special about them."""
    what = _spoken(word)

    def all_of(session: Session) -> None:
        with session.connect() as client:
            session.show_all(kind, client.list(kind, **session.scope(scoped=scoped)))

    def one(session: Session, name: Annotated[str, typer.Argument(help="Name or id.")]) -> None:
        with session.connect() as client:
            session.show(kind, client.get(kind, name, **session.scope(scoped=scoped)))

    all_of.__doc__ = f"List every {what} that you may see."
    one.__doc__ = f"Show one {what}."
    command(app, "list", f"weft {word} list", f"weft {word} list -o yaml", scoped=scoped)(all_of)
    command(app, "show", f"weft {word} show NAME", scoped=scoped)(one)
    deletion(app, word, kind, scoped=scoped)


def deletion(app: typer.Typer, word: str, kind: str, *, scoped: bool = True) -> None:
    """Add `delete`."""
    what = _spoken(word)

    def remove(session: Session, name: Annotated[str, typer.Argument(help="Name or id.")]) -> None:
        with session.connect() as client:
            project = session.chosen_project() if scoped else None
            answer = client.remove(kind, name, project=project)
            session.say(f"{what} {name} is deleted")
            session.settle(client, answer.revision)

    article = "an" if what[0] in "aeiou" else "a"
    remove.__doc__ = f"Delete {article} {what}; refused while others refer to it."
    command(app, "delete", f"weft {word} delete NAME", changes=True, scoped=scoped)(remove)


def _spoken(word: str) -> str:
    return " ".join("IP" if part == "ip" else part for part in word.split("-"))
