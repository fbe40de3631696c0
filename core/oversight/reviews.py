"""The weekly review: what moved, how the model did, what was done, what waits for a decision; managers sign it.

The collection `reviews` only grows: a signature adds a document and changes none. `{model}:{week}` is the first
signature, with the figures as shown, which are final; `{model}:{week}:{name}` is each further one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from core.clock import Clock, now
from core.errors import Conflict, InputError
from core.models.decisions import decisions
from core.oversight import week
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable


@dataclass(frozen=True)
class Signature:
    """A manager's signature, with its time and note."""

    by: str
    at: datetime
    note: str


@dataclass(frozen=True)
class Signed:
    """A signed week: the figures that were shown and are final, and the signatures, the oldest first."""

    week: str
    figures: Document
    seal: str
    signatures: tuple[Signature, ...]


def seal(figures: Mapping[str, Any]) -> str:
    """sha256 of the figures: a signature names by it which figures the signer saw."""
    text = json.dumps(figures, sort_keys=True, default=lambda value: value.isoformat(), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def sign(
    db: Db, model: str, week_name: str, figures: Mapping[str, Any], *, by: str, note: str, clock: Clock = now
) -> Signed:
    """Sign a week's review as `figures` showed it; the first signature freezes them.

    Raises InputError while the week lasts, Conflict after a signature by `by` or of other figures, Unavailable.
    """
    if week.week_bounds(week_name)[1] > clock():
        raise InputError(
            Sentence("The week {week} is not over yet.", week=week_name),
            kept=Sentence("Nothing was signed."),
            next=Sentence("Sign it from Monday on."),
        )
    key, signature = f"{model}:{week_name}", {"by": by, "at": clock(), "note": note}
    entry: Document = {"model": model, "week": week_name, "seal": seal(figures), "signed": signature}
    with reachable():
        try:
            db.reviews.insert_one({"_id": key, **entry, "figures": dict(figures)})
        except DuplicateKeyError:
            _add(db, key, entry)
    log_signatures(db, model)
    review = signed_review(db, model, week_name)
    if review is None:
        raise AssertionError(f"{key} was written and is missing")
    return review


def _add(db: Db, key: str, entry: Document) -> None:
    first, by = db.reviews.find_one({"_id": key}), entry["signed"]["by"]
    if first is not None and first["seal"] != entry["seal"]:
        raise Conflict(
            Sentence(
                "{who} signed this week meanwhile, with other figures than were shown here.", who=first["signed"]["by"]
            ),
            kept=Sentence("Your signature was not added."),
            next=Sentence("The page shows the signed figures; check them, then sign."),
        )
    twice = Conflict(Sentence("{who} has signed this week already.", who=by), kept=Sentence("That signature stays."))
    if first is not None and first["signed"]["by"] == by:
        raise twice
    try:
        db.reviews.insert_one({"_id": f"{key}:{by}", **entry})
    except DuplicateKeyError:
        raise twice from None


def signed_review(db: Db, model: str, week_name: str) -> Signed | None:
    """The signed review of a week, or None while nobody has signed it. Raises Unavailable."""
    with reachable():
        entries = list(db.reviews.find({"model": model, "week": week_name}))
    entries.sort(key=lambda entry: ("figures" not in entry, entry["signed"]["at"]))
    if not entries or "figures" not in entries[0]:
        return None
    signatures = tuple(Signature(**entry["signed"]) for entry in entries)
    return Signed(week_name, entries[0]["figures"], str(entries[0]["seal"]), signatures)


def signers_by_week(db: Db, model: str) -> dict[str, list[str]]:
    """The signers of each signed week, by week. Raises Unavailable."""
    names: dict[str, list[str]] = {}
    with reachable():
        for entry in db.reviews.find({"model": model}, {"week": 1, "signed": 1}).sort([("_id", ASCENDING)]):
            names.setdefault(str(entry["week"]), []).append(str(entry["signed"]["by"]))
    return names


def weeks(db: Db, model: str, at: datetime) -> list[str]:
    """The weeks that are over at `at`, from the first decision on, the newest first. Raises Unavailable."""
    taken = decisions(db, model)
    if not taken:
        return []
    names, monday = [], week.week_bounds(week.week_name(taken[0].at))[0]
    while monday + week.WEEK <= at:
        names.append(week.week_name(monday))
        monday += week.WEEK
    return names[::-1]


def unsigned(db: Db, model: str, at: datetime) -> list[str]:
    """The `weeks` that nobody has signed, the newest first. Raises Unavailable."""
    names = signers_by_week(db, model)
    return [week_name for week_name in weeks(db, model, at) if week_name not in names]


def unsigned_sentence(unsigned: Sequence[str]) -> str:
    """Weeks that nobody has signed, in one sentence."""
    what, names = Sentence("Look at what moved on the page Review, and sign it"), ", ".join(unsigned[:4])
    if len(unsigned) <= 4:
        return Sentence("nobody has signed the review of {weeks}. {what}", weeks=names, what=what)
    return Sentence(
        "nobody has signed the review of {weeks} and {more} before. {what}",
        weeks=names,
        more=len(unsigned) - 4,
        what=what,
    )


def log_signatures(db: Db, model: str) -> None:
    """Add every signature that the event log lacks to it, each once. Raises Unavailable."""
    with reachable():
        signatures = {str(entry["_id"]): entry["signed"] for entry in db.reviews.find({"model": model}, {"signed": 1})}
        logged = {str(event["subject"]) for event in db.events.find({"what": Event.REVIEW_SIGNED}, {"subject": 1})}
    for key, signature in sorted(signatures.items()):
        if key not in logged:
            event_log.append(
                db,
                who=signature["by"],
                what=Event.REVIEW_SIGNED,
                subject=key,
                why=signature["note"],
                clock=lambda at=signature["at"]: at,  # type: ignore[misc]
                once={"what": Event.REVIEW_SIGNED, "subject": key},
            )
