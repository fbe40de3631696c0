"""The results of a replay: figures for programs, and a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.models.metrics import Quality, quality
from core.models.proof import Scores
from monitor.incidents.facts import RunEnd
from monitor.incidents.lifecycle import Status
from replay.callwise import Callwise
from replay.forecasts import Flags
from replay.life import NO_VERDICT, PROMOTED, ROLLED_BACK, trials
from replay.upkeep import ENDED_AS_REFRESH, Upkeep

BLOCK = 1_000


def figures(
    sold: Flags, scores: Mapping[str, Scores], days: npt.NDArray[np.int64], loop: Callwise, delay: int
) -> dict[str, Any]:
    """The figures of n calls (`sold`, `days` [n]), pooled over all calls; each arm scored a call before it was made."""
    qualities = {name: quality(sold, own) for name, own in scores.items()}
    tried = [trial.became for trial in trials(loop.decisions)]
    ends = [one.status.value for one in loop.incidents]
    return {
        "auc": {name: round(one.auc, 4) for name, one in qualities.items()},
        "top_half": {name: round(one.top_half_capture, 4) for name, one in qualities.items()},
        "log_loss": {name: round(one.log_loss, 4) for name, one in qualities.items()},
        "auc_in_blocks": {name: round(float(np.nanmean(by_block(sold, own))), 4) for name, own in scores.items()},
        "auc_in_days": {name: round(within_days(sold, own, days), 4) for name, own in scores.items()},
        "retrainings": loop.retrainings,
        "refused": sum(one.run.end is RunEnd.REFUSED for one in loop.trainings.values()),
        "promotions": tried.count(PROMOTED),
        "rollbacks": tried.count(ROLLED_BACK),
        "inconclusive": tried.count(NO_VERDICT),
        "incidents": len(ends),
        "incidents_by_end": {status.value: ends.count(status.value) for status in Status if status.value in ends},
        "refreshes": refreshes(loop.upkeep),
        "calls": len(sold),
        "sales": int(sold.sum()),
        "label_delay": delay,
    }


def by_block(sold: Flags, scores: Scores, measure: Callable[[Quality], float] = attrgetter("auc")) -> Scores:
    """A measure (the AUC) of every 1,000 calls; nan where a block has one kind of outcome only."""
    blocks = []
    for start in range(0, len(sold), BLOCK):
        block = slice(start, start + BLOCK)
        try:
            blocks.append(measure(quality(sold[block], scores[block])))
        except InputError:
            blocks.append(float("nan"))
    return np.array(blocks)


def within_days(sold: Flags, scores: Scores, days: npt.NDArray[np.int64]) -> float:
    """The AUC within each day's list, over all pairs of a sale and a refusal of one day; nan where there is no pair."""
    right = pairs = 0.0
    for calls in np.split(np.arange(len(sold)), np.flatnonzero(np.diff(days)) + 1):
        sales = np.count_nonzero(sold[calls])
        between = sales * (len(calls) - sales)
        if between:
            right += between * quality(sold[calls], scores[calls]).auc
            pairs += between
    return right / pairs if pairs else float("nan")


def refreshes(upkeep: Upkeep | None) -> dict[str, int]:
    """The life of an upkeep in counts; all are 0 without one."""
    if upkeep is None:
        return dict.fromkeys(("made", "refused", "from_trainings", "new_champions", "shown_worse"), 0)
    refused = sum(one.refused for one in upkeep.refreshes)
    return {
        "made": len(upkeep.refreshes) - refused,
        "refused": refused,
        "from_trainings": sum(one.why == ENDED_AS_REFRESH for one in upkeep.refreshes),
        "new_champions": upkeep.won,
        "shown_worse": upkeep.shown_worse,
    }


def table(scores: Mapping[str, Scores], found: Mapping[str, Any]) -> str:
    """The figures for people: the arms side by side, then the life of the loop."""
    lines = [
        f"{found['calls']} calls, {found['sales']} sales, outcomes known {found['label_delay']} calls late.",
        "",
        f"{'':<14}{'AUC':>8}{'in blocks':>11}{'in days':>9}{'top half':>10}{'log loss':>10}",
    ]
    lines += [
        f"{name:<14}{found['auc'][name]:>8.4f}{found['auc_in_blocks'][name]:>11.4f}"
        f"{found['auc_in_days'][name]:>9.4f}"
        f"{found['top_half'][name]:>10.2%}{found['log_loss'][name]:>10.4f}"
        for name in scores
    ]
    upkeep = found["refreshes"]
    ends = ", ".join(f"{count} {end}" for end, count in found["incidents_by_end"].items())
    return "\n".join(
        [
            *lines,
            "",
            f"callwise: {found['retrainings']} retrainings ({found['refused']} refused by a gate), "
            f"{found['promotions']} promotions, {found['rollbacks']} rollbacks, {found['inconclusive']} trials without "
            f"a verdict; {found['incidents']} incidents ({ends})",
            f"callwise: {upkeep['made']} refreshes, {upkeep['from_trainings']} of them by trainings; a gate refused "
            f"{upkeep['refused']} others; {upkeep['new_champions']} became champion; in {upkeep['shown_worse']} "
            "comparisons they were shown to be worse",
            "AUC: all calls in one list; in blocks: mean of every 1,000 calls; in days: within each day's list;",
            "top half: share of the sales in the better half of the list.",
            "schedule: the first recipe fitted again every 200 calls;",
            "callwise: the champion is kept fresh, and only a new recipe is tried; unguarded: the same, but no",
            "evidence takes the weight of a refresh away; all_on_trial: every version is tried, and none is a refresh;",
            "no_canary: every version is promoted at the gate.",
        ]
    )
