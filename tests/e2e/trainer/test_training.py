"""Continuous training on a real MongoDB, S3, MLflow and Prefect, from made-up outcomes with a known truth."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import ParamSpec, TypeVar
from unittest.mock import Mock

import mlflow
import pandas as pd
import pytest
import requests
from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository
from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository

from core.clock import now
from core.errors import GateRefused, ModelError, NotFound, Unavailable
from core.models.decisions import CANARY, CHAMPION, DecisionKind, SuccessionState
from core.models.gates import Gate
from core.models.proof import predict
from core.models.succession import Succession
from core.schema import Schema
from core.settings.group import ROOT
from core.settings.loading import load
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db
from core.stores.object_store import ObjectStore
from tests.made_up_outcomes import made_up, store
from tests.signing import KEYS
from trainer.data.snapshot import AT, OUTCOME, PROSPECT
from trainer.fitting.candidates import Candidate
from trainer.main import Settings, compose
from trainer.pipeline import archive, handover
from trainer.pipeline.training import Trainer, TrainingResult, train
from trainer.retention.datasets import OldDatasets
from trainer.retention.pages import OldPages

P = ParamSpec("P")
T = TypeVar("T")


@pytest.fixture
def environment(db: Db, objects: ObjectStore, tmp_path: Path) -> dict[str, str]:
    """What a trainer of its own is told: its database, bucket, model, experiment and data registry."""
    if "MLFLOW_TRACKING_URI" not in os.environ:
        pytest.skip("MLFLOW_TRACKING_URI names no server; scripts/test starts one")
    named = {name: os.environ[name] for name in ("MONGODB_URI", "MLFLOW_TRACKING_URI")}
    named |= {name: os.environ[name] for name in ("S3_ENDPOINT_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY")}
    own = f"test-{uuid.uuid4().hex[:8]}"
    return {
        **named,
        "MONGODB_DATABASE": db.name,
        "S3_BUCKET_DATASETS": objects.bucket,
        "CALLWISE_MODEL_NAME": own,
        **KEYS,
        "CALLWISE_EXPERIMENT": own,
        "CALLWISE_DATA_REGISTRY": str(tmp_path / "registry"),
        "CALLWISE_SCHEMA": str(ROOT / "data" / "schema.yaml"),
        "CALLWISE_SEARCH_TRIALS": "3",
        "CALLWISE_CODE_VERSION": "one",
    }


def refreshing(environment: dict[str, str], **more: str) -> Trainer:
    """The trainer of the same release once more."""
    return compose(load(Settings, {**environment, **more}))


@pytest.fixture
def trainer(environment: dict[str, str]) -> Trainer:
    return compose(load(Settings, environment))


def told(db: Db, what: str) -> list[str]:
    return [event["why"] for event in db.events.find({"what": what})]


def later(environment: dict[str, str]) -> Trainer:
    """The trainer of a later release: the same outcomes are worth training on again."""
    return compose(load(Settings, {**environment, "CALLWISE_CODE_VERSION": "two"}))


def test_the_first_model_is_promoted_with_its_whole_lineage(db: Db, schema: Schema, trainer: Trainer) -> None:
    frame = made_up(schema)
    store(db, schema, frame)
    outcome = train(trainer, reason="a test", incident="incident-1")
    assert outcome.result == "promoted"

    champion = trainer.models.version_by_alias(CHAMPION)
    assert champion is not None
    assert champion.version == outcome.version
    kept = trainer.data.snapshots()[0]
    assert champion.tags["dataset_tag"] == kept.tag == outcome.dataset
    assert champion.tags["dataset_sha256"] == kept.sha256
    assert champion.tags["schema_sha256"] == schema.hash
    assert champion.tags["code_version"] == "one"
    assert champion.tags["incident"] == "incident-1"
    assert champion.tags["run_id"] == champion.run_id
    assert len(champion.tags["lock_sha256"]) == 64

    model, proof, _ = trainer.models.load(champion)
    assert len(proof.scores) > 100
    reference = trainer.models.reference(champion)
    assert reference["score"].tolist() == predict(model, reference).tolist()
    assert reference["age"].tolist() == frame["age"].iloc[: len(reference)].tolist()

    [decision] = trainer.succession.decisions()
    assert (decision.what, decision.version, decision.incident) == (
        DecisionKind.PROMOTED,
        champion.version,
        "incident-1",
    )
    assert isinstance(decision.at, datetime)
    assert told(db, "model promoted") == [outcome.why]
    assert [event["details"]["rows"] for event in db.events.find({"what": Event.OUTCOMES_READ})] == [len(frame)]
    assert event_log.first_broken(db) is None

    client = trainer.models.client
    run = client.get_run(champion.run_id)
    assert run.info.status == "FINISHED"
    assert {"brier_before", "brier_after", "log_loss_before", "log_loss_after"} <= set(run.data.metrics)
    reports = {file.path for file in client.list_artifacts(champion.run_id)}
    assert {"expectations.json", "deepchecks.html", "champion-gate.json"} <= reports
    below = client.search_runs([run.info.experiment_id], f"tags.mlflow.parentRunId = '{champion.run_id}'")
    assert len(below) == 3
    assert len({trial.data.params["kind"] for trial in below}) == 2
    signed = mlflow.models.get_model_info(f"models:/{champion.name}/{champion.version}").signature
    assert signed.inputs.input_names() == schema.feature_names


def test_nothing_new_is_nothing_to_do(db: Db, schema: Schema, trainer: Trainer) -> None:
    store(db, schema, made_up(schema))
    first = train(trainer, reason="a test")
    again = train(trainer, reason="a test")
    assert (again.result, again.version) == ("unchanged", first.version)
    assert len(trainer.models.versions()) == 1
    assert len(trainer.data.snapshots()) == 1
    assert len(told(db, "model promoted")) == 1


def test_a_model_that_is_no_better_is_refused_and_the_champion_stays(
    db: Db, schema: Schema, trainer: Trainer, environment: dict[str, str]
) -> None:
    store(db, schema, made_up(schema))
    first = train(trainer, reason="a test")
    with pytest.raises(GateRefused, match="newer than what the champion has learnt from") as refused:
        train(later(environment), reason="a test")
    assert refused.value.gate == Gate.CHAMPION
    assert mlflow.artifacts.load_text(refused.value.report)
    champion = trainer.models.version_by_alias(CHAMPION)
    assert champion is not None
    assert champion.version == first.version
    assert len(trainer.models.versions()) == 1
    assert told(db, "training refused") == [refused.value.why]


def outgrown(db: Db, schema: Schema, trainer: Trainer) -> tuple[TrainingResult, pd.DataFrame]:
    """A champion made of few outcomes of a weak effect, and later ones from which a better model comes."""
    store(db, schema, made_up(schema, 1_500, effect=0.6))
    first, rest = train(trainer, reason="a test"), made_up(schema, 6_000, seed=2)
    rest[PROSPECT] = [f"spring:{row:06d}" for row in range(10_000, 16_000)]
    rest[AT] = rest[AT] + pd.Timedelta(days=30)
    return first, rest


def test_a_better_model_goes_on_trial_beside_the_champion(
    db: Db, schema: Schema, trainer: Trainer, environment: dict[str, str]
) -> None:
    first, rest = outgrown(db, schema, trainer)
    store(db, schema, rest)
    second = train(later(environment), reason="more outcomes", incident="drift:1")
    assert second.result == "on trial"
    assert trainer.models.aliases() == {CHAMPION: first.version, CANARY: second.version}
    canary = trainer.models.version_by_alias(CANARY)
    assert canary is not None
    assert canary.tags["parent_version"] == first.version
    state = trainer.succession.state()
    assert (state.champion, state.canary) == (first.version, second.version)
    assert state.trial is not None
    assert state.trial.incident == "drift:1"
    assert train(later(environment), reason="again").result == "unchanged"


def test_a_refresh_fits_the_recipe_in_use_without_a_search_and_waits_for_the_next_list(
    db: Db, schema: Schema, trainer: Trainer, environment: dict[str, str]
) -> None:
    first, rest = outgrown(db, schema, trainer)
    store(db, schema, rest)
    steps: list[str] = []

    def watched(name: str, function: Callable[P, T], /) -> Callable[P, T]:
        steps.append(name)
        return function

    again = train(refreshing(environment), reason="newer outcomes", incident="drift:1", refresh=True, step=watched)
    assert again.result == "refreshed"
    assert "search" not in steps
    tags = [trainer.models.version(version).tags for version in (first.version, again.version)]
    assert tags[0]["recipe"] == tags[1]["recipe"]
    assert tags[1]["refresh_of"] == tags[1]["parent_version"] == first.version
    waiting = trainer.succession.state().waiting
    assert waiting is not None
    assert (waiting.version, waiting.incident) == (again.version, "drift:1")
    assert trainer.models.aliases() == {CHAMPION: first.version}, "the list of today keeps its models"
    assert train(refreshing(environment), reason="again", refresh=True).result == "unchanged"


def test_a_training_that_finds_the_recipe_in_use_ends_as_a_refresh_unless_each_version_must_be_tried(
    db: Db, schema: Schema, trainer: Trainer, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, rest = outgrown(db, schema, trainer)
    in_use = Candidate(**json.loads(trainer.models.version(first.version).tags["recipe"]))
    monkeypatch.setattr("trainer.fitting.recipe.search", lambda *_, **__: in_use)
    store(db, schema, rest[:-500])
    found = train(refreshing(environment), reason="on schedule")
    assert (found.result, found.why.startswith("it has the recipe in use, so it is a refresh")) == ("refreshed", True)
    store(db, schema, rest[-500:])
    careful = refreshing(environment, CALLWISE_EVERY_VERSION_ON_TRIAL="true")
    assert train(careful, reason="on schedule").result == "on trial"


def test_other_code_is_no_refresh(db: Db, schema: Schema, trainer: Trainer, environment: dict[str, str]) -> None:
    _first, rest = outgrown(db, schema, trainer)
    store(db, schema, rest)
    asked = train(later(environment), reason="newer outcomes", refresh=True)
    assert (asked.result, "the next training makes a version for a trial" in asked.why) == ("unchanged", True)
    assert len(trainer.models.versions()) == 1


def test_the_recipe_in_use_made_by_other_code_goes_on_trial_and_the_decision_says_that_only_the_code_is_new(
    db: Db, schema: Schema, trainer: Trainer, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, rest = outgrown(db, schema, trainer)
    in_use = Candidate(**json.loads(trainer.models.version(first.version).tags["recipe"]))
    monkeypatch.setattr("trainer.fitting.recipe.search", lambda *_, **__: in_use)
    store(db, schema, rest)
    found = train(later(environment), reason="on schedule")
    assert found.result == "on trial"
    assert trainer.models.version(found.version).tags["same_recipe_as"] == first.version
    trial = trainer.succession.state().trial
    assert trial is not None
    assert trial.evidence == {"same_recipe": True}


def test_a_refresh_that_was_left_before_its_hand_over_gets_it(
    db: Db, schema: Schema, trainer: Trainer, environment: dict[str, str]
) -> None:
    _first, rest = outgrown(db, schema, trainer)
    store(db, schema, rest)

    def killed(name: str, function: Callable[P, T], /) -> Callable[P, T]:
        if name == "hand over":
            raise KeyboardInterrupt
        return function

    with pytest.raises(KeyboardInterrupt):
        train(refreshing(environment), reason="newer outcomes", refresh=True, step=killed)
    after = train(refreshing(environment), reason="newer outcomes", refresh=True)
    assert (after.result, after.version) == ("refreshed", "2")


def test_a_broken_source_is_stopped_at_great_expectations(db: Db, schema: Schema, trainer: Trainer) -> None:
    frame = made_up(schema).assign(euribor3m=-99.0)
    store(db, schema, frame)
    with pytest.raises(GateRefused, match="column 'euribor3m' breaks the rule") as refused:
        train(trainer, reason="a test")
    assert refused.value.gate == Gate.DATA
    assert '"success": false' in mlflow.artifacts.load_text(refused.value.report)
    assert trainer.models.version_by_alias(CHAMPION) is None
    run = trainer.models.client.get_run(refused.value.report.split("/")[1])
    assert run.info.status == "FAILED"
    assert "euribor3m" in run.data.tags["stopped_by"]


def test_a_model_that_is_wrong_of_the_newest_outcomes_is_stopped_at_deepchecks(
    db: Db, schema: Schema, trainer: Trainer
) -> None:
    frame = made_up(schema)
    newest = frame.index >= len(frame) * 0.85
    frame.loc[newest, OUTCOME] = 1 - frame.loc[newest, OUTCOME]
    store(db, schema, frame)
    with pytest.raises(GateRefused) as refused:
        train(trainer, reason="a test")
    assert refused.value.gate == Gate.MODEL
    assert trainer.models.versions() == []


def test_too_few_outcomes_are_refused_even_none(db: Db, trainer: Trainer) -> None:
    with pytest.raises(GateRefused, match="at least 1000 outcomes"):
        train(trainer, reason="a test")


def test_a_training_killed_in_any_step_is_finished_by_the_next(db: Db, schema: Schema, trainer: Trainer) -> None:
    store(db, schema, made_up(schema))
    for fatal in ("snapshot", "Great Expectations", "search", "champion gate", "hand over"):

        def killed(name: str, function: Callable[P, T], /, fatal: str = fatal) -> Callable[P, T]:
            if name == fatal:
                raise KeyboardInterrupt
            return function

        with pytest.raises(KeyboardInterrupt):
            train(trainer, reason="a test", step=killed)
    assert trainer.models.version_by_alias(CHAMPION) is None
    assert [version.version for version in trainer.models.versions()] == ["1"]
    outcome = train(trainer, reason="a test")
    assert (outcome.result, outcome.version) == ("unchanged", "1")
    champion = trainer.models.version_by_alias(CHAMPION)
    assert champion is not None
    assert len(told(db, "model promoted")) == 1
    assert len(trainer.data.snapshots()) == 1


def test_what_a_hand_over_left_half_done_is_done_by_the_next(
    db: Db, schema: Schema, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(db, schema, made_up(schema))

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Succession, "_log", killed)
        with pytest.raises(KeyboardInterrupt):
            train(trainer, reason="a test")
    [decision] = trainer.succession.decisions()
    assert trainer.models.aliases() == {}
    assert handover.settle(trainer.succession, trainer.models) is None
    assert trainer.models.aliases() == {CHAMPION: decision.version}


def test_a_model_that_was_left_before_its_trial_gets_it_and_no_other_ends_it(
    db: Db, schema: Schema, trainer: Trainer, environment: dict[str, str]
) -> None:
    first, rest = outgrown(db, schema, trainer)
    store(db, schema, rest[:-500])

    def killed(name: str, function: Callable[P, T], /) -> Callable[P, T]:
        if name == "hand over":
            raise KeyboardInterrupt
        return function

    with pytest.raises(KeyboardInterrupt):
        train(later(environment), reason="more outcomes", incident="drift:1", step=killed)
    store(db, schema, rest[-500:])
    after = train(later(environment), reason="yet more", incident="quality:1")
    assert (after.result, after.version) == ("on trial", "2")
    assert after.dataset == trainer.models.version("2").tags["dataset_tag"]
    assert [version.version for version in trainer.models.versions()] == ["2", first.version]
    trial = trainer.succession.state().trial
    assert trial is not None
    assert (trial.version, trial.incident) == ("2", "drift:1")


def test_a_version_out_of_use_is_archived_its_files_go_and_its_lineage_stays(
    db: Db, schema: Schema, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(db, schema, made_up(schema))
    train(trainer, reason="first")
    nobody, of_now = SuccessionState(), trainer.succession.state()
    assert archive.archive(trainer.models, nobody) == [], "the newest keep their files"
    monkeypatch.setattr(archive, "KEPT", 0)
    assert archive.archive(trainer.models, of_now) == [], "and so does what is in use"
    before = trainer.models.version("1")
    assert float(before.tags["compiled_difference"]) < 1e-9
    with monkeypatch.context() as away:
        gone = requests.HTTPError("503 Service Unavailable")
        away.setattr(HttpArtifactRepository, "delete_artifacts", Mock(side_effect=gone))
        away.setattr(S3ArtifactRepository, "delete_artifacts", Mock(side_effect=gone))
        assert archive.archive(trainer.models, nobody) == [], "the next training tries again"
    assert trainer.models.version("1").tags == before.tags
    assert archive.archive(trainer.models, nobody) == ["1"]
    assert archive.archive(trainer.models, nobody) == [], "once"
    after = trainer.models.version("1")
    assert {**before.tags, "archived": after.tags["archived"]} == after.tags
    assert trainer.models.client.get_run(after.run_id).data.metrics
    with pytest.raises((NotFound, Unavailable)):
        trainer.models.load(after)
    trainer.models.remove_files(after)  # where a run died between the files and the tag


def test_a_model_is_opened_with_our_list_of_types_not_with_its_own(
    db: Db, schema: Schema, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(db, schema, made_up(schema))
    train(trainer, reason="a test")
    champion = trainer.models.version_by_alias(CHAMPION)
    assert champion is not None
    monkeypatch.setattr("core.models.registry.TRUSTED_TYPES", ())
    with pytest.raises(ModelError, match="not trusted"):
        trainer.models.load(champion)


def test_as_a_prefect_flow_a_refusal_is_a_failed_state_with_its_reason(
    db: Db, schema: Schema, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if "PREFECT_API_URL" not in os.environ:
        pytest.skip("PREFECT_API_URL names no server; scripts/test starts one")
    from trainer.flow import continuous_training

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    store(db, schema, made_up(schema))
    promoted = continuous_training(reason="a test", return_state=True)
    assert (promoted.name, promoted.is_completed()) == ("Promoted", True)
    monkeypatch.setenv("CALLWISE_CODE_VERSION", "two")
    refused = continuous_training(reason="a test", return_state=True)
    assert (refused.name, refused.is_failed()) == ("Refused", True)
    assert refused.message is not None
    assert refused.message.startswith("champion gate refused: only 0 outcomes")
    # Whoever asked for the runs reads how they ended in events named after them.
    ended = [(event["subject"], event["details"]) for event in db.events.find({"what": "training ended"})]
    assert [details["result"] for _, details in ended] == ["promoted", "refused"]
    assert [details["gate"] for _, details in ended] == [None, "champion gate"]
    assert [details["outcomes"] for _, details in ended] == [len(list(db.outcomes.find()))] * 2
    assert len({run for run, _ in ended if run}) == 2


def test_pages_of_old_runs_without_a_version_go_and_their_figures_stay(
    db: Db, schema: Schema, trainer: Trainer, environment: dict[str, str]
) -> None:
    store(db, schema, made_up(schema))
    train(trainer, reason="first")
    refused = refreshing(environment, CALLWISE_CODE_VERSION="two")
    with pytest.raises(GateRefused):
        train(refused, reason="again")
    client = trainer.models.client
    experiment = client.get_experiment_by_name(trainer.experiment).experiment_id
    parents = [run.info for run in client.search_runs([experiment]) if client.list_artifacts(run.info.run_id)]
    assert len(parents) == 2
    began = now()

    def cleared(days: int) -> int:
        old = OldPages(db, trainer.models, trainer.experiment, 90, lambda: began + timedelta(days=days))
        return sum(iter(old.step, None))

    assert cleared(89) == 0
    assert cleared(91) > 0
    assert cleared(91) == 0
    version = trainer.models.version("1")
    assert [info.run_id for info in parents if client.list_artifacts(info.run_id)] == [version.run_id]
    assert all(client.get_run(info.run_id).data.metrics for info in parents)
    trainer.models.remove_pages(version.run_id)
    trainer.models.remove_pages(version.run_id)  # a process may have died before it said so
    assert client.list_artifacts(version.run_id) == []


def test_what_is_old_is_cleared_as_a_prefect_flow(
    db: Db, schema: Schema, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if "PREFECT_API_URL" not in os.environ:
        pytest.skip("PREFECT_API_URL names no server; scripts/test starts one")
    from trainer.retention import flow

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    cleared = flow.clear_old(return_state=True)
    assert cleared.message == (
        "cleared: 0 predictions, 0 datasets, 0 runs' pages, 0 answers to programs, 0 changes of the feed"
    )
    ended = db.retention.find_one({"_id": "ended"})
    assert ended is not None
    assert abs(ended["last"]["at"] - now()) < timedelta(minutes=5)
    monkeypatch.setattr(OldDatasets, "step", Mock(side_effect=Unavailable("S3 is away.")))
    failed = flow.clear_old(return_state=True)
    assert (failed.is_failed(), failed.message) == (True, "datasets: S3 is away.")
    after = db.retention.find_one({"_id": "ended"})
    assert after is not None
    assert after["last"]["failed"] == "datasets: S3 is away."
