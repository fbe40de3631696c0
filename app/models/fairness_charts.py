"""The charts of fairness: a row for each group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from app.language import _
from app.models.fairness_figures import FOUR_FIFTHS, Group, Ratio
from app.shell.palette import DARK, GREY, INK, WARM

_ROW, _FAINT = 26, "#9aa4ae"


def selection(found: Sequence[Group], ratios: Mapping[str, Ratio], names: Mapping[str, str]) -> alt.LayerChart:
    """Each group's share in the better half over that of the largest, with its interval; a line at four fifths."""
    rows: list[dict[str, Any]] = []
    for group in found:
        if (ratio := ratios.get(group.name)) is None:
            continue
        ends = ratio.interval or (ratio.value, ratio.value)
        rows.append(
            {
                "group": names[group.name],
                "ratio": ratio.value,
                "low": max(0.0, ends[0]),
                "high": ends[1],
                "colour": _FAINT if group.small else DARK,
                "people": group.better.calls,
                "share": group.better.share,
            }
        )
    top = max([1.5, *(row["ratio"] * 1.1 for row in rows)])
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=_rows(),
        color=alt.Color("colour:N", scale=None, legend=None),
        tooltip=[
            alt.Tooltip("group:N", title=_("Group")),
            alt.Tooltip("share:Q", title=_("In the better half"), format=".1%"),
            alt.Tooltip("ratio:Q", title=_("To the largest group"), format=".2f"),
            alt.Tooltip("low:Q", title=_("From"), format=".2f"),
            alt.Tooltip("high:Q", title=_("To"), format=".2f"),
            alt.Tooltip("people:Q", title=_("On the list"), format=","),
        ],
    )
    scale = alt.Scale(domain=[0, top], clamp=True)
    axis = alt.Axis(title=_("Better half, to largest group"), tickCount=4, **INK)
    line = alt.Chart(alt.Data(values=[{"at": FOUR_FIFTHS}])).mark_rule(color=WARM, strokeDash=[5, 3], strokeWidth=2)
    return alt.layer(
        line.encode(x=alt.X("at:Q", scale=scale, axis=axis)),
        base.mark_rule(strokeWidth=2, aria=False).encode(x=alt.X("low:Q", scale=scale, axis=axis), x2="high:Q"),
        base.mark_point(filled=True, size=70, opacity=1).encode(x=alt.X("ratio:Q", scale=scale, axis=axis)),
    ).properties(height=_ROW * len(rows) + 60)


def calls(found: Sequence[Group], names: Mapping[str, str]) -> alt.LayerChart:
    """Each group's rate of sales with its interval, and its mean score before the calls as a mark across."""
    rows: list[dict[str, Any]] = [
        {
            "group": names[group.name],
            "rate": group.called.share,
            "low": group.called.interval.low,
            "high": group.called.interval.high,
            "score": group.expected,
            "calls": group.called.calls,
            "colour": _FAINT if group.small else DARK,
        }
        for group in found
        if group.called.calls
    ]
    top = max((row["high"] for row in rows if row["colour"] == DARK), default=1.0)
    scale = alt.Scale(domain=[0, min(1.0, max(top, 0.05))], nice=True, clamp=True)
    axis = alt.Axis(title=_("Sold (point), expected (bar across)"), format=".0%", tickCount=4, **INK)
    base = alt.Chart(alt.Data(values=rows)).encode(
        y=_rows(),
        tooltip=[
            alt.Tooltip("group:N", title=_("Group")),
            alt.Tooltip("rate:Q", title=_("Sold"), format=".1%"),
            alt.Tooltip("low:Q", title=_("From"), format=".1%"),
            alt.Tooltip("high:Q", title=_("To"), format=".1%"),
            alt.Tooltip("score:Q", title=_("Mean score"), format=".1%"),
            alt.Tooltip("calls:Q", title=_("Calls"), format=","),
        ],
    )
    colour = alt.Color("colour:N", scale=None, legend=None)
    low, rate, score = (alt.X(f"{field}:Q", scale=scale, axis=axis) for field in ("low", "rate", "score"))
    expected = base.transform_filter("isValid(datum.score)").mark_tick(color=WARM, thickness=3, size=16)
    return alt.layer(
        base.mark_rule(strokeWidth=2, color=GREY, aria=False).encode(x=low, x2="high:Q"),
        expected.encode(x=score),
        base.mark_point(filled=True, size=70, opacity=1).encode(x=rate, color=colour),
    ).properties(height=_ROW * len(rows) + 60)


def _rows() -> alt.Y:
    axis = alt.Axis(title=None, ticks=False, labelOverlap=False, labelLimit=130, **INK)
    return alt.Y("group:N", sort=None, axis=axis)
