"""How people are reached: names, numbers and addresses, apart from everything that a model or a report reads.

A document of `contacts` has the prospect's key:

    {_id, campaign, ref, sealed: [{column, kind, text, e164}], search: [words], zone, import, history}

`sealed` is encrypted, and each of `search` is hashed (`core.calls.contact_keys`). `search` holds the words of the
names, the addresses, and the last digits of the numbers, so that a person who calls is found whatever the spelling of
their number. `zone` is that of the prospect (`core.values.time_zones`). `import` and `history` are those of
`core.lists.contact_changes`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pymongo import ASCENDING

from core.calling_rules.places import zone_text
from core.calls.contact_keys import ContactKeys
from core.errors import SettingsError
from core.schema import Schema
from core.schema.column import Contact, Value
from core.stores.mongo import Db, Document, reachable
from core.values import phone_numbers

DIGITS = 8
"""Last digits of a number that are compared: its spellings differ in front."""

LEAST_DIGITS = 5


@dataclass(frozen=True)
class Way:
    """One way to reach a person: the column that it came from, its kind, and the text as the file has it.

    `e164`: the number in the form that all spellings share; "" where it is not known, or the way is none. `is_wrong`: a
    number that nobody can call.
    """

    column: str
    kind: Contact
    text: str
    e164: str = ""
    is_wrong: bool = False

    @property
    def number(self) -> str:
        """What a `tel:` link has: the number in E.164, else the digits as they are written, "" for anything else."""
        if self.kind is not Contact.PHONE or self.is_wrong:
            return ""
        return self.e164 or _digits(self.text)


def document(schema: Schema, key: str, campaign: str, ref: str, values: Mapping[str, Value]) -> Document | None:
    """What a file says of how the prospect `key` is reached: `values` of its contact columns; None if it has none.

    A blank is in it, too: `core.lists.contact_changes` then removes what was known.
    """
    given: list[Document] = []
    country = _country(schema, values)
    for column in schema.contacts:
        if column.contact is None or column.name not in values:
            continue
        text = None if values[column.name] is None else str(values[column.name])
        entry: Document = {"column": column.name, "kind": column.contact.value, "text": text}
        given.append(numbered(entry, country or column.region))
    has_phones = any(column.contact is Contact.PHONE for column in schema.contacts)
    said = {"values": given, "has_phones": has_phones}
    return {"_id": key, "campaign": campaign, "ref": ref, **said} if given else None


def zone_of(given: Document | None) -> str:
    """The zones of a person of whom a file says what `document` made; "" where it says nothing."""
    return zone_text(given["values"], has_phones=given["has_phones"]) if given else ""


def _country(schema: Schema, values: Mapping[str, Value]) -> str:
    """The country of which a column says that the person is there, if it has phone numbers of its own."""
    named = (values.get(column.name) for column in schema.contacts if column.contact is Contact.COUNTRY)
    said = next((str(value).upper() for value in named if value), "")
    return said if said and phone_numbers.is_region(said) else ""


def numbered(value: Document, region: str = "") -> Document:
    """A `value` of a contact with what is known of its number, if it is one (`core.values.phone_numbers`)."""
    if value["kind"] != Contact.PHONE or not value["text"]:
        return value
    number = phone_numbers.read(value["text"], region)
    return {**value, "e164": number.e164, "wrong": number.is_wrong}


def wrong_numbers(given: Document) -> list[str]:
    """The phone columns of what `document` made whose numbers nobody can call."""
    return [one["column"] for one in given["values"] if one.get("wrong")]


def ways(db: Db, keys: ContactKeys | None, prospect: str) -> list[Way]:
    """How the prospect is reached, in the schema's order; empty where nothing is known.

    Raises SettingsError if it cannot be read with `keys`; Unavailable.
    """
    with reachable():
        found = db.contacts.find_one({"_id": prospect})
    if not found:
        return []
    return [
        Way(one["column"], Contact(one["kind"]), one["text"], one.get("e164", ""), one.get("wrong", False))
        for one in opened(keys, found)
    ]


def opened(keys: ContactKeys | None, stored: Document, field: str = "sealed") -> list[Document]:
    """The values of a stored contact, or those that it had before (`field`). Raises SettingsError."""
    return required(keys).open(stored[field])


def required(keys: ContactKeys | None) -> ContactKeys:
    """The `keys`, where names and numbers are to be read or written. Raises SettingsError if there are none."""
    if keys is None:
        raise SettingsError(
            "CALLWISE_CONTACT_KEY is not set, and names and numbers are kept encrypted with it.",
            kept="Nothing was read and nothing was written.",
            next="scripts/init adds the key; then docker compose up -d --wait.",
        )
    return keys


def number_hashes(keys: ContactKeys | None, known: Iterable[Way]) -> tuple[str, ...]:
    """The hashes of the numbers among `known` (`core.wishes.number_keys`); none without the key of these hashes."""
    numbers = keys.numbers if keys else None
    return tuple(sorted({numbers.hash(way.e164) for way in known if way.e164 and way.number})) if numbers else ()


def search_words(values: Iterable[Document]) -> list[str]:
    """The words by which a person with these `values` is found."""
    spellings = [(Contact(one["kind"]), text) for one in values for text in (one["text"], one.get("e164")) if text]
    return sorted({word for kind, text in spellings for word in _words(kind, text)})


def find(db: Db, keys: ContactKeys | None, text: str, many: int) -> list[str]:
    """Keys of at most `many` prospects with all words, the number or the address in `text`.

    Raises SettingsError without `keys`; Unavailable.
    """
    kind = Contact.EMAIL if "@" in text else Contact.PHONE if len(_digits(text)) >= LEAST_DIGITS else Contact.NAME
    words = _words(kind, text)
    if not words:
        return []
    query = {"$and": [{"search": {"$in": required(keys).forms(word)}} for word in words]}
    with reachable():
        return [str(one["_id"]) for one in db.contacts.find(query, {"_id": 1}).sort([("_id", ASCENDING)]).limit(many)]


def _words(kind: Contact, text: str) -> list[str]:
    if kind is Contact.PHONE:
        digits = _digits(text)
        return [digits[-DIGITS:]] if len(digits) >= LEAST_DIGITS else []
    if kind is Contact.EMAIL:
        return [text.strip().casefold()]
    if kind is not Contact.NAME:
        return []  # a country finds too many
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.findall(r"\w+", "".join(letter for letter in plain if not unicodedata.combining(letter)))


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)
