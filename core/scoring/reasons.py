"""Why somebody's score is what it is: the columns that move it furthest from the average, and by how much.

An effect is in log-odds, so the level of the scores (`core.models.level`), which moves everybody alike, is no part of
it. What is the same for everybody is no reason for one of them: the economy's indicators and the calendar's month and
weekday.
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
"""Effects below it are no reasons: they move the odds by less than a twentieth."""

DECIMALS = 4


@dataclass(frozen=True)
class Reason:
    """A column and its effect on the log-odds, above 0 where the person's value raises the chance."""

    column: str
    effect: float

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The reason in a document that `documents` made."""
        return cls(str(document["column"]), float(document["effect"]))


def telling(schema: Schema) -> list[Column]:
    """The columns that may be reasons: those that tell one person from another, in the schema's order."""
    calendar = schema.calendar.columns if schema.calendar else ()
    return [c for c in schema.features if c.role is not Role.INDICATOR and c.name not in calendar]


def strongest(effects: Mapping[str, float]) -> tuple[Reason, ...]:
    """The `MANY` strongest of the effects by column, the strongest first; fewer where there is not enough to say."""
    reasons = [Reason(column, round(float(effect), DECIMALS)) for column, effect in effects.items()]
    reasons.sort(key=lambda reason: (-abs(reason.effect), reason.column))
    return tuple(reason for reason in reasons[:MANY] if abs(reason.effect) >= LEAST)


def documents(reasons: Sequence[Reason] | None) -> list[dict[str, Any]] | None:
    """Reasons as they are stored; None where there was nobody to give them."""
    return None if reasons is None else [asdict(reason) for reason in reasons]


def stored(documents: Sequence[Mapping[str, Any]] | None) -> tuple[Reason, ...] | None:
    """Reasons as `documents` made them."""
    return None if documents is None else tuple(map(Reason.from_document, documents))


def text(reasons: Sequence[Reason] | None) -> str:
    """Reasons as JSON, for a tensor of words."""
    return json.dumps(documents(reasons))


def parsed(text: str) -> tuple[Reason, ...] | None:
    """Reasons as `text` wrote them."""
    return stored(json.loads(text))
