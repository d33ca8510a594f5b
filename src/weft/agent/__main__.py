"""`python -m weft.agent --config FILE`."""

import argparse
import sys
from pathlib import Path

from weft.agent.daemon import run
from weft.model.errors import WeftError
from weft.settings import load_agent


def main() -> int:
    """Run the agent until it is told to end; its exit status."""
    parser = argparse.ArgumentParser(prog="weft-agent", description="The agent of a host.")
    parser.add_argument("--config", type=Path, default=None)
    arguments = parser.parse_args()
    try:
        run(load_agent(arguments.config))
    except WeftError as error:
        sys.stderr.write(f"weft agent: {error.message}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
