"""The results of a replay: figures for programs, and a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

import numpy as np

from core.errors import InputError
from core.models.metrics import Quality, quality
from core.models.proof import Scores
from monitor.incidents.facts import RunEnd
from monitor.incidents.lifecycle import Status
from replay.callwise import Callwise
from replay.forecasts import Flags
from replay.life import NO_VERDICT, PROMOTED, ROLLED_BACK, trials

BLOCK = 1_000


def figures(sold: Flags, scores: Mapping[str, Scores], loop: Callwise, delay: int) -> dict[str, Any]:
    """The figures of n calls (`sold` [n]), pooled over all calls; each arm scored a call before it was made."""
    qualities = {name: quality(sold, own) for name, own in scores.items()}
    tried = [trial.became for trial in trials(loop.decisions)]
    ends = [one.status.value for one in loop.incidents]
    return {
        "auc": {name: round(one.auc, 4) for name, one in qualities.items()},
        "top_half": {name: round(one.top_half_capture, 4) for name, one in qualities.items()},
        "log_loss": {name: round(one.log_loss, 4) for name, one in qualities.items()},
        "auc_in_blocks": {name: round(float(np.nanmean(by_block(sold, own))), 4) for name, own in scores.items()},
        "retrainings": loop.retrainings,
        "refused": sum(one.run.end is RunEnd.REFUSED for one in loop.trainings.values()),
        "promotions": tried.count(PROMOTED),
        "rollbacks": tried.count(ROLLED_BACK),
        "inconclusive": tried.count(NO_VERDICT),
        "incidents": len(ends),
        "incidents_by_end": {status.value: ends.count(status.value) for status in Status if status.value in ends},
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


def table(scores: Mapping[str, Scores], found: Mapping[str, Any]) -> str:
    """The figures for people: the arms side by side, then the life of the loop."""
    lines = [
        f"{found['calls']} calls, {found['sales']} sales, outcomes known {found['label_delay']} calls late.",
        "",
        f"{'':<12}{'AUC':>8}{'in blocks':>11}{'top half':>10}{'log loss':>10}",
    ]
    lines += [
        f"{name:<12}{found['auc'][name]:>8.4f}{found['auc_in_blocks'][name]:>11.4f}"
        f"{found['top_half'][name]:>10.2%}{found['log_loss'][name]:>10.4f}"
        for name in scores
    ]
    ends = ", ".join(f"{count} {end}" for end, count in found["incidents_by_end"].items())
    return "\n".join(
        [
            *lines,
            "",
            f"callwise: {found['retrainings']} retrainings ({found['refused']} refused by a gate), "
            f"{found['promotions']} promotions, {found['rollbacks']} rollbacks, {found['inconclusive']} trials without "
            f"a verdict; {found['incidents']} incidents ({ends})",
            "AUC: all calls in one list; in blocks: mean of every 1,000 calls; top half: share of the sales in the",
            "better half of the list. schedule: the first recipe fitted again every 200 calls.",
        ]
    )
