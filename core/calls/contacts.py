"""How people are reached: names, numbers and addresses, apart from everything that a model or a report reads.

A document of `contacts` has the prospect's key:

    {_id, campaign, ref, values: [{column, kind, text}], search: [words], import, history}

`search` holds the words of the names, the addresses, and the last digits of the numbers, so that a person who calls is
found whatever the spelling of their number. `import` and `history` are those of `core.lists.contact_changes`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pymongo import ASCENDING

from core.schema import Schema
from core.schema.column import Contact, Value
from core.stores.mongo import Db, Document, reachable

DIGITS = 8
"""Last digits of a number that are compared: its spellings differ in front."""

LEAST_DIGITS = 5


@dataclass(frozen=True)
class Way:
    """One way to reach a person: the column that it came from, its kind, and the text as the file has it."""

    column: str
    kind: Contact
    text: str

    @property
    def number(self) -> str:
        """The digits of a phone number with its plus, for a `tel:` link, or empty for anything else."""
        if self.kind is not Contact.PHONE:
            return ""
        digits = _digits(self.text)
        return f"+{digits}" if self.text.strip().startswith("+") else digits


def document(schema: Schema, key: str, campaign: str, ref: str, values: Mapping[str, Value]) -> Document | None:
    """What a file says of how the prospect `key` is reached: `values` of its contact columns; None if it has none.

    A blank is in it, too: `core.lists.contact_changes` then removes what was known.
    """
    given = [
        {"column": column.name, "kind": column.contact.value, "text": None if text is None else str(text)}
        for column in schema.contacts
        if column.contact and column.name in values
        for text in (values[column.name],)
    ]
    return {"_id": key, "campaign": campaign, "ref": ref, "values": given} if given else None


def ways(db: Db, prospect: str) -> list[Way]:
    """How the prospect is reached, in the schema's order; empty where nothing is known. Raises Unavailable."""
    with reachable():
        found = db.contacts.find_one({"_id": prospect})
    return [Way(one["column"], Contact(one["kind"]), one["text"]) for one in found["values"]] if found else []


def search_words(values: Iterable[Document]) -> list[str]:
    """The words by which a person with these `values` is found."""
    return sorted({word for value in values for word in _words(Contact(value["kind"]), value["text"])})


def find(db: Db, text: str, many: int) -> list[str]:
    """Keys of at most `many` prospects with all words, the number or the address in `text`. Raises Unavailable."""
    kind = Contact.EMAIL if "@" in text else Contact.PHONE if len(_digits(text)) >= LEAST_DIGITS else Contact.NAME
    words = _words(kind, text)
    if not words:
        return []
    query = {"$and": [{"search": word} for word in words]}
    with reachable():
        return [str(one["_id"]) for one in db.contacts.find(query, {"_id": 1}).sort([("_id", ASCENDING)]).limit(many)]


def _words(kind: Contact, text: str) -> list[str]:
    if kind is Contact.PHONE:
        digits = _digits(text)
        return [digits[-DIGITS:]] if len(digits) >= LEAST_DIGITS else []
    if kind is Contact.EMAIL:
        return [text.strip().casefold()]
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.findall(r"\w+", "".join(letter for letter in plain if not unicodedata.combining(letter)))


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)
