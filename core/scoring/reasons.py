"""The reasons for a person's score: the columns that move it furthest from the average, and by how much.

An effect is in log-odds and leaves out the level (`core.models.level`), which moves all scores alike. The economy's
indicators and the calendar's month and weekday are never reasons, because they are the same for everybody.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from core.schema import Schema
from core.schema.column import Column, Role

MANY = 3
LEAST = 0.05
"""The smallest effect of a reason; it moves the odds by a twentieth."""

DECIMALS = 4


@dataclass(frozen=True)
class Reason:
    """A column and its effect on the log-odds; above 0 the person's value raises the chance."""

    column: str
    effect: float

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The reason in a document that `to_documents` made."""
        return cls(str(document["column"]), float(document["effect"]))


def eligible_columns(schema: Schema) -> list[Column]:
    """The columns that may be reasons, because they differ between people; in the schema's order."""
    calendar = schema.calendar.columns if schema.calendar else ()
    return [c for c in schema.features if c.role is not Role.INDICATOR and c.name not in calendar]


def strongest(effects: Mapping[str, float]) -> tuple[Reason, ...]:
    """The up to `MANY` columns with the strongest effects of at least `LEAST`, the strongest first."""
    reasons = [Reason(column, round(float(effect), DECIMALS)) for column, effect in effects.items()]
    reasons.sort(key=lambda reason: (-abs(reason.effect), reason.column))
    return tuple(reason for reason in reasons[:MANY] if abs(reason.effect) >= LEAST)


def to_documents(reasons: Sequence[Reason] | None) -> list[dict[str, Any]] | None:
    """Reasons as MongoDB stores them; None where the model gave none."""
    return None if reasons is None else [asdict(reason) for reason in reasons]


def from_documents(documents: Sequence[Mapping[str, Any]] | None) -> tuple[Reason, ...] | None:
    """The reasons that `to_documents` made."""
    return None if documents is None else tuple(map(Reason.from_document, documents))


def to_json(reasons: Sequence[Reason] | None) -> str:
    """Reasons as JSON, for a tensor of words."""
    return json.dumps(to_documents(reasons))


def from_json(text: str) -> tuple[Reason, ...] | None:
    """The reasons that `to_json` wrote."""
    return from_documents(json.loads(text))
