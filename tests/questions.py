"""What a test's code asks of MongoDB: the commands themselves, as the driver sends them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo import monitoring

from core.stores.mongo import Db
from core.stores.mongo_client import open_client


class Questions(monitoring.CommandListener):
    """Keeps every command that reads or changes documents: its name, its collection, and all of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Keep it."""
        command = dict(event.command)
        if event.command_name in ("aggregate", "find", "findAndModify", "update", "delete", "insert"):
            self.asked.append((event.command_name, str(command[event.command_name]), command))

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Nothing to keep."""

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Nothing to keep."""


@contextmanager
def listened_to(db: Db) -> Iterator[tuple[Db, Questions]]:
    """`db` on a connection of its own that is listened to."""
    listener = Questions()
    client = open_client(os.environ["MONGODB_URI"], tz_aware=True, retryWrites=False, event_listeners=[listener])
    try:
        yield client[db.name], listener
    finally:
        client.close()
