"""A person on the screen: the schema's columns with their labels, grouped by where the value comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.language import formats, said
from core.schema import Schema
from core.schema.column import Column, Role, Value
from core.sentences import Sentence
from core.stores.mongo import Db, Document, reachable

TITLES = {
    Role.PROFILE: Sentence("Who they are"),
    Role.HISTORY: Sentence("Earlier contacts"),
    Role.CALL_CONTEXT: Sentence("This call"),
    Role.INDICATOR: Sentence("The economy at the time"),
}
KEY_COLUMNS = 4


@dataclass(frozen=True)
class Section:
    """Fields that belong together: a role, its title, and (label, value in words) in the schema's order."""

    role: Role
    title: str
    fields: tuple[tuple[str, str], ...]


def features(db: Db, prospect: Document) -> Mapping[str, Value]:
    """What is known of a person; where the indicators were left to the economy, with those the score rests on.

    Raises Unavailable.
    """
    stored: Mapping[str, Value] = prospect["features"]
    if not prospect.get("economy"):
        return stored
    with reachable():
        logged = db.predictions.find_one({"_id": prospect["prediction"]})
    return {**logged["features"], **stored} if logged else stored


def sections(schema: Schema, features: Mapping[str, Value]) -> list[Section]:
    """All of a person's fields, grouped; a role without columns is left out."""
    return [
        Section(role, said(title), tuple((formats.label(c), formats.value(c, features.get(c.name))) for c in columns))
        for role, title in TITLES.items()
        if (columns := [column for column in schema.features if column.role is role])
    ]


def key_columns(schema: Schema) -> list[Column]:
    """The few columns that tell people apart in a list: the schema's segments, then categories, history first."""
    chosen = [schema.by_name[name] for name in schema.segments if schema.by_name[name].is_feature]
    others = [c for c in schema.features if c.role in (Role.HISTORY, Role.PROFILE) and c not in chosen]
    others.sort(key=lambda column: (not column.is_category, column.role is not Role.HISTORY))
    return [*chosen, *others][:KEY_COLUMNS]
