"""Adds to the feed what was recorded since the last look.

A record has the time of its call and is written a little later, at most as long as anybody waits for the server. So
each look reads an overlap again; a source that is in the feed already is not added twice. A result is taken back within
a minute (`core.calls.undo`), which the overlap covers, too. The feed begins with the first look of the release that
brought it: an appliance with years of calls does not add them one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from core.clock import Clock, now
from core.feed.sequence import Change, What, append
from core.stores.embedded_mongo import milliseconds
from core.stores.kind_database import kind_of
from core.stores.mongo import SOCKET_TIMEOUT_SECONDS, Db, Document, reachable

SEEN = "feed_seen"
"""The fact in a kind's `appliance` that says up to when its calls were read."""
OVERLAP = timedelta(seconds=2 * SOCKET_TIMEOUT_SECONDS)


def follow(home: Db, db: Db, known: set[str], *, wishes: bool, clock: Clock = now) -> str:
    """Look once at the calls of the kind of `db` and, with `wishes`, at the do-not-call list; what was added, in words.

    `known`: the sources that this process has found in the feed, so that the overlap is not looked up each time. Safe
    to repeat, to kill, and to run twice at once. Raises Unavailable.
    """
    at = clock()
    with reachable():
        mark = db.appliance.find_one({"_id": SEEN})
        since = (mark["seen"]["at"] if mark else at) - OVERLAP
        calls = list(db.calls.find({"at": {"$gte": since}}))
        revised = list(db.calls.find({"revised": {"$gte": milliseconds(since)}}))
        wished = list(home.do_not_call.find({"order": {"$gte": milliseconds(since)}})) if wishes else []
    kind = kind_of(db)
    found = [
        *(change for call in calls for change in _of_call(call, kind)),
        *(_revised(call, kind) for call in revised),
    ]
    found += [_wish(entry) for entry in wished] + [_lifted(entry) for entry in wished if entry["lifted"]]
    new = [change for change in found if change.source not in known]
    added = append(home, sorted(new, key=lambda change: (change.at, change.source)))
    known.intersection_update(change.source for change in found)
    known.update(change.source for change in new)
    with reachable():
        db.appliance.update_one({"_id": SEEN}, {"$set": {"seen": {"at": at}}}, upsert=True)
    return f"{added} changes added to the feed" if added else "nothing new for the feed"


def _of_call(call: Document, kind: str) -> Iterator[Change]:
    content, source = _content(call), f"call:{kind}:{call['_id']}"
    yield Change(source, What.CALL_RECORDED, kind, call["at"], call["prospect"], content)
    if undone := call.get("undone"):
        taken_back = {name: content[name] for name in ("call", "prospect", "campaign", "reference", "number", "agent")}
        at: datetime = undone["at"]
        yield Change(f"{source}:undone", What.CALL_TAKEN_BACK, kind, at, call["prospect"], taken_back)


def _revised(call: Document, kind: str) -> Change:
    """A manager has corrected the result, or settled which of two counts."""
    at, source = datetime.fromtimestamp(call["revised"] / 1000, UTC), f"call:{kind}:{call['_id']}"
    return Change(f"{source}:{call['revised']}", What.CALL_REVISED, kind, at, call["prospect"], _content(call))


def _content(call: Document) -> dict[str, Any]:
    late = call.get("late")
    return {
        "call": call["_id"],
        "prospect": call["prospect"],
        "campaign": call["campaign"],
        "reference": call["ref"],
        "number": call["call"],
        "agent": call["agent"],
        "result": call["result"],
        "again": call["again"]["at"] if call.get("again") else None,
        "counts": not late or bool(late["counts"]),
    }


def _wish(entry: Document) -> Change:
    wish = entry["wish"]
    content = {**_whose(entry), "by": wish["by"]}
    source = f"wish:{entry['_id']}:{wish['call']}"
    return Change(source, What.WISH_ADDED, "", wish["at"], content["reference"], content)


def _lifted(entry: Document) -> Change:
    lifted = entry["lifted"]
    content = {**_whose(entry), "by": lifted.get("by")}
    source = f"lifted:{entry['_id']}:{lifted['call']}"
    return Change(source, What.WISH_LIFTED, "", lifted["at"], content["reference"], content)


def _whose(entry: Document) -> dict[str, Any]:
    """Whose wish it is, and the campaign, as `KIND/CAMPAIGN`, in which alone it holds."""
    return {"reference": str(entry.get("person") or entry["_id"]), "campaign": entry.get("campaign") or None}
