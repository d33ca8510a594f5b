"""Which ports a group means, by their labels.

Grammar, loosest binding first:

    selector  = conjunct *( "||" conjunct )
    conjunct  = term *( "&&" term )
    term      = "!" term / "(" selector ")" / "has(" key ")"
              / key "=" value / key "!=" value / key "in" "{" value *( "," value ) "}" / "all()"

`key!=value` also holds for a port that has no such key, as `!(key=value)` does.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from weft.model.errors import Invalid

Labels = Mapping[str, str]

_TOKEN = re.compile(
    r"\s*(?:(?P<op>\|\||&&|!=|=|!|\(|\)|\{|\}|,)|(?P<word>[A-Za-z0-9_][A-Za-z0-9_./:@-]*)"
    r'|"(?P<quoted>[^"\\]*)")'
)
_MAX_LENGTH = 1024
_MAX_DEPTH = 32


@dataclass(frozen=True, slots=True)
class Selector:
    """A parsed selector; `text` is what the user wrote and what the API gives back."""

    text: str

    def __post_init__(self) -> None:
        """Refuse text that does not parse, with the place where it stops making sense."""
        parse(self.text)

    def matches(self, labels: Labels) -> bool:
        """Whether a port with `labels` is meant."""
        return parse(self.text)(labels)

    @property
    def keys(self) -> frozenset[str]:
        """The labels that it asks for: ports that agree in these are meant together or not at all."""
        return frozenset(_parsed(self.text)[1])

    @property
    def mentions(self) -> Mapping[str, frozenset[str]]:
        """The labels that it asks for, and the values that it compares each of them with."""
        return _parsed(self.text)[1]


_Predicate = Callable[[Labels], bool]
_Mentions = Mapping[str, frozenset[str]]
_cache: dict[str, tuple[_Predicate, _Mentions]] = {}


def parse(text: str) -> _Predicate:
    """The predicate that `text` describes; parsed once per text. Raises Invalid."""
    return _parsed(text)[0]


def _parsed(text: str) -> tuple[_Predicate, _Mentions]:
    if text not in _cache:
        if len(_cache) > 10_000:  # selectors come from users: the memory they take is bounded
            _cache.clear()
        parser = _Parser(text)
        whole = parser.whole()
        _cache[text] = whole, {key: frozenset(values) for key, values in parser.mentions.items()}
    return _cache[text]


class _Parser:
    """Recursive descent over the grammar above; one object per text."""

    def __init__(self, text: str) -> None:
        if len(text) > _MAX_LENGTH:
            raise Invalid(
                f"a selector has at most {_MAX_LENGTH} characters, this one has {len(text)}", field="selector"
            )
        self._text = text
        self.mentions: defaultdict[str, set[str]] = defaultdict(set)
        self._tokens: list[tuple[str, str, int]] = []
        self._at = 0
        self._depth = 0
        position = 0
        end = len(text.rstrip())
        while position < end:
            match = _TOKEN.match(text, position)
            if match is None:
                raise self._error(position, "this character has no meaning here")
            kind = str(match.lastgroup)
            self._tokens.append((kind, match.group(kind), match.start(kind)))
            position = match.end()

    def whole(self) -> _Predicate:
        predicate = self._any_of()
        if self._at < len(self._tokens):
            raise self._error(self._tokens[self._at][2], "expected && or || here")
        return predicate

    def _error(self, position: int, why: str) -> Invalid:
        return Invalid(
            f"selector {self._text!r}, character {position + 1}: {why}; an example is: app=web && !(env=dev)",
            field="selector",
        )

    def _take(self, *ops: str) -> bool:
        if self._at < len(self._tokens):
            kind, value, _ = self._tokens[self._at]
            if kind == "op" and value in ops:
                self._at += 1
                return True
        return False

    def _need(self, op: str) -> None:
        if not self._take(op):
            raise self._error(self._position(), f"expected {op!r} here")

    def _position(self) -> int:
        return self._tokens[self._at][2] if self._at < len(self._tokens) else len(self._text)

    def _word(self, what: str) -> str:
        if self._at < len(self._tokens) and self._tokens[self._at][0] != "op":
            self._at += 1
            return self._tokens[self._at - 1][1]
        raise self._error(self._position(), f"expected a {what} here")

    def _any_of(self) -> _Predicate:
        options = [self._all_of()]
        while self._take("||"):
            options.append(self._all_of())
        return options[0] if len(options) == 1 else lambda labels: any(o(labels) for o in options)

    def _all_of(self) -> _Predicate:
        parts = [self._term()]
        while self._take("&&"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else lambda labels: all(p(labels) for p in parts)

    def _term(self) -> _Predicate:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error(self._position(), f"nested deeper than {_MAX_DEPTH}")
        try:
            if self._take("!"):
                inner = self._term()
                return lambda labels: not inner(labels)
            if self._take("("):
                inner = self._any_of()
                self._need(")")
                return inner
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> _Predicate:
        key = self._word("label")
        if key == "all" and self._take("("):
            self._need(")")
            return lambda labels: True  # noqa: ARG005 - every predicate takes the labels
        if key == "has" and self._take("("):
            wanted = self._word("label")
            self.mentions[wanted] |= set()
            self._need(")")
            return lambda labels: wanted in labels
        mentioned = self.mentions[key]
        if self._take("="):
            value = self._word("value")
            mentioned.add(value)
            return lambda labels: labels.get(key) == value
        if self._take("!="):
            value = self._word("value")
            mentioned.add(value)
            return lambda labels: labels.get(key) != value
        if self._word("comparison (=, != or in)") == "in":
            return self._membership(key)
        raise self._error(self._position(), "expected =, != or in after a label")

    def _membership(self, key: str) -> _Predicate:
        self._need("{")
        values = {self._word("value")}
        while self._take(","):
            values.add(self._word("value"))
        self._need("}")
        self.mentions[key] |= values
        return lambda labels: labels.get(key) in values
