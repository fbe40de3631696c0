"""The state of each cause as last judged, and an event for each change of it.

Code that reacts to a change (an incident, a message to people) belongs after `record_state`, which reports each change
once, in the order in which windows were judged.
"""

from __future__ import annotations

from core.stores import event_log
from core.stores.events import cause_event
from core.stores.mongo import Db, reachable

WELL = "well"


def record_state(db: Db, cause: str, state: str, report: str, why: str) -> bool:
    """Record that `report` found `cause` in `state`; returns whether the state changed. A new cause is well.

    The event is written before the state, and only if it is missing. A process that dies between the two leaves one
    event, and the next run writes the state. Raises Unavailable.
    """
    key = f"monitor:{cause}"
    with reachable():
        known = db.appliance.find_one({"_id": key})
        if (known["state"] if known else WELL) == state:
            return False
        if db.events.find_one({"what": cause_event(cause, state), "subject": report}) is None:
            event_log.append(db, who="monitor", what=cause_event(cause, state), subject=report, why=why)
        db.appliance.update_one({"_id": key}, {"$set": {"state": state, "report": report}}, upsert=True)
    return True
