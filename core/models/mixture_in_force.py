"""The mixture in force: the document `mixture` of `appliance`.

Monitoring, which follows the decisions, writes it (`monitor.trials.upkeep`), and scoring reads it. Without one, or once
another version is champion, the champion scores alone.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Self

from pymongo.errors import DuplicateKeyError

from core.errors import InputError
from core.models.decisions import SuccessionState
from core.stores.mongo import Db, reachable

KEY = "mixture"


@dataclass(frozen=True)
class Mixture:
    """The version `refresh` with its `weight` (0 to 1) beside `champion`; both are "" while the champion is alone.

    `place`: the last decision that it follows.
    """

    champion: str = ""
    refresh: str = ""
    weight: float = 0.0
    place: int = 0

    @classmethod
    def of_state(cls, state: SuccessionState) -> Self:
        """The mixture that the decisions add up to."""
        if state.champion is None or state.refresh is None:
            return cls(place=state.last)
        return cls(state.champion, state.refresh, state.weight, state.last)


def in_force(db: Db) -> Mixture:
    """The mixture in force. Raises Unavailable, and InputError where the document holds none."""
    with reachable():
        document = db.appliance.find_one({"_id": KEY})
    if document is None:
        return Mixture()
    try:
        mixture = Mixture(**{name: document[name] for name in vars(Mixture())})
        usable = 0 <= mixture.weight <= 1  # a NaN is refused too
    except (KeyError, TypeError):
        usable = False
    if not usable:
        raise InputError(
            f"'{KEY}' in the collection appliance holds no mixture with a weight from 0 to 1.",
            next="Remove the document; monitoring writes it anew.",
        )
    return mixture


def put_in_force(db: Db, mixture: Mixture) -> None:
    """Put `mixture` in force, unless that of a later decision is; safe to repeat. Raises Unavailable."""
    with reachable():
        found = db.appliance.find_one({"_id": KEY, "place": {"$gte": mixture.place}}, {"_id": 1})
        if found is not None:
            return  # this one, or that of a later decision, is in force already
        try:
            earlier = {"_id": KEY, "place": {"$lt": mixture.place}}
            db.appliance.update_one(earlier, {"$set": asdict(mixture)}, upsert=True)
        except DuplicateKeyError:
            return  # another process was quicker
