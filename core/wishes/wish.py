"""What a wish not to be called is, whoever it is kept by: a person, a number, or a public register."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.clock import now
from core.stores.embedded_mongo import milliseconds
from core.stores.kind_database import kind_of
from core.stores.mongo import Db, Document

CARD, MANAGER, API = "card", "manager", "api"
"""Where a wish came from; from a file it is `file NAME`, from a public register `register NAME`."""


@dataclass(frozen=True)
class Wish:
    """A wish that holds now.

    `key` stands at the people whom the wish took off their lists (`off.call`), so that they come back when it ends.
    `until`: when it ends, in milliseconds since 1970; None for never. `by_number`: it is of a number, not of a person.
    """

    key: str
    by: str
    at: datetime
    source: str
    why: str = ""
    until: int | None = None
    by_number: bool = False

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any], *, by_number: bool = False) -> Wish:
        """The wish in a document of `do_not_call` or `barred_numbers`. Earlier releases wrote no source."""
        wish = entry["wish"]
        source = wish.get("source") or (MANAGER if str(wish["call"]).startswith("list:") else CARD)
        return cls(
            wish["call"], wish["by"], wish["at"], source, wish.get("why", ""), entry.get("until"), by_number=by_number
        )


def holds(entry: Mapping[str, Any], at: datetime) -> bool:
    """Whether the wish in `entry` is neither lifted nor over at that moment."""
    until = entry.get("until")
    return not entry["lifted"] and (until is None or until > milliseconds(at))


def scope_of(db: Db, campaign: str) -> str:
    """The word for a `campaign` of the kind of `db` in keys of wishes that hold there alone."""
    return f"{kind_of(db)}/{campaign}"


def person_key(form: str, scope: str = "") -> str:
    """The key in `do_not_call` of a person's reference `form`."""
    return f"{scope}:{form}" if scope else form


def number_key(hashed: str, scope: str = "") -> str:
    """The key in `barred_numbers` of a number's hash."""
    return f"{hashed}@{scope}" if scope else hashed


def is_weaker(entry: Mapping[str, Any], until: int | None, at: datetime) -> bool:
    """Whether a new wish with the end `until` takes the place of that in `entry`, which ends before it or is over."""
    if not holds(entry, at):
        return True
    ends = entry.get("until")
    return ends is not None and (until is None or until > ends)


def gives_way(entry: Mapping[str, Any], source: str, until: int | None, at: datetime) -> bool:
    """Whether a new wish from `source` takes the place of that in `entry`: a weaker one, or one that a call can end.

    A result may be taken back or corrected, and then only the wish of that call may go.
    """
    from_card = Wish.from_entry(entry).source == CARD and source != CARD
    return is_weaker(entry, until, at) or (from_card and until is None)


def keys_of(entry: Mapping[str, Any]) -> set[str]:
    """The keys that stand at people whom the wish in `entry`, or one whose place it took, has taken off their lists."""
    return {str(entry["wish"]["call"]), *map(str, entry["wish"].get("earlier") or ())}


def in_place_of(new: Document, known: Mapping[str, Any]) -> Document:
    """The stored form `new` in the place of the entry `known`: whom that took off comes back when `new` ends."""
    return {**new, "wish": {**new["wish"], "earlier": sorted(keys_of(known) - {new["wish"]["call"]})}}


def stored_form(wish: Wish, campaign: str = "") -> Document:
    """The stored form of `wish`, without its key. `order`: when the entry changed, in milliseconds, for sweeps."""
    fields: Document = {"by": wish.by, "at": wish.at, "source": wish.source, "call": wish.key}
    if wish.why:
        fields["why"] = wish.why
    return {
        "wish": fields,
        "until": wish.until,
        "campaign": campaign,
        "lifted": None,
        # A wish may be written later than it was said, as by a correction; whoever reads what changed must not miss it.
        "order": max(milliseconds(wish.at), milliseconds(now())),
    }
