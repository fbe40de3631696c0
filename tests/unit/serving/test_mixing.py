"""The mixture of the champion with a refresh: what is answered, what is logged, and what costs no answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from core.models.canary_in_force import CanaryShare
from core.models.decisions import CANARY, CHAMPION
from core.models.mixture import mixed
from core.models.mixture_in_force import Mixture
from core.schema.column import Value
from core.scoring import protocol
from core.scoring.prediction import Prediction, own_score, used_score
from serving.models import Lineup, ServedVersion
from serving.routing import Router
from serving.scorer import Scorer
from tests.scoring.fakes import AT

NAMES = ("age",)


class Fixed:
    """A version whose score is a constant, or an error."""

    def __init__(self, score: float | None) -> None:
        self.value = score
        self.feature_names_in_: npt.NDArray[np.object_] = np.asarray(NAMES, dtype=object)

    def predict_proba(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
        if self.value is None:
            raise RuntimeError("the refresh is broken")
        return np.tile([1 - self.value, self.value], (len(X), 1))


class Kept:
    """A log in memory."""

    def write(self, predictions: Sequence[Prediction]) -> list[Prediction]:
        return list(predictions)


def served(version: str, score: float | None) -> ServedVersion:
    return ServedVersion(version, (version, "run"), Fixed(score))


def scorer(lineup: Lineup, mixture: Mixture, levels: Mapping[str, float] | None = None, share: float = 0.0) -> Scorer:
    router = Router(b"key", share)
    return Scorer(lambda: lineup, lambda: levels or {}, router, Kept(), lambda: AT, mixture=lambda: mixture)


def rows(count: int = 3) -> protocol.Rows:
    features: list[dict[str, Value]] = [{"age": 30 + row} for row in range(count)]
    return protocol.Rows.of(features, [f"p:{row}" for row in range(count)])


def test_the_answer_is_the_mixture_and_the_log_says_who_spoke_with_which_weight() -> None:
    asked = scorer(Lineup(served("1", 0.2), refresh=served("2", 0.6)), Mixture("1", "2", 0.8, 3))
    [first, *_] = asked.score("r", rows())
    assert first.score == pytest.approx(float(mixed([0.2], [0.6], 0.8)[0]))
    assert (first.version, first.route) == ("1", CHAMPION)
    assert first.mixed == {
        "version": "2", "weight": 0.8, "score": 0.6, "level": 0.0,
        "champion": "1", "champion_score": 0.2, "champion_level": 0.0,
    }  # fmt: skip
    record = first.document()
    assert (own_score(record, "1"), own_score(record, "2")) == ((0.2, 0.0), (0.6, 0.0))
    assert used_score(record, "1") == (first.score, 0.0)
    assert own_score(record, "3") is None


def test_each_version_speaks_at_its_own_level() -> None:
    lineup = Lineup(served("1", 0.5), refresh=served("2", 0.5))
    [first, *_] = scorer(lineup, Mixture("1", "2", 0.5, 3), {"1": 1.0, "2": -1.0}).score("r", rows())
    assert first.score == pytest.approx(0.5)
    assert first.mixed is not None
    assert (first.mixed["level"], first.mixed["champion_level"]) == (-1.0, 1.0)
    assert float(first.mixed["score"]) < 0.5 < float(first.mixed["champion_score"])


@pytest.mark.parametrize(
    "mixture",
    [Mixture(), Mixture("9", "2", 0.8, 3), Mixture("1", "9", 0.8, 3)],
    ids=["none in force", "of another champion", "of another refresh"],
)
def test_a_mixture_that_is_not_of_these_two_changes_no_score(mixture: Mixture) -> None:
    [first, *_] = scorer(Lineup(served("1", 0.2), refresh=served("2", 0.6)), mixture).score("r", rows())
    assert (first.score, first.mixed) == (0.2, None)


def test_a_refresh_that_fails_costs_no_answer_and_is_counted() -> None:
    asked = scorer(Lineup(served("1", 0.2), refresh=served("2", None)), Mixture("1", "2", 0.8, 3))
    [first, *_] = asked.score("r", rows())
    assert (first.score, first.mixed) == (0.2, None)
    assert (asked.mixing.figures("2").requests, asked.mixing.figures("2").errors) == (1, 1)


def test_during_a_trial_the_canary_is_beside_the_mixture() -> None:
    lineup = Lineup(served("1", 0.2), served("5", 0.9), served("2", 0.6))
    answers = scorer(lineup, Mixture("1", "2", 0.8, 3), share=0.5).score("r", rows(40))
    together = float(mixed([0.2], [0.6], 0.8)[0])
    for answer in answers:
        by_route = {answer.route: answer.score}
        by_route[CANARY if answer.route == CHAMPION else CHAMPION] = float(answer.shadow_score or 0)
        assert by_route == {CHAMPION: pytest.approx(together), CANARY: 0.9}
        assert answer.mixed is not None
    assert {answer.route for answer in answers} == {CHAMPION, CANARY}


def test_a_what_if_goes_the_way_of_a_call() -> None:
    asked = scorer(Lineup(served("1", 0.2), refresh=served("2", 0.6)), Mixture("1", "2", 0.8, 3))
    assert asked.what_if("w", rows())[0].score == asked.score("r", rows())[0].score


@pytest.mark.parametrize(("version", "share"), [("5", 0.9), ("4", 0.05)])
def test_the_share_in_force_is_that_of_its_version_alone(version: str, share: float) -> None:
    asked = Scorer(
        lambda: Lineup(served("1", 0.2), served("5", 0.9)),
        dict,
        Router(b"key", 0.05),
        Kept(),
        lambda: AT,
        share=lambda: CanaryShare(version, 0.9, AT),
    )
    found = [one.route for one in asked.score("r", rows(400))]
    assert asked.routing("5").share == share
    assert found == ["canary" if Router(b"key", share).to_canary(f"p:{row}") else "champion" for row in range(400)]
