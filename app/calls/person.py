"""A person on the screen: the schema's columns with labels, grouped by the source of their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.language import formats, translate
from core.clock import now
from core.lists.call_values import next_call_only
from core.schema import Schema
from core.schema.column import Column, Role, Value
from core.scoring.logged import by_key
from core.sentences import Sentence
from core.stores.mongo import Db, Document

TITLES = {
    Role.PROFILE: Sentence("Who they are"),
    Role.HISTORY: Sentence("Earlier contacts"),
    Role.CALL_CONTEXT: Sentence("This call"),
    Role.INDICATOR: Sentence("The economy at the time"),
}
KEY_COLUMNS = 4


@dataclass(frozen=True)
class Section:
    """The fields of one role: its title, and (label, value in words) in the schema's order."""

    role: Role
    title: str
    fields: tuple[tuple[str, str], ...]


def features(db: Db, schema: Schema, prospect: Document) -> Mapping[str, Value]:
    """The person's features for a call now, with the indicators behind the score if the file had none.

    Dates are dates. Raises Unavailable.
    """
    stored: Mapping[str, Value] = prospect["features"] | next_call_only(schema, prospect, now())
    if not prospect.get("economy"):
        return stored
    logged = by_key(db, [prospect["prediction"]]).get(prospect["prediction"])
    return {**logged["features"], **stored} if logged else stored


def sections(schema: Schema, features: Mapping[str, Value]) -> list[Section]:
    """All fields of a person by role, without roles that have no columns."""
    return [
        Section(
            role, translate(title), tuple((formats.label(c), formats.value(c, features.get(c.name))) for c in columns)
        )
        for role, title in TITLES.items()
        if (columns := [column for column in schema.features if column.role is role])
    ]


def key_columns(schema: Schema) -> list[Column]:
    """The few columns that distinguish people in a list: the segments, then categories, history first."""
    chosen = [schema.by_name[name] for name in schema.segments if schema.by_name[name].is_feature]
    others = [c for c in schema.features if c.role in (Role.HISTORY, Role.PROFILE) and c not in chosen]
    others.sort(key=lambda column: (not column.is_category, column.role is not Role.HISTORY))
    return [*chosen, *others][:KEY_COLUMNS]
