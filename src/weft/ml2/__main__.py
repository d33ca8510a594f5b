"""`weft-neutron`: the worker beside Neutron's API, and what an operator asks of it.

What follows the command goes to Neutron: `weft-neutron run --config-file /etc/neutron/neutron.conf`.
"""

import argparse
import logging
import signal
import socket
import sys
from collections.abc import Sequence
from types import FrameType
from uuid import uuid4

from neutron.common import config

from neutron import manager
from weft.client import Client, ClientError
from weft.ml2 import journal, keystone, settings
from weft.ml2.read import Neutron
from weft.ml2.settings import Settings
from weft.ml2.sweep import differences
from weft.ml2.weft_side import Weft
from weft.ml2.worker import Worker

_SHOWN = 10_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; its exit status."""
    parser = argparse.ArgumentParser(prog="weft-neutron", description="Neutron's networks on Weft.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="mirror, until SIGTERM")
    sweep = commands.add_parser("sweep", help="compare both sides, and have the worker tell what differs")
    sweep.add_argument("--dry-run", action="store_true", help="only print what differs; 1 if anything does")
    commands.add_parser("journal", help="print what Weft does not know yet, and why; 1 if there is anything")
    asked, rest = parser.parse_known_args(argv)
    config.register_common_config_options()
    settings.register()
    config.init(rest)
    config.setup_logging()
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells of each request
    manager.init()
    neutron = Neutron(keystone.name_of)
    if asked.command == "journal":
        return _journal(neutron)
    said = settings.read()
    weft = _weft(said)
    if asked.command == "run":
        return _run(said, neutron, weft)
    try:
        return _sweep(neutron, weft, dry_run=asked.dry_run)
    except ClientError as error:
        sys.stderr.write(f"weft-neutron: {error}\n")
        return 2


def _weft(said: Settings) -> Weft:
    token = said.token_file.read_text().strip()
    return Weft(Client(said.server, token=token, ca=said.ca_file), said.source)


def _run(said: Settings, neutron: Neutron, weft: Weft) -> int:
    worker = Worker(said, neutron, weft, f"{socket.gethostname()}/{uuid4()}")

    def stop(_signal: int, _frame: FrameType | None) -> None:
        worker.stopping.set()

    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, stop)
    worker.run()
    return 0


def _sweep(neutron: Neutron, weft: Weft, *, dry_run: bool) -> int:
    found = differences(neutron.everything(), weft.held())
    for one in found:
        sys.stdout.write(f"{one.noun.value} {one.object_id} {one.why}\n")
    if dry_run:
        return 1 if found else 0
    journal.note_all(neutron.context(), [(one.noun, one.object_id) for one in found])
    return 0


def _journal(neutron: Neutron) -> int:
    found = journal.due(neutron.context(), _SHOWN)
    for one in found:
        why = f": {one.why}" if one.why else ""
        sys.stdout.write(f"{one.noun.value} {one.object_id}{why}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
