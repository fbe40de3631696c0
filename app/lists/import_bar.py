"""A bar of what became of a file's rows: new, changed, the same, rejected, kept out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from app.language import _, formats
from app.shell import charts
from app.shell.palette import DARK, GREEN, GREY, TEXT, WARM

BAR, LINE, ROOM, COLUMNS = 30, 18, 24, 2  # pixels: the bar, a line of the legend, and around them; parts a line
_COLOURS = {"inserted": DARK, "changed": GREEN, "unchanged": "#c3cbd3", "rejected": WARM, "kept_out": GREY}


def parts(report: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """The parts that have rows, in their order: name, label, rows."""
    labels = {
        "inserted": _("New"),
        "changed": _("Changed"),
        "unchanged": _("The same"),
        "rejected": _("Rejected"),
        "kept_out": _("Kept out"),
    }
    return [(name, label, int(report.get(name) or 0)) for name, label in labels.items() if report.get(name)]


def draw_import_bar(report: Mapping[str, Any]) -> None:
    """Draw the bar of a `report`, with the number of rows in the legend; nothing for a file without rows."""
    shown = parts(report)
    if not shown:
        return
    named = [(f"{label} {formats.count(rows)}", rows) for _name, label, rows in shown]
    charts.show(_bar(named, [_COLOURS[name] for name, _label, _rows in shown]), words=", ".join(n for n, _r in named))


def _bar(named: Sequence[tuple[str, int]], colours: Sequence[str]) -> alt.Chart:
    values = [{"part": name, "rows": rows, "place": place} for place, (name, rows) in enumerate(named)]
    names = [name for name, _rows in named]
    legend = alt.Legend(
        orient="bottom", title=None, labelColor=TEXT, columns=COLUMNS, symbolType="square", labelLimit=300
    )
    return (
        alt.Chart(alt.Data(values=values))
        .mark_bar(stroke="white", strokeWidth=1)
        .encode(
            x=alt.X("rows:Q", stack="normalize", axis=None),
            order=alt.Order("place:Q"),
            color=alt.Color("part:N", sort=names, legend=legend, scale=alt.Scale(domain=names, range=list(colours))),
            tooltip=[alt.Tooltip("part:N", title=_("Rows"))],
        )
        .properties(height=BAR + ROOM + LINE * -(-len(named) // COLUMNS))
    )
