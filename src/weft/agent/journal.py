"""What this host has attached, on disk: a known workload gets its address even while the server is away."""

import json
import os
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from weft.agent.attachment import Lease
from weft.model.errors import Invalid
from weft.model.port import Workload
from weft.model.publication import Publication

_FORMAT = 1


class Journal:
    """Leases by port id. Every change is on disk before the call returns. May be used from any thread."""

    def __init__(self, path: Path) -> None:
        """Reads what is there. Raises Invalid when the file is not a journal."""
        self._path = path
        self._lock = threading.Lock()
        self._leases = _read(path)

    def leases(self) -> tuple[Lease, ...]:
        """Every lease."""
        with self._lock:
            return tuple(self._leases.values())

    def of_workload(self, workload: Workload) -> tuple[Lease, ...]:
        """The leases of a workload, on any network."""
        return tuple(lease for lease in self.leases() if lease.workload and same(lease.workload, workload))

    def keep(self, lease: Lease) -> None:
        """Remember `lease`, in place of what its port or its workload had on that network."""
        with self._lock:
            kept = {p: old for p, old in self._leases.items() if not _replaces(lease, old)}
            if kept.get(lease.port_id) != lease:
                self._write(kept | {lease.port_id: lease})

    def amend(self, known: Lease, now: Lease) -> bool:
        """Remember `now` if `known` is still what is remembered of the port; whether it was."""
        with self._lock:
            if self._leases.get(known.port_id) != known:
                return False
            self._write(self._leases | {known.port_id: now})
            return True

    def forget(self, port_id: str) -> None:
        """Remember the port no longer. Idempotent."""
        with self._lock:
            if port_id in self._leases:
                self._write({p: lease for p, lease in self._leases.items() if p != port_id})

    def _write(self, leases: dict[str, Lease]) -> None:
        """Atomic and durable: a crash leaves the old file or the new one (rename(2))."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        body = {"format": _FORMAT, "leases": [_told(lease) for lease in leases.values()]}
        with new.open("w") as file:
            json.dump(body, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._leases = leases


def same(one: Workload, other: Workload) -> bool:
    """Whether two descriptions are of one workload; names and images may change."""
    return (one.runtime, one.engine, one.id) == (other.runtime, other.engine, other.id)


def _replaces(new: Lease, old: Lease) -> bool:
    if new.workload is None or old.workload is None or new.port_id == old.port_id:
        return False
    return new.network_id == old.network_id and same(new.workload, old.workload)


def _read(path: Path) -> dict[str, Lease]:
    try:
        body = json.loads(path.read_text())
        return {item["port_id"]: _lease(item) for item in body["leases"]}
    except FileNotFoundError:
        return {}
    except (ValueError, LookupError, TypeError) as error:
        raise Invalid(
            f"{path} is not a journal of this agent ({error}); "
            "move it away, and running containers are found again"
        ) from error


def _told(lease: Lease) -> dict[str, object]:
    return {**asdict(lease), "published": [str(one) for one in lease.published]}


def _lease(item: dict[str, Any]) -> Lease:
    workload = item.pop("workload")
    published = tuple(Publication.parse(text) for text in item.pop("published", ()))
    prefixes, gateways = (tuple(item.pop(name, ())) for name in ("prefixes", "gateways"))
    owner = None if workload is None else Workload(**workload)
    return Lease(**item, prefixes=prefixes, gateways=gateways, workload=owner, published=published)
