"""Whether something is well or not, as last judged, and the event that says so: on change of state only.

What reacts to a change (an incident, a message to people) belongs behind `turn`: it is called once for each report
that changes a state, in the order in which windows were judged.
"""

from __future__ import annotations

from core.stores import event_log
from core.stores.events import cause_event
from core.stores.mongo import Db, reachable

WELL = "well"


def turn(db: Db, cause: str, state: str, report: str, why: str) -> bool:
    """Note that `report` found `cause` in `state`; returns whether that is a change. Nothing was ever wrong before.

    The event is written first and looked for before, so a process that dies between the two leaves one event, and the
    state follows at the next look. Raises Unavailable.
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
