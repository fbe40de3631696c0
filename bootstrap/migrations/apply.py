"""Applies the migrations that the data lacks, and keeps its version."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bootstrap.migrations.listing import MIGRATIONS
from bootstrap.migrations.lock import locked
from bootstrap.migrations.migration import Keep, Migration
from core.clock import Clock, now
from core.kinds import registry
from core.schema import read_schema
from core.settings.addresses import SchemaSettings
from core.stores import stored_version
from core.stores.mongo import Db, Document, reachable

Say = Callable[[str], None]

SIGNS = ("campaigns", "prospects", "users", "events", "indicators")
"""Collections of which one at least has a document in every appliance that was set up."""


def migrate(
    home: Db,
    databases: Callable[[], Sequence[Db]],
    *,
    migrations: Sequence[Migration] = MIGRATIONS,
    say: Say = lambda _: None,
    clock: Clock = now,
) -> int:
    """Apply what is missing to all `databases` of the kinds, in order; returns the version of the data afterwards.

    A new appliance begins at the newest version, and data without a version is of before the first. Each number is kept
    once all databases are done, so a process that is killed is repeated from there. Raises Conflict if the data is of
    a newer release; Unavailable.
    """
    stored_version.refuse_newer(home)
    newest = migrations[-1].number if migrations else 0
    if stored_version.applied(home) == newest:
        return newest
    with reachable(), locked(home, say, clock=clock) as keep:
        stored_version.refuse_newer(home)
        version = stored_version.applied(home)
        if version is None and not _has_data(home):
            _note(home, newest, clock)
            return newest
        for migration in migrations:
            if migration.number > (version or 0):
                changed = sum(_run(migration, db, keep) for db in databases())
                keep()
                _note(home, migration.number, clock, migration, changed)
                say(f"{migration.number}: {migration.sentence}: {changed}")
    return newest


def migrate_all(home: Db, settings: SchemaSettings, say: Say) -> int:
    """Migrate the databases of all kinds, retired ones too; returns the version of the data afterwards.

    Raises Conflict if the data is of a newer release; SchemaError, Unavailable.
    """
    schema = read_schema(settings.callwise_schema)
    return migrate(home, lambda: [kind.database(home) for kind in registry.kinds(home, schema, retired=True)], say=say)


def _run(migration: Migration, db: Db, keep: Keep) -> int:
    keep()
    return migration.run(db, keep)


def _has_data(home: Db) -> bool:
    return any(home[name].find_one({}, {"_id": 1}) is not None for name in SIGNS)


def _note(home: Db, version: int, clock: Clock, migration: Migration | None = None, changed: int = 0) -> None:
    """Keep the version, and when each migration was applied and what it changed; written whole, for its times."""
    before = home.appliance.find_one({"_id": stored_version.KEY}) or {}
    done: list[Document] = list(before.get("applied", []))
    if migration is not None:
        done.append({"number": migration.number, "at": clock(), "changed": changed})
    document = {"_id": stored_version.KEY, "version": version, "applied": done}
    home.appliance.replace_one({"_id": stored_version.KEY}, document, upsert=True)
