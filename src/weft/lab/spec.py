"""Which hosts a lab shall have, as people and files say it."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, fields

from weft.lab.layout import UNDERLAY, HostSpec, LabError

_NAME = re.compile(r"[a-z][a-z0-9-]{1,10}")
_TAKEN = frozenset({"central", "underlay", "fabric", "lo"})
_FIRST = 11
MOST = UNDERLAY.num_addresses - _FIRST - 5
KINDS = tuple(field.name for field in fields(HostSpec) if field.name != "name")


def host_spec(text: str) -> HostSpec:
    """What `NAME:KIND,KIND…` asks for. Raises LabError."""
    name, _, listed = text.partition(":")
    kinds = {kind.strip() for kind in listed.split(",") if kind.strip()}
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise LabError(
            f"host name {name!r} in {text!r} cannot be used; take 2 to 11 of a-z, 0-9 and '-', a letter "
            f"first, and none of {', '.join(sorted(_TAKEN))}"
        )
    if unknown := kinds - set(KINDS):
        raise LabError(
            f"host {name} asks for {', '.join(sorted(unknown))}, which the lab does not have; "
            f"it has {', '.join(KINDS)}"
        )
    if "stock" in kinds:  # it says how Docker is configured
        kinds.add("docker")
    return HostSpec(name, **dict.fromkeys(kinds, True))


def hosts(asked: Sequence[str], number: int | None, default: tuple[HostSpec, ...]) -> tuple[HostSpec, ...]:
    """Those that are `asked` for by name, `number` Docker hosts, both, or the default. Raises LabError."""
    counted = [HostSpec(f"h{n}", docker=True) for n in range(1, (number or 0) + 1)]
    named = [host_spec(text) for text in asked]
    chosen = tuple({spec.name: spec for spec in (*counted, *named)}.values())
    names = [spec.name for spec in named]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise LabError(f"host {twice[0]} is asked for twice; every host needs a name of its own")
    if len(chosen) > MOST:
        raise LabError(f"{len(chosen)} hosts are too many: the underlay {UNDERLAY} has addresses for {MOST}")
    return chosen or default


def kinds(host: HostSpec) -> tuple[str, ...]:
    """What the host is, in the words of `host_spec`."""
    return tuple(kind for kind in KINDS if getattr(host, kind))


def written(specs: Sequence[HostSpec]) -> str:
    """The hosts as a file keeps them; `read` understands it."""
    return json.dumps([asdict(spec) for spec in specs], indent=1)


def read(text: str) -> tuple[HostSpec, ...]:
    """What `written` wrote."""
    return tuple(HostSpec(**kept) for kept in json.loads(text))
