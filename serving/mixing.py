"""Mixes the scores of a refresh with the champion's: `core.models.mixture`, with the weight in force."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.models import mixture
from core.models.level import levelled
from core.models.mixture_in_force import Mixture
from core.models.proof import Scores
from core.scoring.prediction import Mixed
from core.scoring.protocol import Rows
from serving.models import Lineup
from serving.trial import TrialCounts

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MixedScores:
    """The scores of n rows that are used, and who spoke in each, as `core.scoring.batch.Batch.mixed` has it."""

    used: Scores
    speakers: Mapping[str, Sequence[Any]] | None = None


def mixed_scores(
    lineup: Lineup,
    in_force: Mixture,
    rows: Rows,
    champion: Scores,
    levels: Mapping[str, float],
    counts: TrialCounts,
    champion_seconds: float = 0.0,
) -> MixedScores:
    """The champion's n scores at its level, mixed with those of the refresh in force.

    The champion scores alone where the refresh is not loaded yet, belongs to another champion, or fails: a refresh must
    not cost an answer. `counts` counts the failures.
    """
    alone = levelled(champion, levels.get(lineup.champion.version, 0.0))
    refresh = lineup.refresh
    if refresh is None or (in_force.champion, in_force.refresh) != (lineup.champion.version, refresh.version):
        return MixedScores(alone)
    began, own = time.perf_counter(), None
    try:
        own = levelled(refresh.score(rows), levels.get(refresh.version, 0.0))
    except Exception:  # whatever the refresh does, the champion has answered
        log.exception("version %s, a refresh, failed; the champion answers alone", refresh.version)
    counts.record(
        refresh.version,
        failed=own is None,
        champion_seconds=champion_seconds,
        canary_seconds=time.perf_counter() - began,
    )
    if own is None:
        return MixedScores(alone)
    for_all = Mixed(
        version=refresh.version,
        weight=in_force.weight,
        score=0.0,
        level=levels.get(refresh.version, 0.0),
        champion=lineup.champion.version,
        champion_score=0.0,
        champion_level=levels.get(lineup.champion.version, 0.0),
    )
    speakers = {name: [value] * len(own) for name, value in for_all.items()}
    speakers |= {"score": own.tolist(), "champion_score": alone.tolist()}
    return MixedScores(mixture.mixed(alone, own, in_force.weight), speakers)
