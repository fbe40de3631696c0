"""The values of a prospect at a call: the one that is next, or one that was made.

What is the call's own (`core.schema.Schema.of_the_call`) follows from the moment and from the calls made before it, so
it is never stored with a person. Everything that happened after the call is left out: later files, later calls.

**The number of calls.** A file's value says what it is at the next call; each call made here since then adds one. A
file that changes the value while calls have been made here counts those, too, because a company's own system knows
them: then its value, or the calls made here if these are more, is what later calls are added to.

**A call that a file reports** was made elsewhere: month, weekday and number are those in the file that brought its
outcome. All other values are those known before that file (`core.lists.changes.features_at`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.calls.lifecycle import calls_made
from core.lists import changes
from core.schema import Schema
from core.schema.as_of import as_of, of_the_call
from core.schema.column import Value
from core.stores.mongo import Document

FIELDS: Mapping[str, int] = {"features": 1, "history": 1, "calls": 1, "taken_back": 1}
"""The fields of a prospect from which the values of its next call follow."""
IMPORTED = "import"
"""The agent of an outcome that a file brought."""


def next_call(schema: Schema, prospect: Document, at: datetime) -> dict[str, Value]:
    """What a model reads of `prospect` for a call at the moment `at`, without indicators that its files left out."""
    recorded, calls = _counted(schema, prospect, len(prospect.get("history") or ()), calls_made(prospect))
    return as_of(schema, recorded, at, calls=calls)


def next_call_only(schema: Schema, prospect: Document, at: datetime) -> dict[str, Value]:
    """The columns of the call in `next_call`."""
    recorded, calls = _counted(schema, prospect, len(prospect.get("history") or ()), calls_made(prospect))
    return of_the_call(schema, recorded, at, calls)


def call_made(schema: Schema, prospect: Document, call: Document) -> dict[str, Value]:
    """What a model reads of `prospect` at `call`, a call or an outcome, again without indicators."""
    at = call["at"]
    if call.get("agent") == IMPORTED:
        return as_of(schema, _as_reported(schema, prospect, at, str(call.get("import") or "")), at, calls=None)
    # One of an earlier release has only its number.
    earlier = call.get("earlier")
    before = int(call.get("call") or 1) - 1 if earlier is None else int(earlier)
    recorded, calls = _counted(schema, prospect, changes.entries_known(prospect, at), before)
    return as_of(schema, recorded, at, calls=calls)


def _counted(schema: Schema, prospect: Document, entries: int, calls: int) -> tuple[dict[str, Any], int]:
    """The recorded features after `entries` of the history, and how many of the `calls` they do not count."""
    recorded = changes.features_after(prospect, entries)
    if schema.calls is None:
        return recorded, calls
    name = schema.calls.column
    known = 0
    for entry in (prospect.get("history") or [])[:entries]:
        if name in entry["was"].get("features", ()) or name in entry["new"].get("features", ()):
            known = int(entry.get("calls") or 0)
    if known and isinstance(value := recorded.get(name), int | float):
        recorded[name] = max(value, schema.calls.first + known)
    return recorded, calls - known


def _as_reported(schema: Schema, prospect: Document, at: datetime, source: str) -> dict[str, Any]:
    recorded = changes.features_at(prospect, at, source)
    brought = _entries_until(prospect, source)
    if brought is None:
        return recorded
    reported = changes.features_after(prospect, brought)
    return recorded | {name: reported[name] for name in schema.of_the_call if name in reported}


def _entries_until(prospect: Document, source: str) -> int | None:
    """How many entries of the history the import `source` ends with; None if it left no trace in the prospect."""
    history = prospect.get("history") or []
    places = [place for place, entry in enumerate(history, 1) if source and entry["import"] == source]
    if places:
        return places[-1]
    return 0 if source and (prospect.get("import") or {}).get("first") == source else None
