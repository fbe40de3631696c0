"""People who were erased and whom no import may bring in again.

One document a person, under their pseudonym: it can be found by a given reference, but does not reveal the reference.
An import checks each row before it stores anything of it, even in a file of rejects. A manager may let a person in
again; the next import then brings them.
"""

from __future__ import annotations

from datetime import datetime

from pymongo.errors import DuplicateKeyError

from core.clock import Clock, now
from core.errors import SettingsError
from core.schema.person import Person, Pseudonyms
from core.stores.kind_database import kind_of
from core.stores.mongo import Db, reachable

AGAIN = 1_000  # rows of a file after which the list is read again


def keep_out(db: Db, pseudonym: str, *, receipt: str, at: datetime) -> None:
    """Put the person with this pseudonym on the list, for `receipt`. Safe to repeat. Raises Unavailable."""
    listed = {"since": {"at": at, "receipt": receipt}, "lifted": None}
    with reachable():
        try:
            db.kept_out.insert_one({"_id": pseudonym, **listed})
        except DuplicateKeyError:
            lifted_before = {"_id": pseudonym, "since.receipt": {"$ne": receipt}}
            db.kept_out.update_one(lifted_before, {"$set": listed})


def let_in(db: Db, pseudonym: str, *, by: str, clock: Clock = now) -> None:
    """Let the person with this pseudonym come in again. Safe to repeat. Raises Unavailable."""
    with reachable():
        db.kept_out.update_one({"_id": pseudonym, "lifted": None}, {"$set": {"lifted": {"by": by, "at": clock()}}})


def is_kept_out(db: Db, pseudonym: str) -> bool:
    """Whether the person with this pseudonym is on the list. Raises Unavailable."""
    with reachable():
        found = db.kept_out.find_one({"_id": pseudonym})
    return bool(found and not found["lifted"])


class Doorkeeper:
    """Checks the rows of an import. `key` is that of `Pseudonyms`; `turned_away` counts the rows kept out."""

    def __init__(self, db: Db, key: str | None) -> None:
        """Raises SettingsError if people are kept out and there is no key to recognise them; Unavailable."""
        self._db, self._pseudonyms = db, Pseudonyms(key or "")
        self._listed = self._read()
        self._checked = self.turned_away = 0
        if self._listed and not key:
            raise SettingsError(
                "People were erased and must not come in again, but there is no key to recognise them.",
                kept="Nothing was imported.",
                next="Set CALLWISE_ERASURE_KEY to the value under which they were erased.",
            )

    def keeps_out(self, ref: str, campaign: str | None) -> bool:
        """Whether the person is kept out: from all campaigns, or from the given one alone. Raises Unavailable."""
        self._checked += 1
        if self._checked % AGAIN == 0:
            self._listed = self._read()
        if not ref or not self._listed:
            return False
        if self._listed.isdisjoint(self._pseudonyms.pseudonyms(Person(ref, campaign, kind_of(self._db)))):
            return False
        self.turned_away += 1
        return True

    def _read(self) -> frozenset[str]:
        with reachable():
            return frozenset(entry["_id"] for entry in self._db.kept_out.find({}) if not entry["lifted"])


class OpenDoor(Doorkeeper):
    """Lets everybody in: nobody was erased, or they were turned away before."""

    def __init__(self) -> None:
        self.turned_away = 0

    def keeps_out(self, ref: str, campaign: str | None) -> bool:  # noqa: ARG002 - it looks at nobody
        """False."""
        return False
