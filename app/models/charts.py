"""The charts of the page Models, as wide as a phone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import altair as alt

from app.language import _, chart_locale
from app.models.timeline import Span
from app.shell.palette import DARK, GREEN, GREY, INK, TEXT, WARM

_ROW = 26  # pixels
_SHOWN = 15  # versions


def timeline(spans: Sequence[Span], until: datetime) -> alt.Chart:
    """A row for each version, the newest on top, with a bar for each reign, mixture and trial.

    Holds have a row of their own. Roles differ in place and height as well as in colour.
    """
    named = {
        "champion": _("champion"),
        "mixed in": _("mixed in"),
        "on trial": _("on trial"),
        "on hold": _("on hold"),
    }
    rows = [
        {
            "row": _("On hold") if span.role == "on hold" else _("Version {version}").format(version=span.version),
            "role": named[span.role],
            "since": span.since.isoformat(),
            "until": (span.until or until).isoformat(),
            "size": 10 if span.role in ("on trial", "mixed in") else 18,
        }
        for span in spans
    ]
    order = list(dict.fromkeys(row["row"] for row in reversed(rows)))[:_SHOWN]
    rows = [row for row in rows if row["row"] in order]
    scale = alt.Scale(domain=list(named.values()), range=[DARK, GREEN, WARM, GREY])
    legend = alt.Legend(orient="top", title=None, labelColor=TEXT)
    marks = _marks(min((span.since for span in spans), default=until), until)
    return (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(cornerRadius=2)
        .encode(
            x=alt.X(
                "since:T",
                axis=alt.Axis(title=None, format=marks, tickCount=6, labelOverlap="greedy", labelSeparation=12, **INK),
            ),
            x2="until:T",
            y=alt.Y("row:N", sort=order, axis=alt.Axis(title=None, ticks=False, labelOverlap=False, **INK)),
            color=alt.Color("role:N", scale=scale, legend=legend),
            size=alt.Size("size:Q", scale=None, legend=None),
            tooltip=[
                alt.Tooltip("row:N", title=" "),
                alt.Tooltip("role:N", title=_("was")),
                alt.Tooltip("since:T", title=_("from"), format="%-d %b %Y %H:%M"),
                alt.Tooltip("until:T", title=_("to"), format="%-d %b %Y %H:%M"),
            ],
        )
        .properties(height=_ROW * len(order) + 120)  # the legend, the axis and the space around them
    )


def _marks(since: datetime, until: datetime) -> str:
    """The format of the time axis. Vega's own shows minutes without their hour, and hours from 1 to 12."""
    if until - since < timedelta(minutes=5):
        return "%H:%M:%S"
    if until - since < timedelta(days=2):
        return "%H:%M"
    return chart_locale.day(year=until - since > timedelta(days=300))
