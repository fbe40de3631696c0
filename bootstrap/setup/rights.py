"""What each service may do on MongoDB and S3: the least it needs, following who writes which contract.

Everybody may read every collection of the appliance but those of people's accounts and sessions, which only the app
reads (and the set-up, which makes the first account); who writes one, is said here. What is only ever added to (events,
models, predictions) can be added to and not changed. Nobody but the set-up makes indexes, and nobody drops anything.
Documents are removed by two: the app takes back an outcome within a minute and clears sessions that ended, and the
worker erases a person whom a manager named (docs/decisions/0015-erasure.md); it cannot change what it may remove.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

READ, WRITE, DELETE, MAKE = "read", "write", "delete", "make the bucket"


@dataclass(frozen=True)
class MongoRights:
    """`writes`: collections it inserts into and updates. `appends`: collections it inserts into, and no more.

    `removes`: collections of which it may remove documents.

    `owns`: all of that on every collection, and indexes; for the set-up.
    """

    writes: tuple[str, ...] = ()
    appends: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()
    owns: bool = False


@dataclass(frozen=True)
class Rights:
    """One service's rights. `s3`: what it may do in a bucket (`datasets`, `models`): read, write, delete, make it.

    A bucket may be narrowed to the objects under a prefix: `datasets/imports/`.
    """

    service: str
    mongo: MongoRights | None = None
    s3: Mapping[str, tuple[str, ...]] | None = None

    def summary(self) -> str:
        """In words, for the log."""
        parts = []
        if self.mongo is not None:
            what = ", ".join([*self.mongo.writes, *(f"{name} (adds only)" for name in self.mongo.appends)])
            if self.mongo.removes:
                what += f"; removes from {', '.join(self.mongo.removes)}"
            what = "owns the database" if self.mongo.owns else f"writes {what}"
            parts.append(f"MongoDB: {what}")
        for bucket, actions in (self.s3 or {}).items():
            parts.append(f"S3 {bucket}: {', '.join(actions)}")
        return "; ".join(parts)


RIGHTS = (
    Rights("bootstrap", MongoRights(owns=True), {"datasets": (READ, WRITE, MAKE), "models": (READ, WRITE, MAKE)}),
    Rights("mlflow", None, {"models": (READ, WRITE, DELETE)}),
    Rights(
        "prefect-worker",
        MongoRights(
            writes=("erasures", "kept_out"),
            appends=("events", "models"),
            removes=("calls", "outcomes", "prospects", "predictions", "do_not_call"),  # of people who are erased
        ),
        {"datasets": (READ, WRITE, DELETE)},
    ),
    Rights("mlserver", MongoRights(appends=("predictions",))),
    Rights(
        "monitor",
        MongoRights(
            writes=("prospects", "reports", "appliance", "indicators", "incidents", "do_not_call", "erasures"),
            appends=("events", "models", "outcomes"),  # outcomes: where the app died before it wrote one
        ),
        {"datasets": (READ,)},
    ),
    # Of S3 only the files of rejected rows; of incidents who looks after them.
    Rights(
        "app",
        MongoRights(
            writes=(
                *("campaigns", "prospects", "calls", "outcomes", "do_not_call", "incidents", "mappings", "imports"),
                *("erasures", "kept_out"),  # asks for somebody to be erased, and lets somebody come in again
                *("users", "sessions", "attempts"),
            ),
            appends=("events", "models", "reviews"),
            # The outcome of a result that was taken back within a minute; what has ended of the others.
            removes=("outcomes", "sessions", "attempts"),
        ),
        {"datasets/imports/": (READ, WRITE)},
    ),
)
