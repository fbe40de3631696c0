"""The version of the stored data: the number of the last migration that was applied (`bootstrap.migrations`).

The set-up keeps it in the document `migrations` of `appliance`. A service of an older release would not understand
newer data, and write what the newer release has no place for. So it refuses to begin.
"""

from __future__ import annotations

from core.errors import Conflict
from core.stores.mongo import Db, reachable

KEY = "migrations"
NEWEST = 8
"""The number of the newest migration of this release."""


def applied(home: Db) -> int | None:
    """The version of the data in the appliance's database; None where nothing noted it. Raises Unavailable."""
    with reachable():
        found = home.appliance.find_one({"_id": KEY})
    return int(found["version"]) if found else None


def refuse_newer(home: Db) -> None:
    """Raise Conflict if a newer release than this one has migrated the data. Raises Unavailable."""
    version = applied(home)
    if version is not None and version > NEWEST:
        raise Conflict(
            f"The data is of a newer release: it has version {version}, and this release knows those up to {NEWEST}.",
            kept="Nothing was started and nothing was changed.",
            next="Start the newer release, or restore a backup of this one (docs/operations.md, Upgrade).",
        )
