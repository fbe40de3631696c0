"""A sane training, which every test of this suite sabotages in a way of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

import pandas as pd
import pytest

from core.models.proof import Model
from core.schema import Schema
from core.settings.loop import TrainerSettings
from tests.made_up_outcomes import made_up
from trainer.data.snapshot import AT
from trainer.fitting import calibrate, recipe
from trainer.fitting.candidates import Candidate
from trainer.fitting.recipe import Champion, Unwatched, ValidatedModel
from trainer.gates.verdict import Verdict

P = ParamSpec("P")
T = TypeVar("T")

ROWS = 6_000
PLAIN = Candidate("logistic regression", {"left_out": "nothing", "c": 0.05})
BOOSTED = Candidate(
    "gradient boosting",
    {"left_out": "nothing", "iterations": 60, "learning_rate": 0.1, "leaves": 8, "leaf_rows": 30, "l2": 1.0},
)


@dataclass
class Training:
    """The recipe as it is, with the settings' defaults; `gates` are the verdicts it came to, in order.

    The search is not looked for here but given (`candidate`): it takes most of a training's time and stops nobody. A
    gate in `removed` lets everything through.
    """

    schema: Schema
    settings: TrainerSettings = field(default_factory=TrainerSettings)
    candidate: Candidate = PLAIN
    removed: str = ""
    gates: list[Verdict] = field(default_factory=list)

    def run(self, frame: pd.DataFrame, champion: Champion | None = None) -> ValidatedModel:
        """Raises what the recipe raises."""

        def step(name: str, function: Callable[P, T], /) -> Callable[P, T]:
            def done(*args: P.args, **kwargs: P.kwargs) -> T:
                if name == "search":
                    return self.candidate  # type: ignore[return-value]
                if name == self.removed:
                    return Verdict(name, True, "nobody looked", "", "")  # type: ignore[return-value]
                found = function(*args, **kwargs)
                if isinstance(found, Verdict):
                    self.gates.append(found)
                return found

            return done

        return recipe.train_model(frame, self.schema, self.settings, champion, watch=Unwatched(), step=step)

    def model(self, frame: pd.DataFrame, candidate: Candidate = PLAIN) -> Model:
        """A model of `frame`, with no gate asked."""
        return calibrate.fit(
            candidate, recipe.split_windows(frame, self.settings), self.schema, self.settings.callwise_seed
        )[0]

    def champion(self, frame: pd.DataFrame) -> Champion:
        """A champion that has learnt from `frame`."""
        model = self.model(frame)
        return Champion(lambda: model, frame[AT].iloc[-1].to_pydatetime())


@pytest.fixture
def training(schema: Schema) -> Training:
    return Training(schema)


@pytest.fixture(scope="session")
def outcomes(schema: Schema) -> pd.DataFrame:
    """Outcomes that there is something to learn from; more than the training window holds, so the oldest are left."""
    return made_up(schema, ROWS)


def window(frame: pd.DataFrame, settings: TrainerSettings) -> dict[str, pd.Index]:
    """Which rows of `frame` training learns from, and which of them it is judged by."""
    rows = frame.index[-settings.callwise_training_window :]
    test = round(len(rows) * settings.callwise_test_share)
    return {"learnt": rows[:-test], "judged": rows[-test:]}
