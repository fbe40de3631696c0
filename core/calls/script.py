"""What agents say on the phone: a campaign's script, plain text with places that each person's own values fill.

`{ref}` is the person's reference, `{job}` the value of that column. It is kept in the campaign's document with who
wrote it, when, and a number that counts up, so that two people who change it at once do not undo each other's work.
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
    """The text, who wrote it and when; `number` counts the versions from 1."""

    text: str
    by: str
    at: datetime
    number: int

    @classmethod
    def from_document(cls, campaign: Document) -> Self | None:
        """The script in a campaign's document; None while nobody has written one."""
        kept = campaign.get("script")
        return cls(**kept) if kept else None


def read_script(db: Db, campaign: str) -> Script | None:
    """The script of `campaign`, None while nobody has written one. Raises Unavailable."""
    with reachable():
        found = db.campaigns.find_one({"_id": campaign}, {"script": 1})
    return Script.from_document(found or {})


def write_script(
    db: Db, schema: Schema, campaign: str, text: str, *, by: str, seen: Script | None, clock: Clock = now
) -> Script:
    """Keep `text` as the script of `campaign`, in place of the version that its writer has `seen`; "" takes it away.

    The text as it is already changes nothing. Raises InputError for a place that is none, Conflict when somebody has
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
        done = db.campaigns.update_one({"_id": campaign, **unchanged}, {"$set": {"script": asdict(script)}})
    if not done.matched_count:
        _refuse(campaign, read_script(db, campaign))
    event_log.append(db, who=by, what=Event.SCRIPT_CHANGED, subject=campaign, number=script.number, text=text)
    return script


def check(schema: Schema, text: str) -> None:
    """Raise InputError if `text` is too long, or has a place that nothing fills."""
    if len(text) > LONGEST:
        raise InputError(
            Sentence(
                "The script has {length} characters; at most {longest} are kept",
                length=f"{len(text):,}",
                longest=f"{LONGEST:,}",
            ),
            kept=Sentence("The script is as it was."),
        )
    known = places(schema)
    strange = [place for place in PLACE.findall(text) if place not in known]
    if strange:
        raise InputError(
            Sentence("Nothing is known that could stand at {{{place}}}", place=strange[0]),
            kept=Sentence("The script is as it was."),
            next=Sentence(
                "Places that can be filled: {columns}.", columns=", ".join(f"{{{place}}}" for place in known)
            ),
        )


def places(schema: Schema) -> list[str]:
    """The names that may stand in braces: the reference, and what is known of a person before the call."""
    return [REF, *schema.feature_names]


def filled(text: str, value: Callable[[str], str]) -> str:
    """`text` with `value(name)` at each place; braces that hold no name stay as they were typed."""
    return PLACE.sub(lambda found: value(found[1]), text)


def _refuse(campaign: str, now_there: Script | None) -> None:
    if now_there is None:
        raise NotFound(
            Sentence("There is no campaign '{campaign}' with a script like the one you changed.", campaign=campaign)
        )
    raise Conflict(
        Sentence("{who} has changed the script meanwhile.", who=now_there.by),
        kept=Sentence("Theirs stands; yours was not kept."),
        next=Sentence("Copy what you wrote, load the page again, and put both together."),
    )
