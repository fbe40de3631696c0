"""Deliberate sabotage of a training, and the gate that stops it.

Every row of the table is a training that must not end in a model. With a gate taken out of the recipe, or asleep, its
rows are stopped by another gate or by none, and fail here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy.special import expit, logit

from core.errors import GateRefused
from core.models.gates import Gate
from core.models.proof import Model, Scores, predict
from core.schema import Schema
from core.settings.loop import TrainerSettings
from monitor.trials.evidence import Pair, judge
from monitor.trials.verdict import ROLL_BACK, TrialRules
from tests.made_up_outcomes import made_up
from tests.pipeline.conftest import Training, window
from trainer.data.snapshot import AT, OUTCOME, PROSPECT
from trainer.fitting import recipe
from trainer.fitting.recipe import Champion

OLD = 2_500  # rows that the champion has learnt from; the window of the next training begins before they end

Sabotage = Callable[[Training, pd.DataFrame], tuple[pd.DataFrame, Champion | None]]


def spoilt(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Sabotage:
    """The data are wrong; there is no champion yet."""
    return lambda _training, frame: (change(frame), None)


def cell(column: str, value: object) -> Sabotage:
    """One cell of the newest hundred is wrong."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        cells = frame[column].astype(object).tolist()
        cells[-50] = value
        return frame.assign(**{column: pd.Series(cells, index=frame.index).infer_objects()})

    return spoilt(change)


def reversed_newest(training: Training, frame: pd.DataFrame) -> tuple[pd.DataFrame, None]:
    """The newest outcomes mean the contrary of all before: a source swapped yes and no."""
    frame = frame.copy()
    judged = window(frame, training.settings)["judged"]
    frame.loc[judged, OUTCOME] = 1 - frame.loc[judged, OUTCOME]
    return frame, None


