"""A kind with blanks, open words, yes/no and dates goes through the whole training, and its model through serving."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from core.models.proof import Proof, predict
from core.schema.as_of import as_of
from core.schema.column import BLANK
from core.scoring import protocol
from core.stores.mongo import Db
from monitor.reports.drift.comparison import compare
from monitor.reports.drift.limits import DriftLimits
from monitor.reports.drift.verdict import DriftVerdict
from serving.explain import Explainer
from tests import customers
from tests.arrivals import cohorts
from tests.pipeline.conftest import BOOSTED, PLAIN, Training
from trainer.data.snapshot import read_outcomes, write_outcomes
from trainer.fitting.candidates import Candidate
from trainer.pipeline.registration import proof_inputs, reference_of, signature

pytestmark = pytest.mark.usefixtures("db")
SCHEMA = customers.kind()


@pytest.fixture
def frame(db: Db, tmp_path: Path) -> pd.DataFrame:
    """4,000 outcomes, through MongoDB and the dataset's file."""
    customers.store(db, 4_000)
    path = tmp_path / "dataset.parquet"
    write_outcomes(read_outcomes(db, SCHEMA), SCHEMA, path)
    table: pd.DataFrame = pq.read_table(path).to_pandas()
    return table


def test_a_dataset_keeps_blanks_apart_from_values(frame: pd.DataFrame) -> None:
    blank = [float((frame[name] == BLANK).mean()) for name in ("source", "town")]
    blank += [float(frame[name].isna().mean()) for name in ("income", "visits", "since")]
    assert np.allclose(blank, 0.3, atol=0.03)
    assert frame["since"].min() > 0, "days before the call, not a date"


@pytest.mark.parametrize("candidate", [PLAIN, BOOSTED], ids=lambda candidate: candidate.kind)
def test_it_trains_scores_and_explains(frame: pd.DataFrame, candidate: Candidate) -> None:
    training = Training(SCHEMA, candidate=candidate)
    made = training.run(frame)
    assert [verdict.passed for verdict in training.gates] == [True, True, True]
    assert made.verdict.figures["candidate_auc"] > 0.65, "blanks, towns and dates carry most of the truth"

    inputs = proof_inputs(made.trained_on, SCHEMA)
    proof = Proof.for_model(made.model, inputs)
    assert all(0 < score < 1 for score in proof.scores)
    assert signature(SCHEMA).inputs.input_names() == SCHEMA.feature_names

    explainer = Explainer(made.model, reference_of(made.model, made.trained_on, SCHEMA), SCHEMA)
    assert explainer.exact == (candidate.kind == "logistic regression")
    person = {**as_of(SCHEMA, customers.people(1, seed=7)[0], customers.START, calls=0), "income": None, "opted": "yes"}
    strongest = explainer.reasons([person])[0]
    assert {"income", "opted"} <= {reason.column for reason in strongest}

    # A single person may have any blank, and a word that nobody has seen.
    alone = [{**person, "town": "Atlantis"}, {**person, "visits": None}, {**person, "source": BLANK, "since": None}]
    assert [float(predict(made.model, [one])[0]) for one in alone] == predict(made.model, alone).tolist()
    body = protocol.request(SCHEMA, alone, ["a", "b", "c"], "r")
    assert protocol.parse(SCHEMA, [protocol.Tensor(**tensor) for tensor in body["inputs"]]).features == alone


def test_a_word_that_the_kind_gains_moves_no_score(frame: pd.DataFrame) -> None:
    model = Training(SCHEMA).model(frame)
    content = SCHEMA.model_dump(mode="json")
    content["columns"][0]["categories"].append("Radio")
    content["columns"].append({"name": "pets", "label": "Pets", "type": "integer", "role": "profile", "optional": True})
    wider = type(SCHEMA).model_validate(content)
    person = {**as_of(SCHEMA, customers.people(1, seed=7)[0], customers.START, calls=0), "pets": 2}
    rows = protocol.parse(
        wider,
        [
            protocol.Tensor(**tensor)
            for tensor in protocol.request(wider, [{**person, "source": "Radio"}, person], ["a", "b"], "r")["inputs"]
        ],
    )
    assert predict(model, rows.features)[1] == predict(model, [person])[0]
    assert 0 < predict(model, rows.features)[0] < 1


def test_drift_sees_blanks_and_new_words(frame: pd.DataFrame) -> None:
    limits = DriftLimits(window=1_000, category=0.1, number=0.18, score=0.15)

    def judged(now: pd.DataFrame) -> DriftVerdict:
        people = pd.concat([frame.head(2_000), now], ignore_index=True)[SCHEMA.feature_names]
        seen = cohorts(people, customers.START, 1_000)
        return compare(SCHEMA, seen, lambda rows: np.arange(len(rows)) % 7 / 100, frame, limits, "1", "code")[0]

    same = judged(frame.tail(1_000))
    # Customers have been with the company for a little longer when they are called later; nothing else has changed.
    assert (same.drifted, same.shown.new_words) == ([], {})
    blanked = frame.tail(1_000).assign(income=lambda f: f["income"].where(np.arange(1_000) % 3 == 0))
    assert judged(blanked).drifted == ["income"]
    moved = frame.tail(1_000).assign(town=lambda f: f["town"].where(np.arange(1_000) % 3 != 0, "Newtown"))
    found = judged(moved)
    assert found.drifted == ["town"]
    assert list(found.shown.new_words["town"]) == ["Newtown"]
    assert "new in town: Newtown (33%)" in found.sentence
