"""The server's API, asked from the central host without a command line: what tests poll, polled cheaply."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pyroute2 import netns

from weft.client import Client, ClientError
from weft.lab.credentials import admin_token
from weft.lab.layout import Lab, LabError

_T = TypeVar("_T")


def ask(lab: Lab, question: Callable[[Client], _T]) -> _T:
    """What `question` gets as an administrator, on a connection of its own. LabError when it is refused.

    A thread enters the central host's network namespace, and ends there.
    """

    def there() -> _T:
        netns.setns(lab.central.namespace)
        ca = lab.central.directory / "etc-weft" / "tls" / "ca.pem"
        with Client(lab.server_url, token=admin_token(lab), ca=ca) as client:
            return question(client)

    with ThreadPoolExecutor(1, thread_name_prefix="asking") as thread:
        try:
            return thread.submit(there).result()
        except ClientError as error:
            raise LabError(f"on {lab.central.name}: {error}") from error
