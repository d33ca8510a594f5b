"""Laws of the plan."""

from hypothesis import given
from tests.support.rows import row_sets

from weft.ovn.plan import apply_to, diff
from weft.ovn.rows import Rows


@given(row_sets())
def test_nothing_needs_to_change_when_all_is_as_desired(rows: Rows) -> None:
    assert diff(rows, rows).is_empty


@given(row_sets(), row_sets())
def test_applying_the_plan_reaches_desired(desired: Rows, actual: Rows) -> None:
    assert apply_to(diff(desired, actual), actual) == desired


@given(row_sets(), row_sets())
def test_looking_only_at_what_differs_gives_the_same_plan(desired: Rows, actual: Rows) -> None:
    differing = {key for key in desired.keys() | actual.keys() if desired.get(key) != actual.get(key)}
    assert diff(desired, actual, differing) == diff(desired, actual)
