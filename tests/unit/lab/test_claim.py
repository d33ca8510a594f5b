"""A lab belongs to one process at a time, and to nobody when that ends."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from weft.lab.claim import claim, release
from weft.lab.layout import Lab, LabError

HOLD = """
import sys
from pathlib import Path
from weft.lab.claim import claim
from weft.lab.layout import Lab
claim(Lab(root=Path("/nowhere"), cache=Path("/nowhere"), prefix="one-"), Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""

ONE = Lab(root=Path("/nowhere"), cache=Path("/nowhere"), prefix="one-")
OTHER = Lab(root=Path("/nowhere"), cache=Path("/nowhere"), prefix="other-")


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that has the lab `one`."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_refused_with_the_first_ones_id(
    holder: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    with pytest.raises(LabError, match=f"process {holder.pid} works with the lab one; wait for it to end"):
        claim(ONE, tmp_path)


def test_another_lab_is_free(holder: "subprocess.Popen[str]", tmp_path: Path) -> None:
    assert holder.poll() is None

    claim(OTHER, tmp_path)

    release(OTHER)


def test_a_process_that_was_killed_holds_nothing(holder: "subprocess.Popen[str]", tmp_path: Path) -> None:
    holder.kill()
    holder.wait()

    claim(ONE, tmp_path)

    release(ONE)


def test_a_lab_that_was_released_leaves_no_lock_and_can_be_had_again(tmp_path: Path) -> None:
    claim(ONE, tmp_path)
    claim(ONE, tmp_path)
    release(ONE)
    left = list(tmp_path.iterdir())

    claim(ONE, tmp_path)

    release(ONE)
    assert left == []
