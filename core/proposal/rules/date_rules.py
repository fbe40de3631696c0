"""Dates and times."""

from __future__ import annotations

from typing import Any

from core.proposal.evidence import ColumnEvidence
from core.proposal.rules.finding import MOSTLY, NEARLY_ALL, Found, Habits, Sure, percent, unread
from core.sentences import Sentence


def date(found: ColumnEvidence, how: Habits) -> Found | None:
    """A column of dates, or of moments."""
    if not found.filled or found.share(found.dates.dates) < (NEARLY_ALL if found.timed else MOSTLY):
        return None
    if found.share(found.numbers.numbers) >= MOSTLY and found.share(found.dates.dates) < 1:
        return None  # 20260711 in every row is a date, in most rows a number
    values: dict[str, Any] = {"type": "date"}
    said = Found(
        Sentence("{share} of its cells are dates.", share=percent(found, found.dates.dates)),
        unfit=found.filled - found.dates.dates,
        values=values,
    )
    reading = found.dates.reading
    if reading is None or (reading.day_first is None and found.dates.unclear):
        first = how.day_first if how.day_first is not None else found.dates.day_first >= found.dates.month_first
        values["day_first"] = first
        said.sure = Sure.CHECK
        order = Sentence("day first") if first else Sentence("month first")
        said.doubt = Sentence(
            "03/04 can be the third of April or the fourth of March; it is read {order}.", order=order
        )
    elif reading.day_first is not None:
        values["day_first"] = reading.day_first
    if found.timed:
        said.remarks.append(Sentence("Its times are those of UTC unless `zone` names another, such as Europe/Berlin."))
    unread(said)
    return said
