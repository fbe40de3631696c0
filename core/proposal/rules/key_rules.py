"""Columns that name a person, or a row."""

from __future__ import annotations

from core.proposal import vocabulary
from core.proposal.evidence import ColumnEvidence
from core.proposal.rules.finding import MOSTLY, Found, Habits, Sure
from core.sentences import Sentence


def identifier(found: ColumnEvidence, _how: Habits) -> Found | None:
    """A key: (nearly) unique, and named or written like one."""
    if not found.filled or (found.share(found.dates.dates) >= MOSTLY and found.share(found.numbers.numbers) < MOSTLY):
        return None
    person = vocabulary.has(found.name, vocabulary.PERSON_KEYS)
    named = vocabulary.has(found.name, vocabulary.KEYS) or person
    spaced = found.spaces > found.filled * 0.2
    broken = found.points.broken and found.share(found.numbers.numbers) >= MOSTLY and not found.zeros
    if spaced or found.longest > 64 or (broken and not found.scientific):
        return None
    unique = found.uniqueness >= 0.97 or (found.rows < 50 and named and found.uniqueness >= 0.6)
    digits = found.share(found.lettered) < 1
    counted = _is_counter(found)
    shaped = found.share(_with_digits(found)) >= MOSTLY and (
        found.longest == found.shortest or found.share(found.lettered) >= MOSTLY
    )
    if not unique or found.filled < 3:
        return None
    if not (named or counted or (shaped and found.filled >= 20 and (found.lettered or found.longest >= 8))):
        return None
    if not named and digits and not counted and found.points.broken:
        return None
    key = 0.4 + 0.3 * named + 0.2 * person + 0.1 * (found.filled == found.rows) - 0.2 * counted * (not person)
    number = found.different
    return Found(
        Sentence("Nearly every row has a value of its own ({number} of {rows}).", number=number, rows=found.filled),
        Sure.CERTAIN if named else Sure.LIKELY,
        key=key,
        values={"type": "text", "role": "reference"},
    )


def _with_digits(found: ColumnEvidence) -> int:
    counted = sum(times for word, times in found.words.items() if any(map(str.isdigit, word)))
    return counted * found.filled // max(found.words.total(), 1)


def _is_counter(found: ColumnEvidence) -> bool:
    """Whether its numbers count the rows: 1, 2, 3."""
    whole = found.numbers.numbers == found.filled and not found.points.broken and not found.points.unread
    span = found.points.highest - found.points.lowest + 1
    return whole and found.filled >= 20 and found.uniqueness > 0.98 and abs(span - found.filled) <= found.filled * 0.02
