"""Split, search and calibration: in time order, seeded, and better than before."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from core.errors import InputError
from core.models.proof import Scores, predict
from core.schema import Schema
from tests.made_up_outcomes import made_up
from trainer.data import split
from trainer.data.snapshot import AT, OUTCOME
from trainer.fitting import calibrate
from trainer.fitting.candidates import KINDS, Candidate, build
from trainer.fitting.search import FOLDS, SearchTrial, chosen, search


@pytest.fixture(scope="module")
def frame(schema: Schema) -> pd.DataFrame:
    return made_up(schema)


def test_windows_follow_each_other_and_lose_nobody(frame: pd.DataFrame) -> None:
    cut = split.by_time(frame, OUTCOME, calibration_share=0.15, test_share=0.1)
    assert cut.sizes == {"fit": 2_250, "calibration": 450, "test": 300}
    assert cut.fit[AT].max() < cut.calibration[AT].min() <= cut.calibration[AT].max() < cut.test[AT].min()


def test_a_window_without_a_sale_is_refused_by_name(frame: pd.DataFrame) -> None:
    quiet = frame.assign(outcome=frame[OUTCOME].where(frame.index < 2_700, 0))
    with pytest.raises(InputError, match=r"the test window .* lacks sales or refusals"):
        split.by_time(quiet, OUTCOME, calibration_share=0.15, test_share=0.1)


def test_the_search_tries_both_kinds_and_is_repeatable(frame: pd.DataFrame, schema: Schema) -> None:
    first: list[SearchTrial] = []
    best = search(frame, schema, trials=8, seconds=300, seed=5, on_trial=first.append)
    again = search(frame, schema, trials=8, seconds=300, seed=5)
    assert best == again
    assert {tried.candidate.kind for tried in first} == set(KINDS)
    assert best in (first[0].candidate, max(first, key=lambda tried: (not tried.pruned, tried.auc)).candidate)
    assert all(len(tried.fold_auc) < FOLDS for tried in first if tried.pruned)


def searched(rng: np.random.Generator, *, better: bool) -> bool:
    """Whether a search of nine leaves the first; all hear the truth with the same noise, or the others without."""
    truth = [rng.normal(-2.3, 0.6, 400) for _ in range(FOLDS)]
    sold = [(rng.random(odds.size) < expit(odds)).astype(np.int64) for odds in truth]
    told: dict[int, list[Scores]] = {}
    tried = []
    for number in range(9):
        noise = 0.0 if better and number else 0.6
        told[number] = [expit(odds + rng.normal(0, noise, odds.size)) for odds in truth]
        aucs = [float(roc_auc_score(*fold)) for fold in zip(sold, told[number], strict=True)]
        tried.append(SearchTrial(number, Candidate(str(number), {}), aucs, pruned=False, seconds=0))
    return chosen(tried, sold, told).number != 0


def test_the_luckiest_of_many_is_not_taken_for_better() -> None:
    rng = np.random.default_rng(3)
    assert sum(searched(rng, better=False) for _ in range(60)) <= 3
    assert sum(searched(rng, better=True) for _ in range(20)) >= 10


def test_the_budget_in_seconds_ends_the_search(frame: pd.DataFrame, schema: Schema) -> None:
    tried: list[SearchTrial] = []
    search(frame, schema, trials=1_000, seconds=0.001, seed=5, on_trial=tried.append)
    assert len(tried) == 1


def test_calibration_helps_and_keeps_the_order(frame: pd.DataFrame, schema: Schema) -> None:
    calmer = frame.copy()
    sold = calmer.index[(calmer.index >= 1_500) & (calmer[OUTCOME] == 1)]
    calmer.loc[sold[::2], OUTCOME] = 0  # half as many sales as in the window the model is fitted on
    cut = split.by_time(calmer, OUTCOME, calibration_share=0.25, test_share=0.25)
    candidate = Candidate("logistic regression", {"left_out": "nothing", "c": 0.05})
    model, figures = calibrate.fit(candidate, cut, schema, seed=7)
    assert figures["log_loss_after"] < figures["log_loss_before"]
    assert figures["brier_after"] < figures["brier_before"]
    raw = pd.Series(predict(model.estimator, cut.test))  # type: ignore[attr-defined]
    assert raw.rank().corr(pd.Series(predict(model, cut.test)).rank()) == pytest.approx(1)


def test_a_window_that_says_the_opposite_does_not_turn_the_list_upside_down(
    frame: pd.DataFrame, schema: Schema
) -> None:
    cut = split.by_time(frame, OUTCOME, calibration_share=0.1, test_share=0.25)
    cut.calibration[OUTCOME] = 1 - cut.calibration[OUTCOME]
    candidate = Candidate("logistic regression", {"left_out": "nothing", "c": 0.05})
    model, figures = calibrate.fit(candidate, cut, schema, seed=7)
    assert figures["slope"] > 0
    raw = pd.Series(predict(model.estimator, cut.test))  # type: ignore[attr-defined]
    assert raw.rank().corr(pd.Series(predict(model, cut.test)).rank()) == pytest.approx(1)


def calls(size: int, slope: float, intercept: float) -> tuple[Scores, Scores]:
    """Log-odds of a model, and what came of the calls where its sigmoid is the given one."""
    rng = np.random.default_rng(11)
    odds = rng.normal(-2, 1, size)
    return odds, (rng.random(size) < expit(slope * odds + intercept)).astype(np.float64)


@pytest.mark.parametrize(("size", "slope"), [(300, (0.8, 1.0)), (50_000, (0.45, 0.55))])
def test_the_fewer_the_sales_the_nearer_the_slope_stays_to_the_models_own(
    size: int, slope: tuple[float, float]
) -> None:
    """Where the truth is half as steep as the model says."""
    found, intercept = calibrate.sigmoid(*calls(size, slope=0.5, intercept=-1))
    assert slope[0] < found < slope[1]
    assert size < 50_000 or intercept == pytest.approx(-1, abs=0.1)


def test_many_calls_that_say_the_opposite_leave_the_models_own_log_odds() -> None:
    assert calibrate.sigmoid(*calls(5_000, slope=-1, intercept=-4)) == (1, 0)


def test_the_sigmoid_is_the_mode_of_its_posterior() -> None:
    odds, sold = calls(400, slope=1.5, intercept=0.5)
    slope, intercept = calibrate.sigmoid(odds, sold)
    sales = sold.sum()
    target = np.where(sold > 0, (sales + 1) / (sales + 2), 1 / (sold.size - sales + 2))
    off = expit(slope * odds + intercept) - target
    assert off.sum() == pytest.approx(0, abs=1e-3)
    assert (off * odds).sum() == pytest.approx((1 - slope) / calibrate.SLOPE_SD**2, abs=1e-3)


def test_a_window_without_a_sale_has_a_sigmoid_too() -> None:
    slope, intercept = calibrate.sigmoid(np.full(200, -2.0), np.zeros(200))
    assert slope > 0
    assert expit(slope * -2 + intercept) == pytest.approx(1 / 202, rel=0.01)


def test_a_candidate_that_leaves_indicators_out_does_not_see_them(frame: pd.DataFrame, schema: Schema) -> None:
    for kind, params in (
        ("logistic regression", {"c": 0.1}),
        ("gradient boosting", {"iterations": 20, "learning_rate": 0.1, "leaves": 4, "leaf_rows": 20, "l2": 1.0}),
    ):
        model = build(Candidate(kind, {"left_out": "indicators", **params}), schema, seed=7)
        model.fit(frame[schema.feature_names], frame[OUTCOME])
        moved = frame.assign(euribor3m=frame["euribor3m"] + 5)
        assert (predict(model, frame) == predict(model, moved)).all()
        assert list(model.feature_names_in_) == schema.feature_names
