"""The changes that later files make to a person, kept so that they can be shown, undone and left out of the past.

A prospect that a file changed has

    {import: {first, last}, history: [{import, file, at, was, new, state, contacts, calls, before}]}

`first` and `last`: the imports that inserted and last changed the prospect. An entry of `history`, the oldest first,
belongs to one import: `was` has the old values by field of `VALUES` and column, `new` the columns that had no value,
`state` the old `STATE` if the file closed the prospect, `before` the `last` before it, `contacts` the contact columns
that the file changed (their values are apart: `core.lists.contact_changes`), `calls` how many had been made by then, if
any. The list is written whole: the embedded server turns a time that is pushed into a list into text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.calls.lifecycle import Status, calls_made, state
from core.calls.rank_key import OFF_THE_LIST, rank_if_open
from core.stores.mongo import Document

VALUES = ("features", "details")
"""The fields of a prospect whose values come from a file; not every release and schema has `details`."""

_SORTED = json.JSONEncoder(sort_keys=True)


@dataclass(frozen=True)
class Origin:
    """The import that writes: its key in the log, the name of its file, and the time."""

    key: str
    file: str
    at: datetime


@dataclass(frozen=True)
class ValueChange:
    """A value that a file changed; `old` is None, too, where there was none before."""

    column: str
    old: Any
    new: Any
    file: str
    at: datetime


def digest(features: Mapping[str, Any], details: Mapping[str, Any] | None = None) -> str:
    """16 hex digits that differ where the features do, or what is for people alone."""
    values = [features, details] if details else features
    return hashlib.sha256(_SORTED.encode(values).encode()).hexdigest()[:16]


def changed_columns(stored: Document, given: Document) -> list[str]:
    """The columns in which the row `given` differs from the prospect `stored`; a column that it lacks does not."""
    return [name for field in VALUES for name in _different(stored.get(field) or {}, given.get(field) or {})]


def changing(stored: Document, given: Document, origin: Origin, contacts: Sequence[str] = ()) -> Document:
    """The fields to set so that `stored` has the values of `given`; its state and its claim stay.

    `contacts`: the contact columns that the file changes.
    """
    was: Document = {}
    new: Document = {}
    values: Document = {}
    for field in VALUES:
        old, other = stored.get(field) or {}, given.get(field) or {}
        if names := _different(old, other):
            values[field] = {**old, **{name: other[name] for name in names}}
            was[field] = {name: old[name] for name in names if name in old}
            new[field] = [name for name in names if name not in old]
    noted: Document = {"was": was, "new": new, **({"contacts": list(contacts)} if contacts else {})}
    fields = {**values, **_noted(stored, origin, noted)}
    if values:
        fields["digest"] = _digest_of({**stored, **values})
    if "features" in values:
        fields |= _rank_again(stored, stored["status"])
    return fields


def _digest_of(prospect: Document) -> str:
    return digest(prospect["features"], prospect.get("details"))


def closing(stored: Document, origin: Origin) -> Document:
    """The fields to set so that `stored` is done, because a file says what came of an earlier call."""
    closed = {"status": Status.DONE.value, "due": None, "claim": None, **OFF_THE_LIST}
    return {**closed, **_noted(stored, origin, {"was": {}, "new": {}, "state": state(stored)})}


def restoring(stored: Document, key: str) -> Document:
    """The fields to set so that `stored` is as it was before the import `key`, which changed it last."""
    history = list(stored.get("history") or [])
    values = {field: dict(stored[field]) for field in VALUES if field in stored}
    fields: Document = {}
    before = ""
    while history and history[-1]["import"] == key:
        entry = history.pop()
        before = entry["before"]
        for field in entry["was"]:
            values[field] = _without(values[field], entry, field)
        if entry.get("state"):
            fields |= entry["state"]
    changed = {field: now for field, now in values.items() if now != stored[field]}
    fields |= {**changed, "history": history, "import": {**stored["import"], "last": before}}
    if changed:
        fields["digest"] = _digest_of({**stored, **changed})
    status = str(fields.get("status", stored["status"]))
    if "features" in changed:
        fields |= _rank_again(stored, status)
    elif "status" in fields:
        fields |= rank_if_open(stored["campaign"], status)
    return fields


def _rank_again(stored: Document, status: str) -> Document:
    """The fields that have `stored` ranked again. Its score stays until then; no version is called ``."""
    fields: Document = {"refused": None, **rank_if_open(stored["campaign"], status)}
    if stored.get("score") is not None:
        fields["score_version"] = ""
    return fields


def features_at(prospect: Document, at: datetime, source: str = "") -> dict[str, Any]:
    """The features of `prospect` in force at the moment `at`.

    `source` is the import that brought an outcome: what that file, or a later one, changed was not known at the call,
    because a file that says what came of a call may hold the traces of the call, too.
    """
    return features_after(prospect, entries_known(prospect, at, source))


def entries_known(prospect: Document, at: datetime, source: str = "") -> int:
    """How many entries of the history, the oldest first, are in force in `features_at`."""
    history = prospect.get("history") or []
    later = (place for place, e in enumerate(history) if e["at"] >= at or (source and e["import"] == source))
    return next(later, len(history))


def features_after(prospect: Document, entries: int) -> dict[str, Any]:
    """The features of `prospect` as the first `entries` of its history left them."""
    features = dict(prospect["features"])
    for entry in reversed((prospect.get("history") or [])[entries:]):
        features = _without(features, entry, "features")
    return features


def value_changes(prospect: Document) -> Iterator[ValueChange]:
    """Every change of a value, the newest first."""
    now = {field: dict(prospect.get(field) or {}) for field in VALUES}
    for entry in reversed(prospect.get("history") or []):
        for field, old in entry["was"].items():
            for name in [*old, *entry["new"].get(field, ())]:
                yield ValueChange(name, old.get(name), now[field].get(name), entry["file"], entry["at"])
            now[field] = _without(now[field], entry, field)


def _different(old: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    return [name for name, value in given.items() if name not in old or not _same(old[name], value)]


def _same(old: Any, given: Any) -> bool:
    """Whether two values are one: the embedded server shortens a number that is set later to 15 digits."""
    if isinstance(old, float) and isinstance(given, float):
        return f"{old:.15g}" == f"{given:.15g}"
    return bool(old == given)


def _without(values: Mapping[str, Any], entry: Document, field: str) -> dict[str, Any]:
    """`values` of `field` before `entry`."""
    added = entry["new"].get(field, ())
    return {**{name: value for name, value in values.items() if name not in added}, **entry["was"].get(field, {})}


def _noted(stored: Document, origin: Origin, what: Document) -> Document:
    known = stored.get("import") or {"first": "", "last": ""}
    calls = {"calls": made} if (made := calls_made(stored)) else {}
    entry = {"import": origin.key, "file": origin.file, "at": origin.at, **what, **calls, "before": known["last"]}
    return {"history": [*(stored.get("history") or []), entry], "import": {**known, "last": origin.key}}
