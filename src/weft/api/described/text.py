"""A description as text: YAML in, a value out, and where each part of it stands.

YAML's core schema is read, and no more of it: `yes` is a word, `1:30` is a word, there are no anchors, tags
or dates. What is not understood is refused with its line.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from weft.api.schemas.description import Description
from weft.model.errors import Invalid, WeftError

Place = tuple[str | int, ...]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_WORDS: Mapping[str, object] = {"": None, "null": None, "~": None, "true": True, "false": False}
_QUOTED = ("'", '"', "|", ">")
_DEEPEST = 20
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Described:
    """A description that was read, and the lines of its parts, counted from 1."""

    what: Description
    lines: Mapping[Place, int]

    def blame(self, error: WeftError, place: Place) -> None:
        """Let `error` say where in the text the part stands that it is about."""
        inner = [] if error.field is None else error.field.split(".")
        whole = (*place, *(int(part) if part.isdecimal() else part for part in inner))
        error.message = f"line {_line(self.lines, whole)}: {error.message}"
        error.field = _path(whole)
        error.args = (error.message,)


def read(text: str) -> Described:
    """The description that `text` holds. Raises Invalid with line, field and cure."""
    lines: dict[Place, int] = {}
    try:
        _check_shape(text)
        root = yaml.compose(text, Loader=_LOADER)
        data = {} if root is None else _Reader(lines).value(root, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        raise Invalid(f"{where}this is not YAML: {error.problem or error.context}", field="text") from None
    except yaml.YAMLError as error:
        raise Invalid(f"this is not YAML: {error}", field="text") from None
    except UnicodeEncodeError:
        raise Invalid("this is not text: it has half a character (a lone surrogate)", field="text") from None
    try:
        return Described(Description.model_validate(data), lines)
    except ValidationError as error:
        raise _refusal(error, lines) from None


def _check_shape(text: str) -> None:
    """Refuse what would be read by recursion for too long: what nests deep, and aliases. Raises Invalid."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = 1 if event.start_mark is None else event.start_mark.line + 1
        if depth > _DEEPEST:
            raise Invalid(f"line {line}: nested deeper than any description is", field="text")
        if isinstance(event, yaml.AliasEvent):
            raise Invalid(f"line {line}: there are no anchors and aliases here; write it out", field="text")


class _Reader:
    """From YAML's nodes to values, noting lines."""

    def __init__(self, lines: dict[Place, int]) -> None:
        self._lines = lines

    def value(self, node: yaml.Node, place: Place) -> object:
        """What `node` is."""
        line = node.start_mark.line + 1
        self._lines[place] = line
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, number)) for number, item in enumerate(node.value)]
        if getattr(node, "style", None) in _QUOTED:
            return node.value
        if _INTEGER.fullmatch(node.value):
            return int(node.value)
        return _WORDS.get(node.value, node.value)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> Mapping[str, object]:
        found: dict[str, object] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise Invalid(f"line {line}: a field's name is one word", field=_path(place))
            if key.value in found:
                raise Invalid(
                    f"line {line}: {key.value!r:.{_SHOWN}} stands twice in the same place; leave one of them",
                    field=_path((*place, key.value)),
                )
            found[key.value] = self.value(value, (*place, key.value))
            self._lines[*place, key.value] = line
        return found


def _refusal(error: ValidationError, lines: Mapping[Place, int]) -> Invalid:
    """The first thing that is wrong, where it stands in the text."""
    found = error.errors(include_url=False, include_context=False)
    first = min(found, key=lambda one: _line(lines, one["loc"]))
    place: Place = first["loc"]
    rule = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        rule = f"there is no such field; {_cure(place)}"
    elif first["type"] == "missing":
        rule = "this field is needed here"
    elif isinstance(first.get("input"), str | int):
        rule = f"{rule}; it was {str(first['input'])!r:.{_SHOWN}}"
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return Invalid(f"line {_line(lines, place)}: {_path(place)}: {rule}{more}", field=_path(place))


def _line(lines: Mapping[Place, int], place: Sequence[str | int]) -> int:
    """The line of the innermost part on the way to `place` that stands in the text."""
    whole = tuple(place)
    return next((lines[whole[:n]] for n in range(len(whole), -1, -1) if whole[:n] in lines), 1)


def _path(place: Sequence[str | int]) -> str:
    return ".".join(map(str, place)) or "text"


def _cure(place: Place) -> str:
    """What the field may have been meant to be."""
    fields = sorted(_model_at(place[:-1]).model_fields)
    near = get_close_matches(str(place[-1]), fields, 1)
    return f"did you mean {near[0]}?" if near else f"write one of {', '.join(fields)}"


def _model_at(place: Place) -> type[BaseModel]:
    found: type[BaseModel] = Description
    for part in place:
        if isinstance(part, str) and part in found.model_fields:
            found = next(_models_in(found.model_fields[part].annotation), found)
    return found


def _models_in(annotation: Any) -> Any:  # noqa: ANN401 - whatever a field is annotated with
    with suppress(TypeError):
        if issubclass(annotation, BaseModel):
            yield annotation
            return
    for inner in get_args(annotation):
        yield from _models_in(inner)
