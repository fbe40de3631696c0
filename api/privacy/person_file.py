"""The records of one person, as they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from api.house import House
from api.http.plain import plain
from api.people.shapes import ways
from core.accounts.tokens import Scope, Token
from core.desk import notes
from core.privacy.documents import Predictions, collections, wishes
from core.privacy.place import Subject
from core.schema.person import Person
from core.scoring.packed import rows_of
from core.stores.mongo import Document

HIDDEN = "…"


def records_of(house: House, token: Token, person: Person) -> dict[str, list[dict[str, Any]]]:
    """By collection, every record of `person` in the kind's database and on the do-not-call list.

    The places are those of an erasure, so that both know the same. Contact data and notes are decrypted, and masked
    without the scope `contacts`. Raises SettingsError if it cannot be read, Unavailable.
    """
    subject, found = Subject(person, "", frozenset()), dict[str, list[dict[str, Any]]]()
    for place in (*collections(house.db), wishes(house.home)):
        if place.name in ("contacts", "answers"):
            continue
        documents: Iterable[Document] = place.records(subject)
        if isinstance(place, Predictions):
            documents = (row for row in rows_of(documents) if person.has(str(row["prospect"])))
        found[place.name] = [_record(document) for document in documents]
    for call in found.get("calls", ()):
        if note := notes.of_call(house.contact_keys, call):
            text = note.text if Scope.CONTACTS in token.scopes else HIDDEN
            call["note"] = {"by": note.by, "at": plain(note.at), "text": text}
    keys = [str(one["_id"]) for one in found.get("prospects", ())]
    found["contacts"] = [
        {"_id": key, "ways": [way.model_dump(mode="json") for way in ways(house, token, key)]} for key in keys
    ]
    return {name: records for name, records in found.items() if records}


def _record(document: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name): plain(value) for name, value in document.items()}
