"""Charts of a week's drift: the distance of each column, and the shape of a column before and now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from app.language import _
from app.shell.palette import DARK, GREY, INK, TEXT, WARM

HEIGHT = 120  # pixels


def shape(found: Mapping[str, Any], labels: list[str]) -> alt.LayerChart:
    """The shares of a column's parts, in stored order: grey bars for before, points on a stem for now."""
    rows = [
        {"part": label, "place": place, "before": float(before), "now": float(after)}
        for place, (label, before, after) in enumerate(zip(labels, found["before"], found["now"], strict=True))
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("part:N", sort=labels, axis=alt.Axis(title=None, labels=False, ticks=False)),
        tooltip=[
            alt.Tooltip("part:N", title=" "),
            alt.Tooltip("before:Q", title=_("before"), format=".1%"),
            alt.Tooltip("now:Q", title=_("now"), format=".1%"),
        ],
    )
    axis = alt.Axis(title=None, format=".0%", tickCount=3, **INK)
    return alt.layer(
        base.mark_bar(color="#c9d1d9").encode(y=alt.Y("before:Q", axis=axis)),
        base.mark_rule(color=DARK, strokeWidth=1.5, aria=False).encode(y=alt.Y("now:Q", axis=axis)),
        base.mark_point(color=DARK, filled=True, size=45, opacity=1).encode(y=alt.Y("now:Q", axis=axis)),
    ).properties(height=HEIGHT)


def distances(columns: list[dict[str, Any]], labels: Mapping[str, str]) -> alt.LayerChart:
    """A bar per column for its distance as a share of its limit, a mark at the week's largest, and a line at 1."""
    rows = [
        {
            "column": labels[one["column"]],
            "share": one["distance"] / one["limit"],
            "largest": one["largest"] / one["limit"],
            "distance": one["distance"],
            "limit": one["limit"],
            "colour": WARM if one["drifted"] else GREY,
        }
        for one in columns
    ]
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=alt.Y(
            "column:N", sort=None, axis=alt.Axis(title=None, ticks=False, labelOverlap=False, labelLimit=150, **INK)
        ),
        tooltip=[
            alt.Tooltip("column:N", title=_("Column")),
            alt.Tooltip("distance:Q", title=_("Distance"), format=".3f"),
            alt.Tooltip("limit:Q", title=_("Limit"), format=".3f"),
        ],
    )
    axis = alt.Axis(title=_("Distance, as a share of the limit"), tickCount=5, format=".0%", **INK)
    line = alt.Chart(alt.Data(values=[{"at": 1}])).mark_rule(color=TEXT, strokeDash=[5, 3])
    return alt.layer(
        base.mark_bar(height=12).encode(
            x=alt.X("share:Q", axis=axis), color=alt.Color("colour:N", scale=None, legend=None)
        ),
        base.mark_tick(color=TEXT, thickness=2, size=14).encode(x=alt.X("largest:Q", axis=axis)),
        line.encode(x=alt.X("at:Q", axis=axis)),
    ).properties(height=22 * len(rows) + 90)
