"""The marks of mirrored objects, beside the model and in its transactions."""

from uuid import UUID, uuid4

import pytest
from tests.functional.store.conftest import Reopen

from weft.store import Kind, Store, networks
from weft.store.mirrors import Mark, bury, find, keep, marks
from weft.store.networks import NewNetwork


def mirror(store: Store, project: UUID, name: str, identity: UUID, *, version: int = 1) -> Mark:
    with store.write("test") as tx:
        new = NewNetwork(project_id=project, name=name, id=identity)  # type: ignore[arg-type]
        networks.add_network(tx, new)
        mark = Mark(source="neutron", kind=Kind.NETWORKS, object_id=identity, version=version, digest="d")
        return keep(tx, mark)


@pytest.fixture
def project(store: Store) -> UUID:
    return next(iter(store.snapshot().projects))


def test_a_mark_tells_the_revision_that_brought_the_object(store: Store, project: UUID) -> None:
    kept = mirror(store, project, "a", uuid4())

    assert kept.revision == store.revision == store.revised_at(Kind.NETWORKS, kept.object_id)


def test_marks_are_listed_in_pages_without_tombstones_and_last(
    store: Store, project: UUID, reopen: Reopen
) -> None:
    kept = [mirror(store, project, name, uuid4()) for name in "abc"]
    kept.sort(key=lambda mark: str(mark.object_id))
    with store.write("test") as tx:
        networks.remove_network(tx, kept[1].object_id)  # type: ignore[arg-type]
        bury(tx, kept[1])

    first = marks(store, "neutron", kind=None, after=None, limit=1)
    rest = marks(reopen(), "neutron", kind=Kind.NETWORKS, after=("networks", str(kept[0].object_id)), limit=9)

    assert (first, rest) == ([kept[0]], [kept[2]])
    with store.write("test") as tx:
        buried = find(tx, "neutron", Kind.NETWORKS, kept[1].object_id)
    assert buried is not None
    assert buried.gone


def test_nothing_is_marked_when_the_transaction_fails(store: Store) -> None:
    identity = uuid4()

    def failing() -> None:
        with store.write("test") as tx:
            keep(tx, Mark(source="neutron", kind=Kind.NETWORKS, object_id=identity, version=1, digest=""))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()

    assert marks(store, "neutron", kind=None, after=None, limit=9) == []
