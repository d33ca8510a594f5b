"""The rules of a policy as a table."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from weft.cli.rulewords import peer_text, service_text


def rules(
    policy: Mapping[str, Any], names: Mapping[str, str], hits: Mapping[str, str] | None = None
) -> Table:
    """The rules of a policy in the order in which they are read; the number is for `rule remove`.

    `hits` says by a rule's id what it matched, where that is asked for.
    """
    counted = [] if hits is None else ["HITS"]
    headers = ("#", "DIRECTION", "ACTION", "PEER", "SERVICE", "OPTIONS", *counted, "DESCRIPTION")
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        drawn.add_column(header, overflow="fold")
    for number, rule in enumerate(policy.get("rules") or [], start=1):
        cells = [
            str(number),
            rule["direction"],
            rule["action"],
            peer_text(rule.get("peer") or {}, names),
            service_text(rule.get("service") or {}),
            " ".join(_options(rule)),
            *([] if hits is None else [hits.get(rule["id"], "unknown")]),
            rule.get("description") or "",
        ]
        drawn.add_row(*(Text(cell) for cell in cells))
    return drawn


def _options(rule: Mapping[str, Any]) -> Iterator[str]:
    if not rule.get("stateful", True):
        yield "stateless"
    yield from (flag for flag in ("log", "count") if rule.get(flag))
    if rule.get("expires"):
        yield f"until {datetime.fromisoformat(rule['expires']):%Y-%m-%dT%H:%MZ}"
