"""`python -m weft.lab up|down|status|demo`, and `exec HOST COMMAND…`."""

import argparse
import os
import sys

from weft.lab import demo, life
from weft.lab.layout import LabError, LabHost
from weft.lab.processes import entering, try_on


def main() -> None:
    """Run one verb; errors are one sentence on stderr and exit 1."""
    parser = argparse.ArgumentParser(prog="weft.lab", description="A mini data centre on this machine.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up", help="bring it up and leave it up")
    verbs.add_parser("down", help="take it down; nothing stays")
    verbs.add_parser("status", help="which hosts are there")
    played = verbs.add_parser("demo", help="play the article, and check every step")
    played.add_argument("--keep", action="store_true", help="leave the lab up")
    inside = verbs.add_parser("exec", help="run a command on a host")
    inside.add_argument("host")
    inside.add_argument("command", nargs=argparse.REMAINDER)
    chosen = parser.parse_args()
    lab = life.default_lab()
    try:
        match chosen.verb:
            case "up":
                life.up(lab)
                sys.stdout.write(f"The lab is up; the server is {lab.server_url} on host central.\n")
            case "down":
                life.down(lab)
            case "status":
                for host in (lab.central, *lab.workers):
                    state = "up" if host.mount_namespace.exists() and _answers(host) else "down"
                    sys.stdout.write(f"{host.name}\t{host.address}\t{state}\n")
            case "demo":
                demo.play(lab, keep=chosen.keep)
            case _:
                argv = entering(lab.host(chosen.host), chosen.command)
                os.execvp(argv[0], argv)  # noqa: S606 - this process becomes the command
    except LabError as error:
        sys.exit(f"error: {error}")


def _answers(host: LabHost) -> bool:
    return try_on(host, "true").returncode == 0


main()
