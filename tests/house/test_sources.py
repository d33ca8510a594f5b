"""Rules of the house about src, for which there is no linter."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))

NOT_A_NAME = {"utils", "util", "helpers", "helper", "common", "misc", "base", "constants", "manager"}

# What a module may be called although a rule above speaks against it, with the reason.
ALLOWED_NAMES = {
    "src/weft/api/schemas/base.py",  # the base classes that every schema of the API inherits from
}

MOST_LINES = 400
LONGER: set[str] = set()


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = {str(p.relative_to(ROOT)) for p in SOURCES if p.stem in NOT_A_NAME}
    vague |= {str(p.relative_to(ROOT)) for p in SOURCES if NOT_A_NAME & set(p.relative_to(ROOT).parts[:-1])}
    assert vague <= ALLOWED_NAMES, "say what it is, in the words of the field"


def test_nothing_is_left_to_do_in_the_sources() -> None:
    unfinished = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in SOURCES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\b(TODO|FIXME|XXX)\b", line)
    ]
    assert unfinished == [], "finish it, or describe it in docs/roadmap.md"


def test_a_module_fits_into_one_head() -> None:
    long = {str(p.relative_to(ROOT)) for p in SOURCES if len(p.read_text().splitlines()) > MOST_LINES}
    assert long == LONGER, f"split it; the longest module has {MOST_LINES} lines"


def test_every_module_begins_with_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.read_text().strip() and not path.read_text().lstrip().startswith('"""')
    ]
    assert silent == []
