"""What rules and defaults matched, for people."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

Hits = Mapping[str, Any]
"""What the API shows of one rule or one default."""

_UNITS = ("B", "kB", "MB", "GB", "TB")


def amount(hits: Hits) -> str:
    """How much was matched, and when last; `unknown` is not zero."""
    if hits["packets"] is None:
        return "unknown"
    if not hits["packets"]:
        return "none"
    packets = f"{hits['packets']:,} packet{'' if hits['packets'] == 1 else 's'}"
    return f"{packets}, {size(hits['bytes'])}, last {_time(hits['last_hit_at'])}"


def by_rule(policy: Mapping[str, Any], found: Iterable[Hits]) -> Mapping[str, str]:
    """What to write beside each rule of `policy`, by its id."""
    numbers = {rule["id"]: number for number, rule in enumerate(policy.get("rules") or [], 1)}
    return {hits["rule_id"]: amount(hits) + _together(hits, numbers) for hits in found}


def defaults(answer: Mapping[str, Any]) -> Table:
    """What no rule decided on a network."""
    drawn = Table("WHAT", "HITS", box=None, pad_edge=False, header_style="bold")
    for each in answer["defaults"]:
        drawn.add_row(Text(each["what"]), Text(amount(each)))
    return drawn


def caveats(answer: Mapping[str, Any]) -> Iterator[str]:
    """What whoever reads the numbers has to know."""
    yield f"Hosts look every {answer['precision_s']} s. Answers within a connection are not counted."
    if answer["silent"]:
        yield f"Missing: what {', '.join(answer['silent'])} matched lately; no report for minutes."


def _together(hits: Hits, numbers: Mapping[str, int]) -> str:
    known = sorted(numbers[each] for each in [hits["rule_id"], *hits["together"]] if each in numbers)
    return f" (rules {known[0]}-{known[-1]} together)" if len(known) > 1 else ""


def size(count: int) -> str:
    """As in: 1.5 MB."""
    left, unit = float(count), 0
    while left >= 1000 and unit < len(_UNITS) - 1:
        left, unit = left / 1000, unit + 1
    return f"{left:.3g} {_UNITS[unit]}" if left < 1000 else f"{left:.0f} {_UNITS[unit]}"


def _time(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}"
