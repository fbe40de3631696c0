"""What each service may do on MongoDB and S3: the least that it needs.

Every service reads every collection except accounts and sessions, which only the app, the set-up and the backup read,
and the tokens of programs, which the API reads, too.
The writers are listed here. Events and models can be added and never changed. Only the set-up makes indexes, and the
app those of a new kind; no service drops anything. Two services remove documents: the app takes back an outcome within
a minute, undoes an import and clears ended sessions; the worker erases a person and deletes a campaign that a manager
named (docs/decisions/0015-erasure.md), and clears old predictions (`trainer.retention`). It cannot change the
documents that it may remove, but for predictions, of which a record may hold many people.

The rights are by collection, and the same in every campaign kind's database. On S3 a kind is a folder of the bucket.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

READ, WRITE, DELETE, MAKE = "read", "write", "delete", "make the bucket"


@dataclass(frozen=True)
class MongoRights:
    """A service's collections: `writes` allows to insert and update, `appends` only to insert, `changes` only to
    update, `removes` to remove.

    `owns`: everything on every collection, and indexes; for the set-up. `indexes`: it makes those of a new kind.
    `reads_private`: also people's accounts and sessions; `reads`: these of them alone.
    """

    writes: tuple[str, ...] = ()
    appends: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()
    owns: bool = False
    indexes: bool = False
    reads_private: bool = False
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rights:
    """One service's rights. `s3`: its actions (READ, WRITE, DELETE, MAKE) by bucket (`datasets`, `models`).

    A prefix may limit a bucket to some objects: `datasets/imports/`.
    """

    service: str
    mongo: MongoRights | None = None
    s3: Mapping[str, tuple[str, ...]] | None = None

    def summary(self) -> str:
        """The rights in words, for the log."""
        parts = []
        if self.mongo is not None:
            what = ", ".join([*self.mongo.writes, *(f"{name} (adds only)" for name in self.mongo.appends)])
            if self.mongo.changes:
                what += f"; changes {', '.join(self.mongo.changes)}"
            if self.mongo.removes:
                what += f"; removes from {', '.join(self.mongo.removes)}"
            what = "owns the database" if self.mongo.owns else f"writes {what}" if what else "writes nothing"
            what += ", and reads all" if self.mongo.reads_private else ""
            parts.append(f"MongoDB: {what}")
        for bucket, actions in (self.s3 or {}).items():
            parts.append(f"S3 {bucket}: {', '.join(actions)}")
        return "; ".join(parts)


RIGHTS = (
    Rights("bootstrap", MongoRights(owns=True), {"datasets": (READ, WRITE, MAKE), "models": (READ, WRITE, MAKE)}),
    Rights("backup", MongoRights(reads_private=True), {"datasets": (READ,), "models": (READ,)}),
    Rights("mlflow", None, {"models": (READ, WRITE, DELETE)}),
    Rights(
        "prefect-worker",
        MongoRights(
            writes=("erasures", "kept_out", "deletions", "retention"),
            appends=("events", "models"),
            # A record of many people goes on without the one who is erased, and so does a wish by number.
            changes=("predictions", "barred_numbers"),
            # Of people who are erased, and of campaigns that are deleted.
            removes=(
                *("calls", "contacts", "outcomes", "prospects", "predictions", "do_not_call", "campaigns", "imports"),
                *("answers", "changes"),
            ),
        ),
        {"datasets": (READ, WRITE, DELETE)},
    ),
    Rights("mlserver", MongoRights(appends=("predictions",))),
    Rights(
        "monitor",
        MongoRights(
            # Calls, and outcomes that go: a correction that the app did not complete (core/desk).
            writes=(
                *("calls", "prospects", "reports", "appliance", "indicators", "incidents", "erasures"),
                *("do_not_call", "barred_numbers"),  # makes wishes of calls good, and ends those that are over
            ),
            # An outcome, if the app died before writing it.
            appends=("events", "models", "outcomes", "changes"),
            removes=("outcomes",),
        ),
        {"datasets": (READ,)},
    ),
    # On S3 only the files of rejected rows; in incidents only their owner.
    Rights(
        "app",
        MongoRights(
            writes=(
                *(
                    "campaigns",
                    "prospects",
                    "contacts",
                    "calls",
                    "outcomes",
                    "do_not_call",
                    "barred_numbers",
                    "registers",
                    "register_buckets",
                    "incidents",
                    "mappings",
                    "imports",
                ),
                *("erasures", "kept_out"),  # requests an erasure, and allows a person to be imported again
                "deletions",  # requests the deletion of a campaign
                "kinds",  # a manager makes a kind from a file
                *("users", "sessions", "attempts", "tokens"),
            ),
            appends=("events", "models", "reviews"),
            # The outcome of a result taken back within a minute; ended sessions and attempts; people and outcomes of an
            # import that is undone; earlier versions of registers of numbers.
            removes=("outcomes", "prospects", "contacts", "sessions", "attempts", "register_buckets"),
            indexes=True,
        ),
        {"datasets/imports/": (READ, WRITE), "datasets/kinds/*/imports/": (READ, WRITE)},
    ),
    # What the app writes for agents and managers, without people's accounts: it knows tokens alone.
    Rights(
        "api",
        MongoRights(
            writes=(
                *("campaigns", "prospects", "contacts", "calls", "outcomes", "mappings", "imports"),
                *("do_not_call", "barred_numbers", "erasures", "token_uses", "answers"),
            ),
            appends=("events",),
            reads=("tokens",),
        ),
        {"datasets/imports/": (READ, WRITE), "datasets/kinds/*/imports/": (READ, WRITE)},
    ),
)
