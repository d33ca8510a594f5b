"""Print the API's OpenAPI document, from which the pages' types are made: `python web/openapi.py`."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from weft.api.app import create_app
from weft.store import Store


def main() -> None:
    """The document on standard output; a store is opened for it and thrown away."""
    with TemporaryDirectory() as folder:
        store = Store.open(
            f"sqlite:///{Path(folder) / 'weft.db'}", now=lambda: datetime.now(UTC), new_id=uuid4
        )
        sys.stdout.write(json.dumps(create_app(store=store, caller_of=lambda _: None).openapi(), indent=1))
        store.close()


main()