def leaked(wrong: float) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """A column that says what came of the call, but for a share `wrong` of the calls."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        noise = np.random.default_rng(1).random(len(frame)) < wrong
        return frame.assign(previous=np.where(noise, 1 - frame[OUTCOME], frame[OUTCOME]) * 3)

    return change


def same_people(training: Training, frame: pd.DataFrame) -> tuple[pd.DataFrame, None]:
    """Those the model is judged on are among those it has learnt from."""
    frame, rows = frame.copy(), window(frame, training.settings)
    frame.loc[rows["judged"], PROSPECT] = frame.loc[rows["learnt"][: len(rows["judged"])], PROSPECT].to_numpy()
    return frame, None


def shuffled_labels(training: Training, frame: pd.DataFrame) -> tuple[pd.DataFrame, Champion]:
    """What is learnt from belongs to other people: a join that went wrong."""
    champion, frame = training.champion(frame.head(OLD)), frame.copy()
    learnt = window(frame, training.settings)["learnt"]
    frame.loc[learnt, OUTCOME] = np.random.default_rng(2).permutation(frame.loc[learnt, OUTCOME].to_numpy())
    return frame, champion


def scrambled_columns(training: Training, frame: pd.DataFrame) -> tuple[pd.DataFrame, Champion]:
    """The columns that matter are torn from their people in what is learnt from: a worse candidate."""
    champion, frame = training.champion(frame.head(OLD)), frame.copy()
    learnt = window(frame, training.settings)["learnt"]
    for column in ("contact", "poutcome", "age"):
        frame.loc[learnt, column] = np.random.default_rng(1).permutation(frame.loc[learnt, column].to_numpy())
    return frame, champion


class KnowsTheMarried:
    """A champion that is right of the married and has everybody else in the wrong order, and is very sure of it.

    Not only off its level there: that would be no reason against it, and is taken off before the gate compares.
    """

    def __init__(self, model: Model, frame: pd.DataFrame) -> None:
        self.model, self.feature_names_in_ = model, model.feature_names_in_
        self.centre = logit(predict(model, frame)).mean()

    def predict_proba(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
        right = self.model.predict_proba(X)[:, 1]
        wrong = expit(self.centre - 3 * (logit(right) - self.centre))
        score = np.where(X["marital"] == "married", right, wrong)
        return np.column_stack([1 - score, score])


def a_segment_pays(training: Training, frame: pd.DataFrame) -> tuple[pd.DataFrame, Champion]:
    """The candidate is better on the whole, and of the married, half of all, it has learnt mostly the contrary."""
    rng = np.random.default_rng(3)
    frame = frame.assign(marital=np.where(rng.random(len(frame)) < 0.5, "married", frame["marital"]))
    champion = KnowsTheMarried(training.model(frame.head(OLD)), frame.head(OLD))
    paying = (frame["marital"] == "married") & (rng.random(len(frame)) < 0.6)
    paying &= frame.index.isin(window(frame, training.settings)["learnt"])
    until = frame[AT].iloc[OLD].to_pydatetime()
    return frame.assign(**{OUTCOME: frame[OUTCOME].where(~paying, 1 - frame[OUTCOME])}), Champion(
        lambda: champion, until
    )


def nothing_else(training: Training, frame: pd.DataFrame) -> tuple[pd.DataFrame, Champion]:
    """The candidate is the champion once more."""
    return frame, Champion(lambda: training.model(frame.tail(4_000)), frame[AT].iloc[OLD].to_pydatetime())


def nothing_new(training: Training, frame: pd.DataFrame) -> tuple[pd.DataFrame, Champion]:
    """The champion has learnt from all but the last 99 outcomes."""
    return frame, training.champion(frame.iloc[:-99])


TABLE: dict[str, tuple[Sabotage, str, str]] = {
    "a source that is broken": (spoilt(lambda f: f.assign(euribor3m=-99.0)), Gate.DATA, "column 'euribor3m' breaks"),
    "a value out of range": (cell("age", 300), Gate.DATA, "column 'age' breaks the rule"),
    "a word nobody knows": (cell("job", "astronaut"), Gate.DATA, "column 'job' breaks the rule"),
    "an empty cell": (cell("campaign", None), Gate.DATA, "column 'campaign' breaks the rule 'not empty'"),
    "a column that is gone": (spoilt(lambda f: f.drop(columns="loan")), Gate.DATA, "column 'loan' breaks"),
    "time that runs backwards": (
        spoilt(lambda f: f.iloc[::-1]),
        Gate.DATA,
        "column 'at' breaks the rule 'in time order'",
    ),
    "one outcome only": (spoilt(lambda f: f.assign(outcome=0)), Gate.DATA, "column 'outcome' breaks the rule 'both"),
    "too few outcomes": (spoilt(lambda f: f.tail(999)), Gate.DATA, "at least 1000 outcomes"),
    "newest outcomes reversed": (reversed_newest, Gate.MODEL, "Simple Model Comparison"),
    "a column that gives the outcome away": (spoilt(leaked(0.0)), Gate.MODEL, "'previous': '1'"),
    "a column that mostly does": (spoilt(leaked(0.12)), Gate.MODEL, "Feature Label Correlation"),
    "judged on those it learnt from": (same_people, Gate.MODEL, "Index Train-Test Leakage"),
    "labels shuffled in what is learnt": (shuffled_labels, Gate.CHAMPION, "worse than the champion's"),
    "columns scrambled in what is learnt": (scrambled_columns, Gate.CHAMPION, "worse than the champion's"),
    "a segment pays": (a_segment_pays, Gate.CHAMPION, "the segment marital married"),
    "the champion once more": (nothing_else, Gate.CHAMPION, "its scores equal the champion's"),
    "nothing the champion does not know": (nothing_new, Gate.CHAMPION, "only 99 outcomes"),
}


@pytest.mark.parametrize(("sabotage", "gate", "said"), TABLE.values(), ids=TABLE.keys())
def test_sabotage_is_stopped_by_its_gate(
    training: Training, outcomes: pd.DataFrame, sabotage: Sabotage, gate: str, said: str
) -> None:
    frame, champion = sabotage(training, outcomes)
    with pytest.raises(GateRefused) as refused:
        training.run(frame, champion)
    assert refused.value.gate == gate, refused.value
    assert said in refused.value.why
    assert [verdict.passed for verdict in training.gates] == [True] * (len(training.gates) - 1) + [False]


def test_a_sane_training_passes_every_gate_in_their_order(training: Training, outcomes: pd.DataFrame) -> None:
    made = training.run(outcomes, training.champion(outcomes.head(OLD)))
    assert [(verdict.gate, verdict.passed) for verdict in training.gates] == [
        (Gate.DATA, True), (Gate.MODEL, True), (Gate.CHAMPION, True),
    ]  # fmt: skip
    assert len(made.trained_on) == training.settings.callwise_training_window


@pytest.mark.parametrize(
    ("gate", "name"),
    [
        (Gate.DATA, "a source that is broken"),
        (Gate.MODEL, "a column that gives the outcome away"),
        (Gate.CHAMPION, "columns scrambled in what is learnt"),
    ],
)
def test_without_its_gate_nobody_else_would_have_stopped_it(
    schema: Schema, outcomes: pd.DataFrame, gate: str, name: str
) -> None:
    careless = Training(schema, removed=gate)
    assert careless.run(*TABLE[name][0](careless, outcomes)).verdict.passed


def test_labels_that_are_shuffled_everywhere_fool_the_gates_and_not_the_trial(
    training: Training, outcomes: pd.DataFrame, schema: Schema
) -> None:
    """The newest outcomes are as wrong as the rest, so nothing in the data says who is right; calls that follow do."""
    champion = training.champion(outcomes.head(OLD))
    shuffled = np.random.default_rng(2).permutation(outcomes[OUTCOME].to_numpy())
    canary = training.run(outcomes.assign(**{OUTCOME: shuffled}), champion).model

    calls = made_up(schema, 1_000, seed=5)
    scores: list[Scores] = [predict(model, calls) for model in (champion.load(), canary)]
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)
    pairs = [
        Pair(str(place), start + timedelta(minutes=place), bool(sold), float(old), float(new), "champion", {})
        for place, (sold, old, new) in enumerate(zip(calls[OUTCOME], *scores, strict=True))
    ]
    verdict = judge(pairs, TrialRules())
    assert verdict.what == ROLL_BACK
    assert verdict.outcomes <= 200


def test_the_search_is_part_of_a_training_too(schema: Schema, outcomes: pd.DataFrame) -> None:
    """The one row with the search as it is, on a budget of its first two candidates."""
    settings = TrainerSettings(callwise_search_trials=2, callwise_training_window=1_500)
    with pytest.raises(GateRefused) as refused:
        recipe.train_model(leaked(0.0)(outcomes), schema, settings, None, watch=recipe.Unwatched())
    assert refused.value.gate == Gate.MODEL
