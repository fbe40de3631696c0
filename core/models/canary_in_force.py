"""The canary's share in force: the document `canary_share` of `appliance`.

Monitoring, which knows the evidence, writes it (`monitor.trials.trial`), and scoring reads it. Without one, or for
another version, the canary has the share of the setting CALLWISE_CANARY_SHARE.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Self

from core.errors import InputError
from core.stores.mongo import Db, Document, reachable

KEY = "canary_share"


@dataclass(frozen=True)
class CanaryShare:
    """The `share` (0 to 1) of the people whom the canary `version` scores, since `at`."""

    version: str
    share: float
    at: datetime

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """The share in the document of `appliance`. Raises InputError where it holds none."""
        try:
            found = cls(**{field.name: document["canary"][field.name] for field in fields(cls)})
            usable = 0 <= found.share <= 1  # a NaN is refused too
        except (KeyError, TypeError):
            usable = False
        if not usable:
            raise InputError(
                f"'{KEY}' in the collection appliance holds no share from 0 to 1 of a version.",
                next="Remove the document; monitoring writes it anew.",
            )
        return replace(found, share=float(found.share))


def in_force(db: Db) -> CanaryShare | None:
    """The share in force; None before the first. Raises Unavailable, and InputError where the document holds none."""
    with reachable():
        document = db.appliance.find_one({"_id": KEY})
    return CanaryShare.from_document(document) if document else None


def put_in_force(db: Db, canary: CanaryShare) -> None:
    """Put the share in force; safe to repeat. Raises Unavailable."""
    with reachable():
        db.appliance.update_one({"_id": KEY}, {"$set": {"canary": asdict(canary)}}, upsert=True)
