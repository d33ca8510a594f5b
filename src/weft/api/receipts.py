"""What became of a change: in the Northbound database after x ms, enforced on n of n hosts after y ms.

Counted over the hosts of the model that carry ports, never over OVN's Chassis rows: a host whose row is gone
acknowledges nothing, and may still forward by its old rules.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from weft.model.ids import HostName, Revision
from weft.model.snapshot import Snapshot
from weft.store.status import HostStatus, Realised


def receipt(
    revision: Revision,
    committed_at: datetime,
    realised: Realised | None,
    snapshot: Snapshot,
    hosts: Mapping[HostName, HostStatus],
) -> dict[str, Any]:
    """The receipt of `revision`, given the first realised pass that included it."""
    carrying = sorted({port.host for port in snapshot.ports.values() if port.host is not None})
    waiting = (
        carrying
        if realised is None
        else [name for name in carrying if name not in hosts or hosts[name].nb_cfg < realised.nb_cfg]
    )
    return {
        "revision": revision,
        "committed_at": committed_at.isoformat(),
        "applied": realised is not None,
        "applied_after_ms": _ms(committed_at, realised.applied_at) if realised else None,
        "enforced": realised is not None and not waiting,
        "hosts": {"total": len(carrying), "done": len(carrying) - len(waiting), "waiting": waiting},
    }


def _ms(start: datetime, end: datetime) -> float:
    return round((end - start).total_seconds() * 1000, 1)
