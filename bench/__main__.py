"""`python -m bench SCENARIO`: measure, print a line per figure, keep the results; a missed goal exits 1."""

import argparse
import signal
import sys

from bench import report
from bench.figures import Figure
from bench.scenarios import SCENARIOS


def main() -> None:
    """Run what was asked for."""
    arguments = argparse.ArgumentParser(prog="bench", description=__doc__)
    arguments.add_argument("scenario", nargs="*", help=f"{', '.join(SCENARIOS)}; none for all")
    arguments.add_argument("--part", action="append", help="only this part of a scenario")
    arguments.add_argument("--pairs", type=int, default=40, help="rounds per comparison")
    chosen = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(143))  # so that what was started is ended
    figures: list[Figure] = []
    for name in chosen.scenario or SCENARIOS:
        figures += _run(name, chosen.part, chosen.pairs)
    sys.exit(1 if report.missed(figures) else 0)


def _run(name: str, parts: list[str] | None, pairs: int) -> list[Figure]:
    if name not in SCENARIOS:
        sys.exit(f"bench: there is no scenario {name!r}; there are {', '.join(SCENARIOS)}")
    unknown = set(parts or ()) - {part for scenario in SCENARIOS.values() for part in scenario}
    if unknown:
        sys.exit(f"bench: no part {', '.join(sorted(unknown))}; {name} has {', '.join(SCENARIOS[name])}")
    figures: list[Figure] = []
    for part, run in SCENARIOS[name].items():
        if parts is None or part in parts:
            for figure in run(pairs):
                sys.stdout.write(f"{report.line(figure)}\n")
                sys.stdout.flush()
                figures.append(figure)
    if figures:
        sys.stdout.write(f"kept in {report.keep(name, figures)}\n")
    return figures


if __name__ == "__main__":
    main()
