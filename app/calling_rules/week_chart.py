"""A picture of the week: the hours of each day at which people may be called."""

from __future__ import annotations

from typing import Any, Literal

import altair as alt
from babel.dates import get_day_names

from app.language import _, locale
from app.shell.palette import GREEN, INK
from core.calling_rules.rules import DAY, Week
from core.calling_rules.written_hours import clock

_ROW, _EVERY = 24, 3 * 60


def weekdays(width: Literal["wide", "abbreviated"] = "wide") -> list[str]:
    """The names of the days in the reader's language, Monday first."""
    names = get_day_names(width, locale=locale())
    return [names[day] for day in range(7)]


def week_chart(hours: Week) -> alt.LayerChart:
    """A row for each day, and a bar for each span of its hours."""
    names = weekdays("abbreviated")
    rows: list[dict[str, Any]] = [
        {"day": names[day], "begin": begin, "end": end, "hours": f"{clock(begin)}-{clock(end)}"}
        for day, spans in enumerate(hours)
        for begin, end in spans
    ]
    axis = alt.Axis(values=list(range(0, DAY + 1, _EVERY)), title=None, labelExpr="datum.value / 60 + ' h'", **INK)
    y = alt.Y("day:N", sort=names, scale=alt.Scale(domain=names), axis=alt.Axis(title=None, **INK))
    x = alt.X("begin:Q", scale=alt.Scale(domain=[0, DAY], nice=False), axis=axis)
    empty = alt.Chart(alt.Data(values=[{"day": name, "begin": 0, "end": DAY} for name in names]))
    spans = alt.Chart(alt.Data(values=rows))
    tooltip = [alt.Tooltip("day:N", title=_("Day")), alt.Tooltip("hours:N", title=_("Hours"))]
    return alt.layer(
        empty.mark_bar(color="#eceff2", height=_ROW - 8, aria=False).encode(x=x, x2="end:Q", y=y),
        spans.mark_bar(color=GREEN, height=_ROW - 8).encode(x=x, x2="end:Q", y=y, tooltip=tooltip),
    ).properties(height=_ROW * len(names) + 40)
