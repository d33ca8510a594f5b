from dataclasses import replace
from pathlib import Path

import pytest

from weft.agent.attachment import Lease
from weft.agent.journal import Journal
from weft.model.errors import Invalid
from weft.model.port import Workload

BOX = Workload(runtime="docker", engine="e", id="c1", name="box")
LEASE = Lease(
    port_id="p1",
    network_id="n1",
    network="web",
    project="default",
    mac="02:00:00:00:00:01",
    mtu=1400,
    prefixes=("10.0.0.2/24",),
    workload=BOX,
)


def test_what_was_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    Journal(tmp_path / "a.json").keep(LEASE)

    assert Journal(tmp_path / "a.json").leases() == (LEASE,)


def test_a_crash_while_writing_leaves_the_old_journal(tmp_path: Path) -> None:
    Journal(tmp_path / "a.json").keep(LEASE)

    (tmp_path / "a.new").write_text('{"leases": [')

    assert Journal(tmp_path / "a.json").leases() == (LEASE,)


def test_a_write_that_fails_changes_nothing_in_memory_either(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.json")
    journal.keep(LEASE)
    (tmp_path / "a.new").mkdir()

    with pytest.raises(OSError, match="directory"):
        journal.forget("p1")

    assert journal.leases() == (LEASE,)


def test_a_workload_has_one_lease_per_network(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a.json")
    journal.keep(LEASE)

    journal.keep(replace(LEASE, port_id="p2"))
    journal.keep(replace(LEASE, port_id="p3", network_id="n2"))

    assert {lease.port_id for lease in journal.of_workload(BOX)} == {"p2", "p3"}


def test_a_damaged_journal_is_refused_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]")

    with pytest.raises(Invalid, match=r"a\.json is not a journal"):
        Journal(tmp_path / "a.json")
