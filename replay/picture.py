"""A replay as a picture: how well each arm ranked, block by block, and what happened to the loop meanwhile.

All panels share one axis of calls: the quality of the lists (AUC, and the share of the sales in the better half), the
loop's life (trainings, trials and their ends, incidents from open to resolved), and the share of sales.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.models.proof import Scores
from monitor.incidents.facts import RunEnd
from replay.callwise import Callwise
from replay.figures import BLOCK, by_block
from replay.forecasts import Flags
from replay.life import ESCALATED, GOING_ON, NO_VERDICT, PROMOTED, RESOLVED, ROLLED_BACK, TRIALS, incidents, trials

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRAININGS = "trainings"
COLOURS = {
    PROMOTED: "tab:green",
    ROLLED_BACK: "tab:red",
    NO_VERDICT: "silver",
    RESOLVED: "tab:cyan",
    ESCALATED: "tab:red",
    GOING_ON: "tab:orange",
}


def draw_replay(path: Path, sold: Flags, scores: Mapping[str, Scores], loop: Callwise, known: int) -> None:
    """Draw n calls (`sold` [n]) as a PNG; the first of them is call `known` of the history."""
    import matplotlib as mpl  # noqa: PLC0415 - only where a picture is asked for

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, (order, half, life, rate) = plt.subplots(
        4, 1, figsize=(11, 10), sharex=True, height_ratios=(3, 2, 1.5, 1), layout="constrained"
    )
    starts = np.arange(0, len(sold), BLOCK)
    sizes = np.minimum(BLOCK, len(sold) - starts)
    middles = known + starts + sizes / 2
    for name, own in scores.items():
        width = 2.2 if name == "callwise" else 1.2
        order.plot(middles, by_block(sold, own), label=name, linewidth=width)
        half.plot(middles, 100 * by_block(sold, own, attrgetter("top_half_capture")), linewidth=width)
    for axes, guessing, label in (
        (order, 0.5, "AUC of 1,000 calls"),
        (half, 50.0, "% of the sales in\nthe better half"),
    ):
        axes.axhline(guessing, color="grey", linewidth=0.8)
        axes.set_ylabel(label)
    order.legend(loc="lower left", ncols=len(scores))
    places = {at: known + place for place, at in enumerate(loop.times)}
    _life(life, loop, places, known + len(sold))
    conversion = [100 * sold[start : start + BLOCK].mean() for start in starts]
    rate.bar(middles, conversion, width=sizes * 0.9, color="lightgrey")
    rate.set_ylabel("% sales")
    rate.set_xlabel("call")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _life(axes: Axes, loop: Callwise, places: Mapping[datetime, int], end: int) -> None:
    """A lane of marks for the trainings, one of bars for the trials, and one for each cause of incidents."""
    from matplotlib.patches import Patch  # noqa: PLC0415

    spans = [*trials(loop.decisions), *incidents(loop.history)]
    lanes = list(dict.fromkeys([TRAININGS, TRIALS, *(span.lane for span in spans)]))
    marks = []
    for ended, mark in ((RunEnd.HANDED_OVER, "^"), (RunEnd.REFUSED, "x")):
        at = [places[one.at] for one in loop.trainings.values() if one.run.end is ended]
        marks += axes.plot(at, [0] * len(at), mark, color="black", markersize=5, label=f"model {ended.value}")
    for span in spans:
        start, until = places[span.start], places[span.end] if span.end else end
        colour = COLOURS[span.became]
        axes.barh(lanes.index(span.lane), until - start, left=start, height=0.6, color=colour, edgecolor="white")
    became = dict.fromkeys(span.became for span in spans)
    axes.legend(
        handles=[*marks, *(Patch(color=COLOURS[one], label=one) for one in COLOURS if one in became)],
        loc="upper center",
        bbox_to_anchor=(0.5, 1.22),
        ncols=8,
        fontsize=8,
        frameon=False,
    )
    axes.set_yticks(range(len(lanes)), lanes)
    axes.set_ylim(len(lanes) - 0.4, -0.6)
