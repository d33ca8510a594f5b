"""What the compiler makes of whole models, reviewed line by line."""

from pathlib import Path

import pytest
from tests.golden.scenarios import SCENARIOS, load, rendered

from weft.compiler import CompilerSettings, compile_model


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.name)
def test_the_model_compiles_to_the_reviewed_rows(scenario: Path) -> None:
    expected = (scenario / "northbound.txt").read_text()
    assert rendered(compile_model(load(scenario), CompilerSettings())) == expected, (
        "if the change is meant: python -m tests.golden.scenarios, and read the difference"
    )
