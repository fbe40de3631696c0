"""Promotion: the alias moves, what it named before stays reachable, and it is written down who was champion when.

Every step may be repeated, and the version is marked as promoted last; so what a killed process left half done is
finished by the next run, and a version that was taken back later is not promoted again.
"""

from __future__ import annotations

from datetime import datetime

from core import events
from core.clock import Clock, now
from core.model_registry import CHAMPION, PREVIOUS, ModelRegistry, ModelVersion
from core.mongo import Db, Document, reachable
from trainer.register import PASSED

PROMOTED, PROMOTED_EVENT = "promoted", "model promoted"


def promote(db: Db, registry: ModelRegistry, version: ModelVersion, *, why: str, clock: Clock = now) -> None:
    """Make `version` the champion, and the champion so far `previous`. Safe to repeat; raises Unavailable."""
    before = registry.version_by_alias(CHAMPION)
    if before is not None and before.version != version.version:
        registry.point(PREVIOUS, before.version)
    registry.point(CHAMPION, version.version)
    _write_down(db, version, registry.version_by_alias(PREVIOUS), why, clock())
    registry.tag(version.version, PROMOTED, "true")


def settle(db: Db, registry: ModelRegistry) -> ModelVersion | None:
    """Promote the newest version that passed all gates and whose process then died; returns it, or None."""
    champion = registry.version_by_alias(CHAMPION)
    for version in registry.versions():
        if PROMOTED in version.tags or (champion is not None and int(version.version) < int(champion.version)):
            return None
        if version.tags.get(PASSED) == "true":
            promote(db, registry, version, why=version.tags.get("why", "its promotion was interrupted"))
            return version
    return None


def _write_down(db: Db, version: ModelVersion, previous: ModelVersion | None, why: str, at: datetime) -> None:
    key = f"{version.name}:{version.version}"
    reign: Document = {
        "model": version.name,
        "version": version.version,
        "champion_from": at,
        "ended": None,
        "why": why,
        "lineage": dict(version.tags),
    }
    with reachable():
        db.models.update_one({"_id": key}, {"$setOnInsert": reign}, upsert=True)
        if previous is not None:
            ended = {"_id": f"{previous.name}:{previous.version}", "ended": None}
            db.models.update_one(ended, {"$set": {"ended": {"at": at, "by": key}}})
        if db.events.find_one({"what": PROMOTED_EVENT, "subject": key}) is None:
            events.append(
                db,
                who="trainer",
                what=PROMOTED_EVENT,
                subject=key,
                why=why,
                previous=previous.version if previous else None,
                incident=version.tags.get("incident"),
            )
