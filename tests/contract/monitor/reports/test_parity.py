"""Logged requests held against training, on a real store and with a real model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.errors import ModelError, NotFound
from core.models.level import levelled
from core.models.proof import Model, Proof, predict
from core.models.registry import Loaded, ModelVersion
from core.schema import Schema
from core.stores.mongo import Db, Document
from monitor.reports import parity
from monitor.reports.parity import review_parity
from tests.made_up_outcomes import made_up
from trainer.data import split
from trainer.data.snapshot import OUTCOME
from trainer.fitting import calibrate
from trainer.fitting.candidates import Candidate
from trainer.pipeline.registration import proof_inputs

pytestmark = pytest.mark.mongo

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Registry:
    """Models by version; each is proven when it is loaded, as in the real one."""

    def __init__(self, **models: tuple[Model, Proof]) -> None:
        self.models = {version.removeprefix("v"): model for version, model in models.items()}

    def version(self, number: str) -> ModelVersion:
        if number not in self.models:
            raise NotFound(f"there is no version {number}")
        return ModelVersion("prospect-scorer", number, "run", {})

    def load(self, version: ModelVersion) -> Loaded:
        model, proof = self.models[version.version]
        proof.check(model, f"version {version.version}")
        return Loaded(model, proof, pd.DataFrame())


def trained(schema: Schema, seed: int) -> tuple[Model, Proof]:
    frame = made_up(schema, 1_000, seed=seed)
    cut = split.by_time(frame, OUTCOME, calibration_share=0.2, test_share=0.2)
    candidate = Candidate("logistic regression", {"left_out": "nothing", "c": 0.05})
    model, _ = calibrate.fit(candidate, cut, schema, seed=7)
    return model, Proof.for_model(model, proof_inputs(frame, schema)[:30])


@pytest.fixture(scope="module")
def one(schema: Schema) -> tuple[Model, Proof]:
    return trained(schema, 1)


@pytest.fixture(scope="module")
def other(schema: Schema) -> tuple[Model, Proof]:
    return trained(schema, 2)


@pytest.fixture
def people(schema: Schema) -> list[dict[str, Any]]:
    frame: pd.DataFrame = made_up(schema, 60, seed=9)
    return [
        dict(zip(schema.feature_names, row, strict=True)) for row in frame[schema.feature_names].to_numpy().tolist()
    ]


def log(
    db: Db, model: Model, people: list[dict[str, Any]], *, level: float = 0.0, shadow: Mapping[str, Any] | None = None
) -> None:
    """Log people as version 1 scored them at `level`; `shadow` adds what the other version said."""
    db.predictions.insert_many(
        {"_id": f"r:{place:03d}", "prospect": f"p{place}", "at": START + timedelta(seconds=place), "features": row,
         "version": "1", "route": "champion", "score": float(levelled([score], level)[0]), "level": level,
         "shadow_score": None, "shadow_version": None, "shadow_level": None, **(shadow or {})}
        for place, (row, score) in enumerate(zip(people, predict(model, people), strict=True))
    )  # fmt: skip


def report(db: Db) -> Document:
    [found] = db.reports.find()
    return found


def review(db: Db, registry: Registry, *versions: str, size: int = 50) -> str:
    return review_parity(db, registry, list(versions), size, "code", champion=versions[0], clock=lambda: START)


def state(db: Db) -> str | None:
    found = db.appliance.find_one({"_id": f"monitor:{parity.CAUSE}"})
    return str(found["state"]) if found else None


@pytest.mark.parametrize("level", [0.0, 0.7, -2.5])
def test_what_training_would_say_is_what_was_said_at_any_level(
    db: Db, one: tuple[Model, Proof], people: list[dict[str, Any]], level: float
) -> None:
    log(db, one[0], people, level=level)
    said = review(db, Registry(v1=one), "1")
    assert said == "version 1: 50 logged scores come out the same as in training"
    verdict = report(db)["verdict"]
    assert (verdict["different"], verdict["code_version"]) == (False, "code")
    assert (verdict["versions"][0]["rows"], verdict["versions"][0]["different"]) == (50, 0)
    assert (state(db), list(db.events.find())) == (None, []), "nothing was ever wrong"


def test_a_record_that_was_tampered_with_is_named_and_is_news_once(
    db: Db, one: tuple[Model, Proof], people: list[dict[str, Any]]
) -> None:
    log(db, one[0], people)
    score = db.predictions.find_one({"_id": "r:030"})
    assert score is not None
    db.predictions.update_one({"_id": "r:030"}, {"$set": {"score": score["score"] + 0.01}})
    db.predictions.update_one(
        {"_id": "r:040"}, {"$set": {"score": score["score"] + 1e-6, "features": score["features"]}}
    )
    said = review(db, Registry(v1=one), "1")
    assert said == "version 1: 2 of 50 logged scores differ from training's, most of all r:030, by 0.01"
    assert state(db) == parity.SKEWED
    [event] = db.events.find()
    assert (event["what"], event["subject"], event["why"]) == ("skew: skewed", report(db)["_id"], said)
    assert parity.skew_found(db, "1", START) == said
    assert parity.skew_found(db, "1", START + timedelta(seconds=1)) is None, "that report is older"
    assert parity.skew_found(db, "2", START) is None


def test_a_changed_feature_and_a_changed_level_differ_too(
    db: Db, one: tuple[Model, Proof], people: list[dict[str, Any]]
) -> None:
    log(db, one[0], people, level=0.3)
    db.predictions.update_one({"_id": "r:020"}, {"$set": {"features": {**people[20], "age": people[20]["age"] + 1}}})
    db.predictions.update_one({"_id": "r:021"}, {"$set": {"level": 0.2}})
    assert "2 of 50 logged scores differ" in review(db, Registry(v1=one), "1")


def test_another_model_under_the_version_differs_everywhere(
    db: Db, one: tuple[Model, Proof], other: tuple[Model, Proof], people: list[dict[str, Any]]
) -> None:
    log(db, one[0], people)
    assert "50 of 50 logged scores differ" in review(db, Registry(v1=other), "1")
    assert state(db) == parity.SKEWED


def test_a_model_that_does_not_even_reproduce_its_proof_is_an_error(
    db: Db, one: tuple[Model, Proof], other: tuple[Model, Proof], people: list[dict[str, Any]]
) -> None:
    log(db, one[0], people)
    with pytest.raises(ModelError, match="does not reproduce its proof"):
        review(db, Registry(v1=(other[0], one[1])), "1")
    assert list(db.reports.find()) == []


def test_a_score_that_is_no_number_differs(db: Db, one: tuple[Model, Proof], people: list[dict[str, Any]]) -> None:
    log(db, one[0], people)
    db.predictions.update_one({"_id": "r:059"}, {"$set": {"score": float("nan")}})
    assert "1 of 50 logged scores differ" in review(db, Registry(v1=one), "1")


def test_what_a_canary_says_in_the_shadow_counts_at_its_own_level(
    db: Db, one: tuple[Model, Proof], other: tuple[Model, Proof], people: list[dict[str, Any]]
) -> None:
    log(db, one[0], people, level=0.5, shadow={"shadow_version": "2", "shadow_level": -0.4})
    for place, raw in enumerate(predict(other[0], people)):
        score = float(levelled([raw], -0.4)[0])
        db.predictions.update_one({"_id": f"r:{place:03d}"}, {"$set": {"shadow_score": score}})
    registry = Registry(v1=one, v2=other)
    assert "version 2: 50 logged scores come out the same" in review(db, registry, "1", "2")
    db.reports.delete_many({})
    db.predictions.update_one({"_id": "r:059"}, {"$set": {"shadow_score": 0.99}})
    said = review(db, registry, "1", "2")
    assert "version 1: 50 logged scores come out the same as in training; version 2: 1 of 50" in said
    assert parity.skew_found(db, "2", START) == said.split("; ")[1]
    assert parity.skew_found(db, "1", START) is None
    assert state(db) != parity.SKEWED, "nobody is told to give up a champion that is as it was"


def test_well_again_is_news_and_nothing_scored_is_nothing_to_say(
    db: Db, one: tuple[Model, Proof], people: list[dict[str, Any]]
) -> None:
    assert review(db, Registry(v1=one), "1") == "nothing was scored yet"
    log(db, one[0], people)
    broken = {"score": np.nextafter(0.5, 1).item()}
    db.predictions.update_one({"_id": "r:000"}, {"$set": broken})
    assert "59 logged scores come out the same" in review(db, Registry(v1=one), "1", size=59), "the newest only"
    db.reports.delete_many({})
    assert "1 of 60" in review(db, Registry(v1=one), "1", size=60)
    later = START + timedelta(days=1)
    review_parity(db, Registry(v1=one), ["1"], 50, "code", champion="1", clock=lambda: later)
    assert state(db) == "well"
    assert [event["what"] for event in db.events.find().sort([("_id", 1)])] == ["skew: skewed", "skew: well"]
