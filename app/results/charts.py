"""The charts of the results page, as wide as a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import altair as alt

from app.language import _, chart_locale, formats
from app.results.statistics import Gains, Rate
from app.shell.palette import DARK, GREEN, GREY, INK, TEXT, WARM

_DASHES: tuple[list[int], ...] = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])
_ROW, _HEIGHT = 30, 260  # pixels
_EVEN = {"format": ".0%", "tickCount": 5, **INK}
_SHARE = alt.Axis(title=None, **_EVEN)


def rates(rows: Sequence[tuple[str, Rate]], what: str) -> alt.LayerChart:
    """A row for each group with its number of calls: a point at the share of sales, and a line for its interval."""
    axis = alt.Axis(labelLimit=170, labelFlush=False, ticks=False, **INK)
    return _points(
        [{"group": f"{label} ({formats.count(rate.calls)})", **_figures(rate)} for label, rate in rows],
        place=alt.Y("group:N", sort=None, title=None, axis=axis),
        horizontal=True,
        tooltip=alt.Tooltip("group:N", title=what),
        height=_ROW * len(rows) + 40,
    )


def days(rows: Sequence[tuple[date, Rate]], what: str) -> alt.LayerChart:
    """A point for each day (or week, or month; `what` they are) at the share of sales, and a line for its interval."""
    # At noon: a browser west of Greenwich would draw midnight on the day before.
    placed = [{"day": datetime(day.year, day.month, day.day, 12).isoformat(), **_figures(r)} for day, r in rows]  # noqa: DTZ001  a place on an axis, on the reader's own clock
    places = [alt.DateTime(year=day.year, month=day.month, date=day.day, hours=12) for day, _ in rows]
    years = bool(rows) and rows[-1][0] - rows[0][0] > timedelta(days=300)
    ticks = alt.Axis(
        format="%b %Y" if years else chart_locale.day(year=False),
        labelOverlap="greedy",
        labelSeparation=12,
        title=None,
        grid=False,
        values=places,
        **INK,
    )
    return _points(
        placed,
        place=alt.X("day:T", axis=ticks, scale=alt.Scale(padding=14)),
        horizontal=False,
        tooltip=alt.Tooltip("day:T", title=what, format=chart_locale.day()),
        height=_HEIGHT,
    )


def gains(curves: Mapping[str, Gains]) -> alt.Chart:
    """A line for each order: the share of sales after a share of the calls. The last line is grey."""
    names, calls, sales = list(curves), _("Calls made"), _("Sales found")
    rows = [
        {"order": name, "called": float(called), "found": float(share)}
        for name, curve in curves.items()
        for called, share in zip(curve.called, curve.found, strict=True)
    ]
    colours = [*(DARK, WARM, GREEN)[: len(names) - 1], GREY]
    legend = alt.Legend(
        orient="top", direction="vertical", title=None, labelLimit=320, symbolStrokeWidth=2.5, labelColor=TEXT
    )
    return (
        alt.Chart(alt.Data(values=rows))
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("called:Q", axis=alt.Axis(title=calls, **_EVEN), scale=alt.Scale(domain=[0, 1])),
            y=alt.Y("found:Q", axis=alt.Axis(title=sales, **_EVEN)),
            color=alt.Color("order:N", sort=names, legend=legend, scale=alt.Scale(domain=names, range=colours)),
            strokeDash=alt.StrokeDash(
                "order:N", sort=names, legend=legend, scale=alt.Scale(domain=names, range=list(_DASHES[: len(names)]))
            ),
            tooltip=[
                alt.Tooltip("order:N", title=_("Order")),
                alt.Tooltip("called:Q", title=calls, format=".0%"),
                alt.Tooltip("found:Q", title=sales, format=".1%"),
            ],
        )
        .properties(height=_HEIGHT + 60)
    )


def _figures(rate: Rate) -> dict[str, Any]:
    return {"calls": rate.calls, "sold": rate.sales, "share": rate.share, **rate.interval._asdict()}


def _points(
    rows: Sequence[Mapping[str, Any]], *, place: alt.X | alt.Y, horizontal: bool, tooltip: alt.Tooltip, height: int
) -> alt.LayerChart:
    top = max((row["high"] for row in rows), default=1.0)
    value = {"axis": _SHARE, "scale": alt.Scale(domain=[0, min(1.0, top)], nice=True)}
    tooltips = [
        tooltip,
        alt.Tooltip("share:Q", title=_("Sold"), format=".1%"),
        alt.Tooltip("low:Q", title=_("From"), format=".1%"),
        alt.Tooltip("high:Q", title=_("To"), format=".1%"),
        alt.Tooltip("calls:Q", title=_("Sold or refused"), format=","),
    ]
    base = alt.Chart(alt.Data(values=list(rows))).encode(tooltip=tooltips)
    if horizontal:
        line = base.encode(y=place, x=alt.X("low:Q", **value), x2="high:Q")
        point = base.encode(y=place, x=alt.X("share:Q", **value))
    else:
        line = base.encode(x=place, y=alt.Y("low:Q", **value), y2="high:Q")
        point = base.encode(x=place, y=alt.Y("share:Q", **value))
    layers = alt.layer(
        line.mark_rule(color=GREY, strokeWidth=2, aria=False),  # a screen reader reads its ends with the point
        point.mark_point(filled=True, size=70, color=DARK, opacity=1),
    )
    return layers.properties(height=height)
