"""The pictures of the page Economy."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from app.economy.figures import Point
from app.economy.what_if_figures import Change
from app.language import _
from app.shell.palette import DARK, GREY, INK, TEXT, WARM

_HEIGHT = 200  # pixels


def series(points: Sequence[Point]) -> alt.LayerChart:
    """A line through the values in force; hollow marks are the earlier values of a revised period."""
    rows, before = [], []
    for point in points:
        *earlier, newest = [
            {
                "period": point.period,
                "at": point.begins.date().isoformat(),
                "source": vintage.source,
                "value": vintage.value,
                "known": vintage.known_at.date().isoformat(),
            }
            for vintage in point.vintages
        ]
        rows.append(newest)
        before += earlier
    tooltip = [
        alt.Tooltip("period:N", title=_("Period")),
        alt.Tooltip("value:Q", title=_("Value"), format=",.4~f"),
        alt.Tooltip("known:N", title=_("Known since")),
        alt.Tooltip("source:N", title=_("Source")),
    ]
    x = alt.X("at:T", axis=alt.Axis(title=None, labelOverlap="greedy", labelSeparation=12, grid=False, **INK))
    y = alt.Y("value:Q", axis=alt.Axis(title=None, tickCount=4, **INK), scale=alt.Scale(zero=False, nice=True))
    base = alt.Chart(alt.Data(values=rows)).encode(x=x, y=y, tooltip=tooltip)
    layers: list[alt.Chart] = [
        base.mark_line(color=DARK, strokeWidth=2),
        base.mark_point(color=DARK, filled=True, size=36, opacity=1),
    ]
    if before:
        revised = alt.Chart(alt.Data(values=before)).encode(x=x, y=y, tooltip=tooltip)
        layers.append(revised.mark_point(color=WARM, filled=False, size=60, strokeWidth=1.5, opacity=1))
    return alt.layer(*layers).properties(height=_HEIGHT)


def response(
    changes: Sequence[Change], present: float, chosen: float, learnt: tuple[float, float] | None, what: str
) -> alt.LayerChart:
    """The change in expected sales by value, with its interval; values outside the range `learnt` are shaded."""
    rows = [vars(change) for change in changes]
    low, high = changes[0].value, changes[-1].value
    scale, place = alt.Scale(domain=[low, high], nice=False, zero=False), alt.Axis(title=what, **INK)
    x = alt.X("value:Q", axis=place, scale=scale)
    axis = alt.Axis(title=_("Change in expected sales"), tickCount=5, format="+,.0f", **INK)
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=x,
        tooltip=[
            alt.Tooltip("value:Q", title=what, format=",.4~f"),
            alt.Tooltip("sales:Q", title=_("Change in expected sales"), format="+,.1f"),
            alt.Tooltip("low:Q", title=_("From"), format="+,.1f"),
            alt.Tooltip("high:Q", title=_("To"), format="+,.1f"),
        ],
    )
    layers: list[alt.Chart] = []
    if learnt is not None:
        outside = [
            {"from": start, "to": end}
            for start, end in ((low, min(high, learnt[0])), (max(low, learnt[1]), high))
            if start < end
        ]
        shade = alt.Chart(alt.Data(values=outside)).mark_rect(color="#eceff2", opacity=1)
        layers.append(shade.encode(x=alt.X("from:Q", axis=place, scale=scale), x2="to:Q"))
    marks = alt.Chart(alt.Data(values=[{"at": present, "colour": GREY}, {"at": chosen, "colour": WARM}]))
    layers += [
        base.mark_area(color=DARK, opacity=0.18).encode(y=alt.Y("low:Q", axis=axis), y2="high:Q"),
        base.mark_line(color=DARK, strokeWidth=2.5, point=alt.OverlayMarkDef(size=30, color=DARK)).encode(
            y=alt.Y("sales:Q", axis=axis)
        ),
        marks.mark_rule(strokeWidth=2, strokeDash=[5, 3]).encode(
            x=alt.X("at:Q", axis=place, scale=scale), color=alt.Color("colour:N", scale=None, legend=None)
        ),
        alt.Chart(alt.Data(values=[{"at": 0}])).mark_rule(color=TEXT, strokeWidth=0.5).encode(y="at:Q"),
    ]
    return alt.layer(*layers).properties(height=_HEIGHT + 80)
