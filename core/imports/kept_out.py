"""Those who were erased and must not come in again, whatever file they stand in.

One document a person, `{keyed hash}`: whom it is about can be told from a reference that is given, and not the other
way round. An import asks for each row before anything of it is kept, a reject file included. A manager may let somebody
in again, who then comes with the next import.
"""

from __future__ import annotations

from datetime import datetime

from pymongo.errors import DuplicateKeyError

from core.clock import Clock, now
from core.errors import SettingsError
from core.schema.person import Person, Pseudonyms
from core.stores.mongo import Db, reachable

AGAIN = 1_000  # rows of a file after which the list is read anew


def keep_out(db: Db, pseudonym: str, *, receipt: str, at: datetime) -> None:
    """Put the person of this keyed hash on the list, for `receipt`. Safe to repeat. Raises Unavailable."""
    listed = {"since": {"at": at, "receipt": receipt}, "lifted": None}
    with reachable():
        try:
            db.kept_out.insert_one({"_id": pseudonym, **listed})
        except DuplicateKeyError:
            lifted_before = {"_id": pseudonym, "since.receipt": {"$ne": receipt}}
            db.kept_out.update_one(lifted_before, {"$set": listed})


def let_in(db: Db, pseudonym: str, *, by: str, clock: Clock = now) -> None:
    """Let the person of this keyed hash come in again. Safe to repeat. Raises Unavailable."""
    with reachable():
        db.kept_out.update_one({"_id": pseudonym, "lifted": None}, {"$set": {"lifted": {"by": by, "at": clock()}}})


def is_kept_out(db: Db, pseudonym: str) -> bool:
    """Whether the person of this keyed hash is on the list. Raises Unavailable."""
    with reachable():
        found = db.kept_out.find_one({"_id": pseudonym})
    return bool(found and not found["lifted"])


class Doorkeeper:
    """Asked by an import. `key` is that of `Pseudonyms`; `turned_away` counts the rows that did not come in."""

    def __init__(self, db: Db, key: str | None) -> None:
        """Raises SettingsError where people are kept out and there is no key to recognise them by; Unavailable."""
        self._db, self._pseudonyms = db, Pseudonyms(key or "")
        self._listed = self._read()
        self._asked = self.turned_away = 0
        if self._listed and not key:
            raise SettingsError(
                "There are people who were erased and must not come in again, and no key to recognise them by.",
                kept="Nothing was imported.",
                next="Set CALLWISE_ERASURE_KEY to the value under which they were erased.",
            )

    def turns_away(self, ref: str, campaign: str | None) -> bool:
        """Whether the person stays out: `ref` in every campaign or, without a reference column, in `campaign` alone.

        Raises Unavailable.
        """
        self._asked += 1
        if self._asked % AGAIN == 0:
            self._listed = self._read()
        if not ref or not self._listed or self._pseudonyms.pseudonym(Person(ref, campaign)) not in self._listed:
            return False
        self.turned_away += 1
        return True

    def _read(self) -> frozenset[str]:
        with reachable():
            return frozenset(found["_id"] for found in self._db.kept_out.find({}) if not found["lifted"])
