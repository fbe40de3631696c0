"""A replay never lets an arm see what was not known yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from operator import attrgetter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.models.level import LEAST_OUTCOMES
from core.models.proof import Scores
from core.schema import Schema
from core.settings.loading import load
from replay import main as command
from replay.forecasts import Flags, Forecaster
from replay.history import History
from replay.play import STRIDE, Protocol, play
from replay.setup import Settings, Setup
from tests.made_up_outcomes import made_up
from tests.scoring.fakes import FakeModel
from trainer.data.snapshot import AT, PROSPECT


@dataclass
class Watchful:
    """An arm that writes down what it was told and asked."""

    retrainings: int = 0
    name: str = "watchful"
    told: list[int] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)

    def learn(self, known: pd.DataFrame, sold: Flags, now: pd.Timestamp) -> None:
        assert len(known) == len(sold)
        assert known.empty or known[AT].iloc[-1] < now
        self.told.append(len(known))

    def score(self, rows: pd.DataFrame, start: int) -> Scores:
        self.asked += [start + place for place in range(len(rows))]
        return np.full(len(rows), 0.5)


@pytest.mark.parametrize(("delay", "until"), [(0, None), (200, None), (200, 2_130)])
def test_outcomes_are_heard_as_late_as_was_said(schema: Schema, delay: int, until: int | None) -> None:
    history = History(made_up(schema, 2_275), 0)
    arm = Watchful()
    scores = play(history, arm, Protocol(2_000, delay, until))
    end = until or 2_275
    assert arm.asked == list(range(2_000, end))
    assert arm.told == [start - delay for start in range(2_000, end, STRIDE)]
    assert len(scores) == end - 2_000


def test_a_level_follows_the_models_own_outcomes_only(schema: Schema) -> None:
    rows = made_up(schema, 400)
    forecaster = Forecaster("1", FakeModel(0.1, schema.feature_names), 400, window=200)
    assert forecaster.score(rows.iloc[100:200], 100).tolist() == [0.1] * 100
    sold = np.zeros(400, dtype=bool)
    sold[:100] = True  # before it was in use
    forecaster.learn(sold[: 100 + LEAST_OUTCOMES - 1])
    assert forecaster.level == 0
    sold[100:200:2] = True
    forecaster.learn(sold[:200])
    assert forecaster.level > 1
    assert forecaster.score(rows.iloc[200:201], 200)[0] > 0.3
    assert forecaster.raw[200] == 0.1


def test_a_level_begins_with_what_the_model_was_fitted_on(schema: Schema) -> None:
    rows = made_up(schema, 200)
    learnt = np.full(300, 0.1), np.repeat([0.0, 1.0], [200, 100])
    forecaster = Forecaster("1", FakeModel(0.1, schema.feature_names), 200, window=100, learnt=learnt)
    assert forecaster.level > 1
    assert forecaster.score(rows, 0)[0] > 0.3
    assert forecaster.raw[0] == 0.1
    forecaster.learn(np.zeros(100, dtype=bool))
    assert forecaster.level < 0


def test_without_a_window_the_scores_stay(schema: Schema) -> None:
    forecaster = Forecaster("1", FakeModel(0.1, schema.feature_names), 200)
    forecaster.score(made_up(schema, 200), 0)
    forecaster.learn(np.ones(200, dtype=bool))
    assert forecaster.level == 0


@pytest.mark.parametrize(
    "words", [["--known", "100"], ["--label-delay", "-1"], ["--until", "20000"], ["--known", "many"], ["--nonsense"]]
)
def test_nonsense_is_refused_before_anything_is_read(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.arguments(["--campaign", "no-such.zip", *words])
    assert ended.value.code == 2
    assert "usage: scripts/replay" in capsys.readouterr().err


def test_a_file_that_is_not_there_or_too_short_is_said_in_a_sentence(
    tmp_path: Path, schema: Schema, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["--campaign", str(tmp_path / "none.csv")]) == 1
    assert "cannot be read" in capsys.readouterr().err
    short = made_up(schema, 30).drop(columns=[AT, PROSPECT, "source_campaign"]).rename(columns={"outcome": "y"})
    short["y"] = short["y"].map({1: "yes", 0: "no"})
    short["duration"] = 1
    short.to_csv(tmp_path / "short.csv", index=False, sep=";")
    assert command.main(["--campaign", str(tmp_path / "short.csv")]) == 1
    assert "has 30 calls with an outcome; 20000 are to be known" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("CALLWISE_INCIDENT_ATTEMPTS", "incidents.attempts", 9),
        ("CALLWISE_INCIDENT_OUTCOMES", "incidents.fresh_outcomes", 9),
        ("CALLWISE_INCIDENT_DAYS", "incidents.patience", timedelta(days=9)),
        ("CALLWISE_RETRAIN_DAYS", "due.age", timedelta(days=9)),
        ("CALLWISE_RETRAIN_OUTCOMES", "due.outcomes", 9),
        ("CALLWISE_TRIAL_FALSE_PROMOTION", "trial.promote", 0.01),
        ("CALLWISE_TRIAL_FALSE_ROLLBACK", "trial.roll_back", 0.01),
        ("CALLWISE_TRIAL_MINIMUM", "trial.minimum", 9),
        ("CALLWISE_TRIAL_LIMIT", "trial.limit", 900),
        ("CALLWISE_CANARY_SHARE", "share", 0.25),
        ("CALLWISE_REFRESH_OUTCOMES", "refresh.every", 200),
        ("CALLWISE_REFRESH_WEIGHT", "refresh.prior", 0.5),
        ("CALLWISE_REFRESH_FALSE_WORSE", "refresh.worse", 0.01),
        ("CALLWISE_REFRESH_LIMIT", "refresh.limit", 500),
        ("CALLWISE_EVERY_VERSION_ON_TRIAL", "every_version_on_trial", True),
    ],
)
def test_the_loop_follows_the_settings_of_the_appliance(schema: Schema, name: str, field: str, value: object) -> None:
    text = str(value.days if isinstance(value, timedelta) else value)
    setup = Setup.from_settings(load(Settings, {name: text}), schema)
    assert attrgetter(field)(setup) == value
