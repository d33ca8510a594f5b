"""Programs that run while something is measured, and end with it."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running(log: Path, *argv: str, **environment: str) -> Iterator[None]:
    """A program that stays in the foreground, until the block ends. It is killed: nothing of it is kept."""
    variables = [f"{key}={value}" for key, value in environment.items()]
    with log.open("ab") as output:
        process = subprocess.Popen(["env", *variables, *argv], stdout=output, stderr=output)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
