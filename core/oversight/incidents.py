"""Incidents as everybody meets them: monitoring keeps them, and people say on a screen which ones they look after.

Whoever changes one has read it before and writes only if nobody else did meanwhile (`revision`), so a person and the
monitor never undo each other's change.
"""

from __future__ import annotations

from collections.abc import Callable

from core.clock import Clock, now
from core.errors import NotFound
from core.sentences import Sentence
from core.stores import event_log
from core.stores.embedded_mongo import rewritten
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable

ACTIVE = {"status": {"$ne": "resolved"}}


def change(db: Db, incident: str, how: Callable[[Document], Document | None]) -> bool:
    """Write what `how` makes of the document as it is now; False if that is None. Raises NotFound, Unavailable."""
    while True:
        with reachable():
            found = db.incidents.find_one({"_id": incident})
            if found is None:
                raise NotFound(
                    Sentence("There is no incident '{incident}'.", incident=incident),
                    next=Sentence("Look at the list of incidents again."),
                )
            fields = how(found)
            if fields is None:
                return False
            if db.incidents.update_one(*rewritten(found, fields)).matched_count:
                return True


def acknowledge(db: Db, incident: str, who: str, clock: Clock = now) -> str:
    """Note that `who` looks after `incident`; returns who does, because the first who said so stands.

    Raises NotFound, Unavailable.
    """
    by = who

    def seen(found: Document) -> Document | None:
        nonlocal by
        by = str(found["acknowledged"]["by"]) if found["acknowledged"] else who
        return None if found["acknowledged"] else {"acknowledged": {"by": who, "at": clock()}}

    if change(db, incident, seen):
        event_log.append(db, who=who, what=Event.INCIDENT_ACKNOWLEDGED, subject=incident, clock=clock)
    return by
