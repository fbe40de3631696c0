"""A campaign's script: plain text with places that are filled with the values of the person on the phone.

`{ref}` is the person's reference, `{job}` the value of that column. The campaign's document holds the text, its writer,
the time and a version number; the number stops two people who write at once from overwriting each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Self

from core.clock import Clock, now
from core.errors import Conflict, InputError, NotFound
from core.schema import Schema
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable

REF = "ref"
LONGEST = 10_000  # characters
PLACE = re.compile(r"\{([^{}\n]+)\}")


@dataclass(frozen=True)
class Script:
    """The text, its writer and its time; `number` counts the versions from 1."""

    text: str
    by: str
    at: datetime
    number: int

    @classmethod
    def from_document(cls, campaign: Document) -> Self | None:
        """The script in a campaign's document, or None."""
        script = campaign.get("script")
        return cls(**script) if script else None


def read_script(db: Db, campaign: str) -> Script | None:
    """The script of `campaign`, or None. Raises Unavailable."""
    with reachable():
        found = db.campaigns.find_one({"_id": campaign}, {"script": 1})
    return Script.from_document(found or {})


def write_script(
    db: Db, schema: Schema, campaign: str, text: str, *, by: str, seen: Script | None, clock: Clock = now
) -> Script:
    """Replace the version `seen` of the script of `campaign` by `text`; an empty text removes the script.

    The same text changes nothing. Raises InputError for a text that `check` refuses, Conflict when another person has
    changed the script meanwhile, NotFound, Unavailable.
    """
    text = text.strip()
    check(schema, text)
    before = read_script(db, campaign)
    if before is not None and before.text == text:
        return before
    script = Script(text, by, clock(), (seen.number if seen else 0) + 1)
    unchanged = {"script.number": seen.number} if seen else {"script": None}
    with reachable():
        updated = db.campaigns.update_one({"_id": campaign, **unchanged}, {"$set": {"script": asdict(script)}})
    if not updated.matched_count:
        _refuse(campaign, read_script(db, campaign))
    event_log.append(db, who=by, what=Event.SCRIPT_CHANGED, subject=campaign, number=script.number, text=text)
    return script


def check(schema: Schema, text: str) -> None:
    """Raise InputError if `text` is too long, or has a place that nothing fills."""
    unchanged = Sentence("The script is unchanged.")
    if len(text) > LONGEST:
        length, most = f"{len(text):,}", f"{LONGEST:,}"
        raise InputError(
            Sentence("The script has {length} characters; at most {longest} are allowed", length=length, longest=most),
            kept=unchanged,
        )
    known = placeholders(schema)
    unknown = [place for place in PLACE.findall(text) if place not in known]
    if unknown:
        columns = ", ".join(f"{{{place}}}" for place in known)
        raise InputError(
            Sentence("There is no value for the place {{{place}}}", place=unknown[0]),
            kept=unchanged,
            next=Sentence("Places that can be filled: {columns}.", columns=columns),
        )


def placeholders(schema: Schema) -> list[str]:
    """The names that may be in braces: the reference, and the values known before the call."""
    return [REF, *schema.feature_names]


def fill_in(text: str, value: Callable[[str], str]) -> str:
    """`text` with `value(name)` at each place; empty braces stay as they are."""
    return PLACE.sub(lambda found: value(found[1]), text)


def _refuse(campaign: str, newest: Script | None) -> None:
    if newest is None:
        raise NotFound(Sentence("There is no campaign '{campaign}', or its script was removed.", campaign=campaign))
    raise Conflict(
        Sentence("{who} has changed the script meanwhile.", who=newest.by),
        kept=Sentence("Their version is unchanged; yours was not saved."),
        next=Sentence("Copy your text, load the page again, and combine both versions."),
    )
