"""The only place that opens a connection to MongoDB, so that every write through it is acknowledged from the journal.

Without `j`, a standalone server acknowledges a write that lies in its memory only, for up to 100 ms; when it is killed
in this time, a call that an agent saw recorded is gone
(https://www.mongodb.com/docs/manual/reference/write-concern/#j-option). The module imports the driver and nothing else,
because a probe imports it in a process that is about to become something else (`core.health`).
"""

from __future__ import annotations

import re
from typing import Any

from pymongo import MongoClient
from pymongo.errors import ConfigurationError

from core.errors import SettingsError

MAJORITY = "majority"
"""How many servers keep a write before it is acknowledged, where the address does not say. A standalone is its own
majority; on a replica set a write that fewer have can be rolled back when the primary changes."""


def open_client(uri: str, **options: Any) -> MongoClient[dict[str, Any]]:
    """A client for `uri` with the driver's `options`. It connects lazily, and each write waits for the journal.

    The `w` of the address stays; its `journal` does not. Raises SettingsError if the address is not usable.
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
    """Whether the options behind the question mark name `w`. Options are parted by `&` or `;`."""
    options = re.split("[&;]", uri.partition("?")[2])
    return any(option.partition("=")[0].lower() == "w" for option in options)
