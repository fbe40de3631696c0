"""One campaign kind, and what is its own: a database, and names of a model, an experiment, folders and a project.

All these names follow one rule. The shipped kind keeps the names in the settings, so an appliance with one kind is as
it always was; every other kind has the same names with its own name added.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import field_validator

from core.schema import Schema, checked_yaml
from core.settings.group import Group
from core.stores.evidently import PROJECT
from core.stores.kind_database import KindDatabase
from core.stores.mongo import Db

S = TypeVar("S", bound=Group)

LONGEST = 40
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
FOLDER = "kinds"


@dataclass(frozen=True)
class Version:
    """One version of a kind: its YAML text, the hash of its content, and who stored it when."""

    hash: str
    content: str
    at: datetime
    by: str


@dataclass(frozen=True)
class Kind:
    """A campaign kind: its schema now, and its versions, the oldest first. `shipped`: CALLWISE_SCHEMA names it."""

    name: str
    schema: Schema
    versions: tuple[Version, ...] = ()
    shipped: bool = False

    @property
    def title(self) -> str:
        """What people call it."""
        return self.schema.title

    @property
    def key(self) -> str:
        """Its name where the shipped kind needs none, and is ""."""
        return "" if self.shipped else self.name

    @property
    def project(self) -> str:
        """Its project in Evidently."""
        return PROJECT if self.shipped else f"{PROJECT} {self.name}"

    def label(self, what: str) -> str:
        """`what`, with the kind's name behind it unless it is the shipped one: `rank`, `rank car-loans`."""
        return what if self.shipped else f"{what} {self.name}"

    def database(self, home: Db) -> Db:
        """Its database, where `home` is the appliance's."""
        return home if self.shipped else KindDatabase(home, self.name, by_reference=bool(self.schema.reference))

    def made_with(self, hash: str) -> Schema | None:
        """The schema of the version with this hash, which a model's tag `schema_sha256` names; None if unknown."""
        if self.schema.hash == hash:
            return self.schema
        found = [version.content for version in self.versions if version.hash == hash]
        return checked_yaml.parse(found[-1], Schema, f"version {hash[:8]} of the kind {self.name}") if found else None


class _Named(Schema):
    """A schema that may become a kind: its name is part of names in MongoDB, MLflow, Prefect, S3 and of folders."""

    @field_validator("name")
    @classmethod
    def _usable(cls, value: str) -> str:
        if len(value) > LONGEST or not NAME.fullmatch(value):
            raise ValueError(
                f"must be lower-case words with dashes between them, at most {LONGEST} letters, such as car-loans"
            )
        return value


def read_kind(text: str, what: str) -> Schema:
    """The schema in a kind's YAML `text`, called `what` in messages.

    Raises SchemaError with line, column, key and rule of everything that is wrong, the name included.
    """
    checked_yaml.parse(text, _Named, what)
    return checked_yaml.parse(text, Schema, what)


def read_kind_file(path: Path) -> Schema:
    """The schema in a kind's YAML file. Raises SchemaError, as `read_kind` does."""
    try:
        return read_kind(path.read_text(encoding="utf-8"), f"campaign kind {path}")
    except OSError as error:
        raise checked_yaml.unusable_file(f"The campaign kind {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise checked_yaml.unusable_file(
            f"The campaign kind {path} cannot be read: it is not UTF-8 (byte {error.start + 1})."
        ) from error


def settings_of(settings: S, kind: Kind) -> S:
    """A copy of `settings` with the names that are the kind's own. MongoDB's is not in it: see `Kind.database`."""
    if kind.shipped:
        return settings
    name = kind.name
    own: dict[str, Callable[[Any], Any]] = {
        "callwise_model_name": lambda value: f"{value}-{name}",
        "callwise_experiment": lambda value: f"{value}-{name}",
        "callwise_data_registry": lambda value: Path(value).with_name(f"{Path(value).name}-{name}"),
        "callwise_spool_dir": lambda value: Path(value) / FOLDER / name,
        "s3_bucket_datasets": lambda value: f"{value}/{FOLDER}/{name}",
    }
    given = {field: getattr(settings, field) for field in own if field in type(settings).model_fields}
    return settings.model_copy(update={field: own[field](value) for field, value in given.items() if value is not None})
