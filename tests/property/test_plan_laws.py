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
