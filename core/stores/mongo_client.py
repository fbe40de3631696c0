"""The only place that opens a connection to MongoDB, so that every write waits for the journal.

Without `j`, a standalone server acknowledges a write that is only in its memory, for up to 100 ms. If the server is
killed in this time, a call that an agent saw recorded is lost
(https://www.mongodb.com/docs/manual/reference/write-concern/#j-option). The module imports little besides the driver,
because a probe imports it in a process that becomes another program (`bootstrap.embedded.probes`).
"""

from __future__ import annotations

import re
from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConfigurationError

from core.errors import SettingsError

MAJORITY = "majority"
"""The servers that store a write before it is acknowledged, unless the address says otherwise. A standalone server is
its own majority; a replica set can lose a write that fewer servers have when the primary changes."""


Client = MongoClient[dict[str, Any]]


def open_client(uri: str, **options: Any) -> Client:
    """A client for `uri` with the driver's `options`. It connects lazily, and each write waits for the journal.

    The `w` of the address is used, its `journal` is not. Raises SettingsError if the address is not usable.
    """
    if not _names_w(uri):
        options = {"w": MAJORITY, **options}
    try:
        return MongoClient(uri, **{**options, "journal": True})
    except ConfigurationError as error:
        raise SettingsError(
            f"MONGODB_URI is not usable: {error}.",
            kept="Nothing was started.",
            next="Writes wait for the journal, so w=0 cannot be used. .env.example shows an address.",
        ) from error


def _names_w(uri: str) -> bool:
    """Whether the address's options, separated by `&` or `;`, name `w`."""
    options = re.split("[&;]", uri.partition("?")[2])
    return any(option.partition("=")[0].lower() == "w" for option in options)
