"""`python -m weft.lab up|down|status|demo`, and `exec HOST COMMAND…`."""

import argparse
import os
import sys

from weft.lab import demo, life
from weft.lab.layout import LabError
from weft.lab.processes import entering


def main() -> None:
    """Run one verb; errors are one sentence on stderr and exit 1."""
    parser = argparse.ArgumentParser(prog="weft.lab", description="A mini data centre on this machine.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    raised = verbs.add_parser("up", help="bring it up and leave it up")
    raised.add_argument("--encapsulation", choices=["vxlan", "geneve"], default="vxlan")
    raised.add_argument("--bare", action="store_true", help="without the Weft server and its agents")
    verbs.add_parser("down", help="take it down; nothing stays")
    verbs.add_parser("status", help="what runs on which host")
    played = verbs.add_parser("demo", help="play the article, and check every step")
    played.add_argument("--keep", action="store_true", help="leave the lab up")
    inside = verbs.add_parser("exec", help="run a command on a host")
    inside.add_argument("host")
    inside.add_argument("command", nargs=argparse.REMAINDER)
    try:
        _do(parser.parse_args())
    except LabError as error:
        sys.exit(f"error: {error}")


def _do(chosen: argparse.Namespace) -> None:
    lab = life.default_lab()
    match chosen.verb:
        case "up":
            life.up(lab, encapsulation=chosen.encapsulation, weft=not chosen.bare)
            sys.stdout.write(f"The lab is up; the server is {lab.server_url} on host central.\n")
        case "down":
            life.down(lab)
        case "status":
            hosts = life.status(lab)
            for name, running in hosts.items():
                sys.stdout.write(f"{name}: {' '.join(running)}\n")
            if not hosts:
                sys.stdout.write("the lab is down\n")
        case "demo":
            demo.play(lab, keep=chosen.keep)
        case _:
            argv = entering(lab.host(chosen.host), chosen.command)
            os.execvp(argv[0], argv)  # noqa: S606 - this process becomes the command


main()
