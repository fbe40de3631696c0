"""The collections of MongoDB that hold people, as places of erasure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from core.privacy.place import Subject
from core.schema.person import Person
from core.scoring.packed import PACKED, PEOPLE, rows_of, without
from core.stores.embedded_mongo import remove_by_key
from core.stores.mongo import Db, Document, reachable

RECORDS = 200
"""Records of predictions that are read at once."""


@dataclass(frozen=True)
class Collection:
    """The documents of one collection whose `field` is one of the person's keys, as `keys` makes them."""

    db: Db
    name: str
    field: str
    keys: Callable[[Person, Sequence[str]], list[str]] = lambda person, campaigns: person.keys(campaigns)

    def count(self, subject: Subject) -> int:
        """How many documents are the subject's."""
        return len(self._found(subject))

    def erase(self, subject: Subject) -> None:
        """Remove these documents."""
        ids = self._found(subject)
        with reachable():
            remove_by_key(self.db[self.name], ids)

    def records(self, subject: Subject) -> list[Document]:
        """These documents, whole."""
        with reachable():
            return list(self.db[self.name].find({"_id": {"$in": self._found(subject)}}))

    def _found(self, subject: Subject) -> list[str]:
        with reachable():
            query = {self.field: {"$in": self._keys(subject)}}
            return [str(document["_id"]) for document in self.db[self.name].find(query, {"_id": 1})]

    def _keys(self, subject: Subject) -> list[str]:
        with reachable():
            # A prediction may wait in the scoring service's spool while its campaign is deleted, and arrive afterwards.
            campaigns = [
                *(str(campaign["_id"]) for campaign in self.db.campaigns.find({}, {"_id": 1})),
                *(str(deletion["campaign"]) for deletion in self.db.deletions.find({}, {"campaign": 1})),
            ]
        return self.keys(subject.person, campaigns)


@dataclass(frozen=True)
class Predictions(Collection):
    """The rows of the prediction log. A packed record goes on without the person's."""

    name: str = "predictions"
    field: str = "prospect"

    def count(self, subject: Subject) -> int:
        """How many rows are the subject's."""
        is_theirs = self._is_theirs(subject)
        return sum(is_theirs(str(row["prospect"])) for row in rows_of(self._records(subject)))

    def erase(self, subject: Subject) -> None:
        """Remove these rows."""
        is_theirs = self._is_theirs(subject)
        for record in self._records(subject):
            rest = without(record, is_theirs)
            with reachable():
                if rest is None:
                    remove_by_key(self.db.predictions, [record["_id"]])
                elif rest is not record:
                    changed = {name: rest[name] for name in (*PEOPLE, PACKED)}
                    # Another erasure may have changed it since; then this one is repeated.
                    unchanged = {"_id": record["_id"], "many": record["many"]}
                    self.db.predictions.update_one(unchanged, {"$set": changed})

    def _is_theirs(self, subject: Subject) -> Callable[[str], bool]:
        keys = frozenset(self._keys(subject))
        return lambda key: key in keys or subject.person.has(key)

    def _records(self, subject: Subject) -> Iterator[Document]:
        found = self._found(subject)
        for start in range(0, len(found), RECORDS):
            with reachable():
                yield from list(self.db.predictions.find({"_id": {"$in": found[start : start + RECORDS]}}))


@dataclass(frozen=True)
class WishesByPerson(Collection):
    """The person's entries on the do-not-call list, for all campaigns and for one."""

    name: str = "do_not_call"
    field: str = "_id"
    keys: Callable[[Person, Sequence[str]], list[str]] = lambda person, _: (
        list(person.forms) if person.campaign is None else []
    )

    def _found(self, subject: Subject) -> list[str]:
        forms = self._keys(subject)
        with reachable():
            scoped = [str(one["_id"]) for one in self.db.do_not_call.find({"person": {"$in": forms}}, {"_id": 1})]
        return [*super()._found(subject), *scoped]


@dataclass(frozen=True)
class WishesByNumber(Collection):
    """Wishes by number that came from a call to the person. The wish goes on, and forgets whose call it was.

    The hash of the number stays: without it the number would be called again, which the person asked to end.
    """

    name: str = "barred_numbers"
    field: str = "made.prospect"

    def erase(self, subject: Subject) -> None:
        """Remove the call from these wishes."""
        with reachable():
            for key in self._found(subject):
                self.db.barred_numbers.update_one({"_id": key}, {"$set": {"made": None}})


def collections(db: Db) -> list[Collection]:
    """The collections of a kind that hold people, in the order in which they are cleared.

    Calls go first, because `core.calls.claims.settle_calls` makes missing records of them. Outcomes go before
    prospects, because an outcome without a prospect would stop a training.
    """
    return [
        Collection(db, "calls", "prospect"),
        Collection(db, "outcomes", "prospect"),
        Collection(db, "contacts", "_id"),
        Collection(db, "prospects", "_id"),
        # What the API said of them, kept for requests that are repeated, and what its feed says.
        Collection(db, "answers", "prospects"),
        Collection(db, "changes", "prospect"),
        Predictions(db),
        WishesByNumber(db),
    ]


def wishes(home: Db) -> Collection:
    """The appliance's do-not-call list."""
    return WishesByPerson(home)
