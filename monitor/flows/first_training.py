"""The first training of a campaign kind: due as soon as there are enough outcomes, and not while a file comes in.

A file of past calls brings them all at once, in batches. A training in the middle of it would learn a part, and the
model of the whole file would then go on trial against it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from core.lists import import_log
from core.lists.logged_import import State
from core.stores.mongo import Db, count, reachable

QUIET = timedelta(seconds=30)
"""How long the last import must have ended: the person who imports may bring the next file, or train by hand."""


def missing(db: Db, at: datetime, outcomes: int, minimum: int) -> str:
    """What the first training of the kind of `db` waits for, in words; empty if it is due. Raises Unavailable."""
    if outcomes < minimum:
        return f"{outcomes} of the {minimum} outcomes that it needs are known; {minimum - outcomes} are missing"
    with reachable():
        sales = count(db.outcomes, {"positive": True})
    if sales in (0, outcomes):
        only = "a refusal" if sales == 0 else "a sale"
        return f"all {outcomes} outcomes are {only}, so there is nothing to tell apart"
    for entry in import_log.recent(db, clock=lambda: at):
        ended = entry.document["times"].get("ended")
        if entry.state is State.RUNNING or (ended and at - ended < QUIET):
            return f"a file is coming in ({entry.document['file']})"
    return ""
