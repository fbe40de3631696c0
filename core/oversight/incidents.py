"""Changes to incidents. Monitoring writes them; on a screen, people note which ones they look after.

A change is written only if the `revision` is as it was read, so a person and the monitor never undo each other's work.
"""

from __future__ import annotations

from collections.abc import Callable

from core.clock import Clock, now
from core.errors import NotFound
from core.sentences import Sentence
from core.stores import event_log
from core.stores.embedded_mongo import revision_update
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable

ACTIVE = {"status": {"$ne": "resolved"}}


def change(db: Db, incident: str, how: Callable[[Document], Document | None]) -> bool:
    """Write the fields that `how` makes of the document; False if it makes None. Raises NotFound, Unavailable."""
    while True:
        with reachable():
            document = db.incidents.find_one({"_id": incident})
            if document is None:
                raise NotFound(
                    Sentence("There is no incident '{incident}'.", incident=incident),
                    next=Sentence("Look at the list of incidents again."),
                )
            fields = how(document)
            if fields is None:
                return False
            if db.incidents.update_one(*revision_update(document, fields)).matched_count:
                return True


def acknowledge(db: Db, incident: str, who: str, clock: Clock = now) -> str:
    """Note that `who` looks after `incident`; returns the first who did. Raises NotFound, Unavailable."""
    by = who

    def seen(document: Document) -> Document | None:
        nonlocal by
        by = str(document["acknowledged"]["by"]) if document["acknowledged"] else who
        return None if document["acknowledged"] else {"acknowledged": {"by": who, "at": clock()}}

    if change(db, incident, seen):
        event_log.append(db, who=who, what=Event.INCIDENT_ACKNOWLEDGED, subject=incident, clock=clock)
    return by
