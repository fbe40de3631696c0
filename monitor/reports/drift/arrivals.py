"""Who has arrived: each person once, with the values of their arrival, whether they were called or not.

Drift compares those who came last with those who came before them. Not whoever was ranked, or is left on a list: agents
call the best first, so the others differ from those who were called, and a list that is ranked again looks like other
people, although nobody has changed. And not the calls that a file brought: those were chosen, too. So a file that
brings people with the outcomes of earlier calls, as a history does, brings for the list whoever was *left over*: nobody
is compared with them.

The people of one file have one time of arrival, and are in the order of their mark (`core.lists.arrival`). A file
counts with at most as many people as a window has, or a large one would be compared with itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from pymongo import ASCENDING, DESCENDING

from core.lists import changes
from core.lists.logged_import import Kind
from core.schema import Schema
from core.schema.as_of import as_of
from core.schema.column import Value
from core.schema.economy import KnownFigures
from core.stores.mongo import Db, Document, reachable

BEFORE = 2
"""Windows before the newest one that it is compared with."""
LEAST = 300
"""People that a window needs while there are too few for a whole one."""
LEFT_OVER = 0.1
"""Share of a file's new people from which it is a history: so many had been called already."""
VALUES = {"features": 1, "history": 1}
"""The fields of a prospect that say what was known of them on arrival."""


@dataclass(frozen=True)
class Arrival:
    """A person who arrived `at`; `id` is the prospect's key, `file` the name of the file that brought them.

    `left_over`: the file is a history, and they are those whom nobody had called.
    """

    id: str
    at: datetime
    features: Mapping[str, Value]
    file: str = ""
    left_over: bool = False


@dataclass(frozen=True)
class Cohorts:
    """People who arrived, in groups, each with the newest first.

    `window`: the newest; `before`: those before the window; `accepted`: those from when a model was last
    accepted (`core.models.decisions.SuccessionState.accepted`), in any order.
    `known`: a hash of the figures that fill indicators which files left out; empty without any.
    """

    window: Sequence[Arrival]
    before: Sequence[Arrival]
    accepted: Sequence[Arrival] = ()
    known: str = ""

    @classmethod
    def of(cls, newest: Sequence[Arrival], accepted: Sequence[Arrival], size: int, known: str = "") -> Cohorts:
        """The cohorts of `newest` (at most `size` times three, the newest first), with a window of at most `size`.

        While fewer have arrived, the window is at most half of them, from `LEAST` on, and no file counts with more
        people than the window has: people of the newest file are never compared with others of it. Of `accepted`
        nobody is in the window. Whoever was left over is in it only while hardly anybody else has arrived; nobody is
        compared with them.
        """
        own = [one for one in newest if not one.left_over]
        counts = own if len(own) >= min(size, LEAST) else newest
        files = [list(people) for _, people in groupby(counts, key=lambda one: (one.at, one.file))]
        sizes = [len(people) for people in files]
        fits = (many for many in range(size, LEAST, -1) if sum(min(one, many) for one in sizes) >= 2 * many)
        many = next(fits, min(size, LEAST))
        counted = [one for people in files for one in people[:many]]
        window = counted[:many]
        before = [one for one in counted[many : (1 + BEFORE) * many] if not one.left_over]
        newest_files = {(one.at, one.file) for one in window}
        in_use = [one for one in accepted if (one.at, one.file) not in newest_files and not one.left_over]
        return cls(window, before, in_use[: BEFORE * many], known)

    @property
    def files(self) -> list[tuple[str, int]]:
        """The files that brought people of the window and nobody before it, with their number, the largest first."""
        earlier = {one.file for one in self.before}
        return Counter(one.file for one in self.window if one.file and one.file not in earlier).most_common()


def read(db: Db, schema: Schema, size: int, accepted: datetime, known: KnownFigures) -> Cohorts:
    """The cohorts for windows of at most `size`; a model was last accepted at `accepted`.

    Values are those of the arrival; where a file left out an indicator it has the value in `known`. Reads at most
    `size` people of a file, and as many files as that needs. Raises Unavailable.
    """
    with reachable():
        newest = _newest(db, schema, size, (1 + BEFORE) * size, {}, known)
        earlier = _newest(db, schema, size, BEFORE * size, {"times.begun": {"$lt": accepted}}, known)
        if not are_enough(earlier, size):
            earlier = _newest(db, schema, size, BEFORE * size, {"times.begun": {"$gte": accepted}}, known, ASCENDING)
    return Cohorts.of(newest, earlier, size, known.hash if known.figures else "")


def are_enough(earlier: Sequence[Arrival], size: int) -> bool:
    """Whether enough people came `earlier` than a model was accepted; else those stand for them who came first after.

    A first model is accepted on the day on which the team brings its list, and whoever is left over there is compared
    with nobody.
    """
    return sum(not one.left_over for one in earlier) >= size


def state(db: Db) -> list[tuple[str, str, int]]:
    """What tells whether somebody has arrived: the newest imports, with their state and how many rows they have read.

    Raises Unavailable.
    """
    with reachable():
        found = db.imports.find({}, {"state": 1, "progress": 1, "order": 1}).sort([("order", DESCENDING)]).limit(20)
        return [(str(one["_id"]), str(one["state"]), int(one["progress"]["done"])) for one in found]


def _newest(
    db: Db,
    schema: Schema,
    each: int,
    many: int,
    condition: Mapping[str, Any],
    known: KnownFigures,
    order: int = DESCENDING,
) -> list[Arrival]:
    """Up to `many` people of the files that meet `condition`, the newest first, or with `order` the oldest."""
    found: list[Arrival] = []
    for entry in _files(db, condition, order):
        rest = min(each, many - len(found))
        query = {"arrival.import": entry["_id"]}
        people = db.prospects.find(query, VALUES).sort([("arrival.draw", ASCENDING)]).limit(rest)
        found += [_arrival(person, schema, entry, known) for person in people]
        if len(found) >= many:
            break
    return found


def _files(db: Db, condition: Mapping[str, Any], order: int) -> Iterator[Document]:
    """The imports of people that meet `condition`, in this `order`."""
    for entry in db.imports.find(dict(condition)).sort([("order", order)]):
        if (entry.get("kind") or Kind.PEOPLE) == Kind.PEOPLE:
            yield entry


def left_over(came_called: int, new: int) -> bool:
    """Whether a file is a history: enough of its `new` people had been called already (`came_called`)."""
    return came_called >= LEFT_OVER * new > 0


def _arrival(person: Document, schema: Schema, entry: Document, known: KnownFigures) -> Arrival:
    at, counts = entry["times"]["begun"], entry.get("report") or {}
    first = known.fill(changes.features_at(person, at), schema)
    left = left_over(int(counts.get("came_called") or 0), int(counts.get("came") or 0))
    return Arrival(str(person["_id"]), at, as_of(schema, first, at, calls=0), str(entry["file"]), left)
