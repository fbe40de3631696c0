"""What a new version of a kind needs before it may be used: nothing, a training, or that it be refused.

A champion goes on scoring with the columns and words that it knows. So what is added costs no score and waits for the
next training; what is taken away, and is still needed, is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.schema import FOR_READING, Schema
from core.schema.column import Column, Role

UNSEEN = {"label", "unit", "reason", *FOR_READING}
"""What of a column no model ever sees."""


class Needs(StrEnum):
    """What a change needs."""

    NOTHING = "nothing"
    TRAINING = "a training"
    REFUSED = "refused"


@dataclass(frozen=True)
class Change:
    """What a change `needs`, and why: a sentence for each reason."""

    needs: Needs
    why: tuple[str, ...] = ()


def change(before: Schema, after: Schema, champion: Schema | None = None) -> Change:
    """What the step from `before` to `after` needs; `champion` is the schema that the champion was made with."""
    refused = [*_people_change(before, after), *_taken(before, after), *_missed(champion, after)]
    refused += [*_demanded(before, after), *_turned(before, after)]
    if refused:
        return Change(Needs.REFUSED, tuple(refused))
    added = _added(before, after)
    return Change(Needs.TRAINING, tuple(added)) if added else Change(Needs.NOTHING)


def _people_change(before: Schema, after: Schema) -> list[str]:
    if before.reference == after.reference:
        return []
    return [
        f"the reference would change from '{before.reference or 'none'}' to '{after.reference or 'none'}', "
        "and everybody would be another person"
    ]


def _missed(champion: Schema | None, after: Schema) -> list[str]:
    """Features of the champion that are none any more."""
    kept = set(after.feature_names)
    return [
        f"column '{column.name}' would be no feature any more, and the champion needs it"
        for column in (champion.features if champion else ())
        if column.name not in kept
    ]


def _taken(before: Schema, after: Schema) -> list[str]:
    """What people who are on the lists already may have, and would not be allowed to."""
    said = []
    for old in before.columns:
        new = after.by_name.get(old.name)
        if new is None:
            continue
        if old.type is not new.type:
            said.append(f"column '{old.name}' would change its type from {old.type.value} to {new.type.value}")
        elif old.optional and not new.optional:
            said.append(f"column '{old.name}' would not be optional any more, and people may have a blank there")
        elif old.open and not new.open:
            said.append(f"column '{old.name}' would not be open any more, and people may have any word there")
        elif (gone := [word for word in old.categories if word not in new.categories]) and not new.open:
            said.append(f"column '{old.name}' would lose the word '{gone[0]}', which people may have")
        elif lost := [value for value in old.special if value not in new.special and not _takes(new, value)]:
            said.append(f"column '{old.name}' would lose the special value {lost[0]}, which people may have")
        elif _narrower(old, new):
            said.append(f"column '{old.name}' would have a narrower range than people may have")
    return said


def _demanded(before: Schema, after: Schema) -> list[str]:
    """Features that nobody who is on the lists already can have: without a blank, nobody of them could be scored."""
    return [
        f"column '{new.name}' is new and must be optional: people who are on the lists have no value there"
        for new in after.features
        if not (new.optional or new.role is Role.INDICATOR or _is_feature(before, new.name))
    ]


def _turned(before: Schema, after: Schema) -> list[str]:
    """Words of the outcome that would mean the opposite: what models have learnt would, too."""
    said = []
    for word in (*before.outcome.positive, *before.outcome.negative):
        was, now = (word in schema.outcome.positive for schema in (before, after))
        if now != was and word in (*after.outcome.positive, *after.outcome.negative):
            means = "a sale" if now else "a refusal"
            said.append(f"the word '{word}' of the outcome would mean {means}, and it has meant the opposite")
    return said


def _is_feature(schema: Schema, name: str) -> bool:
    return name in schema.by_name and schema.by_name[name].is_feature


def _takes(column: Column, value: float) -> bool:
    low, high = column.minimum, column.maximum
    return (low is None or value >= low) and (high is None or value <= high)


def _narrower(old: Column, new: Column) -> bool:
    below = new.minimum is not None and (old.minimum is None or old.minimum < new.minimum)
    above = new.maximum is not None and (old.maximum is None or old.maximum > new.maximum)
    return below or above


def _added(before: Schema, after: Schema) -> list[str]:
    """What a model would see otherwise than before."""
    said = []
    for new in after.features:
        old = before.by_name.get(new.name)
        if old is None or not old.is_feature:
            said.append(f"column '{new.name}' is new; no model knows it before its next training")
        elif words := [word for word in new.categories if word not in old.categories]:
            said.append(f"column '{new.name}' has a new word '{words[0]}'; a model knows it from its next training on")
        elif _as_a_model_sees(old) != _as_a_model_sees(new):
            said.append(f"column '{new.name}' has other values or groups; a model knows them from its next training on")
    return [*said, *_at_calls(before, after)]


def _at_calls(before: Schema, after: Schema) -> list[str]:
    """Columns that would get their value at a call from somewhere else."""
    was, now = _sources(before), _sources(after)
    return [
        f"column '{name}' would be {now.get(name, 'what files say')} at each call; a model learns that with its next "
        "training"
        for name in sorted(was.keys() | now.keys())
        if was.get(name) != now.get(name) and _is_feature(before, name) and _is_feature(after, name)
    ]


def _sources(schema: Schema) -> dict[str, str]:
    """What each column of `Schema.of_the_call` is at a call."""
    found = {}
    if schema.calendar:
        calendar = {schema.calendar.month: "the month", schema.calendar.weekday: "the weekday"}
        found = {name: what for name, what in calendar.items() if name}
    if schema.calls:
        found[schema.calls.column] = f"the number of calls ({schema.calls.first} at the first)"
    return found


def _as_a_model_sees(column: Column) -> dict[str, object]:
    return column.model_dump(mode="json", exclude=UNSEEN)
