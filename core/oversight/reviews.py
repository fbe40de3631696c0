"""The weekly review: what moved, how the model did, what was done, what waits for a decision; signed by name.

The collection `reviews` only grows, and whoever signs may add to it and change nothing. `{model}:{week}` is the first
signature, with the figures as they were shown, which stand from then on; `{model}:{week}:{name}` is each further one.
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
    """Who signed, when, and what they noted."""

    by: str
    at: datetime
    note: str


@dataclass(frozen=True)
class Signed:
    """A signed week: the figures that were shown, as they stand for good, and who signed, in that order."""

    week: str
    figures: Document
    seal: str
    signatures: tuple[Signature, ...]


def seal(figures: Mapping[str, Any]) -> str:
    """sha256 of the figures: whoever signs names what they have seen by it."""
    text = json.dumps(figures, sort_keys=True, default=lambda value: value.isoformat(), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def sign(
    db: Db, model: str, week_name: str, figures: Mapping[str, Any], *, by: str, note: str, clock: Clock = now
) -> Signed:
    """Sign the review of a week, of which `figures` were shown. The first signature freezes them.

    Raises InputError while the week is not over, Conflict when `by` has signed it already or when it was signed
    meanwhile with other figures, and Unavailable.
    """
    if week.span(week_name)[1] > clock():
        raise InputError(
            Sentence("The week {week} is not over yet.", week=week_name),
            kept=Sentence("Nothing was signed."),
            next=Sentence("Sign it from Monday on."),
        )
    key, seen = f"{model}:{week_name}", seal(figures)
    entry: Document = {
        "model": model,
        "week": week_name,
        "seal": seen,
        "signed": {"by": by, "at": clock(), "note": note},
    }
    with reachable():
        try:
            db.reviews.insert_one({"_id": key, **entry, "figures": dict(figures)})
        except DuplicateKeyError:
            _add(db, key, entry)
    tell(db, model)
    found = signed_review(db, model, week_name)
    if found is None:
        raise AssertionError(f"{key} was written and is not there")
    return found


def _add(db: Db, key: str, entry: Document) -> None:
    first, by = db.reviews.find_one({"_id": key}), entry["signed"]["by"]
    if first is not None and first["seal"] != entry["seal"]:
        raise Conflict(
            Sentence(
                "{who} signed this week meanwhile, with other figures than were shown here.", who=first["signed"]["by"]
            ),
            kept=Sentence("Your signature was not added."),
            next=Sentence("The page shows what was signed; look at it and sign that."),
        )
    twice = Conflict(Sentence("{who} has signed this week already.", who=by), kept=Sentence("That signature stands."))
    if first is not None and first["signed"]["by"] == by:
        raise twice
    try:
        db.reviews.insert_one({"_id": f"{key}:{by}", **entry})
    except DuplicateKeyError:
        raise twice from None


def signed_review(db: Db, model: str, week_name: str) -> Signed | None:
    """The signed review of a week, or None while nobody has signed it. Raises Unavailable."""
    with reachable():
        found = list(db.reviews.find({"model": model, "week": week_name}))
    first = next((one for one in found if "figures" in one), None)
    if first is None:
        return None
    ordered = sorted(found, key=lambda one: ("figures" not in one, one["signed"]["at"]))
    signatures = tuple(Signature(**one["signed"]) for one in ordered)
    return Signed(week_name, first["figures"], str(first["seal"]), signatures)


def signed(db: Db, model: str) -> dict[str, list[str]]:
    """Who signed each week that was signed, by week. Raises Unavailable."""
    with reachable():
        found = list(db.reviews.find({"model": model}, {"week": 1, "signed": 1}).sort([("_id", ASCENDING)]))
    names: dict[str, list[str]] = {}
    for one in found:
        names.setdefault(str(one["week"]), []).append(str(one["signed"]["by"]))
    return names


def weeks(db: Db, model: str, at: datetime) -> list[str]:
    """The weeks that are over at `at` since there is a model, the newest first. Raises Unavailable."""
    taken = decisions(db, model)
    if not taken:
        return []
    found, monday = [], week.span(week.name(taken[0].at))[0]
    while monday + week.WEEK <= at:
        found.append(week.name(monday))
        monday += week.WEEK
    return found[::-1]


def unsigned(db: Db, model: str, at: datetime) -> list[str]:
    """Those of `weeks` that nobody has signed, the newest first. Raises Unavailable."""
    done = signed(db, model)
    return [one for one in weeks(db, model, at) if one not in done]


def waiting(unsigned: Sequence[str]) -> str:
    """Weeks that nobody has signed, in one sentence."""
    names = ", ".join(unsigned[:4]) + (f" and {len(unsigned) - 4} before" if len(unsigned) > 4 else "")
    return f"nobody has signed the review of {names}. Look at what moved on the page Review, and sign it"


def tell(db: Db, model: str) -> None:
    """Tell the event log of every signature that it was not told of, each once. Raises Unavailable."""
    with reachable():
        found = {str(one["_id"]): one["signed"] for one in db.reviews.find({"model": model}, {"signed": 1})}
        told = {str(event["subject"]) for event in db.events.find({"what": Event.REVIEW_SIGNED}, {"subject": 1})}
    for key, one in sorted(found.items()):
        if key not in told:
            event_log.append(
                db,
                who=one["by"],
                what=Event.REVIEW_SIGNED,
                subject=key,
                why=one["note"],
                clock=lambda at=one["at"]: at,  # type: ignore[misc]
                once={"what": Event.REVIEW_SIGNED, "subject": key},
            )
