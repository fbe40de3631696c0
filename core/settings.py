"""Settings from the environment, checked before anything starts.

Addresses have the names their own tools use (`MONGODB_URI`, `MLFLOW_TRACKING_URI`); everything that is Callwise's own
starts with `CALLWISE_`, and an unknown variable with that prefix stops the start, because it is a misspelt one. Each
service composes groups, those below and those of `core.settings_people`, into the one settings class its composition
root reads; nothing else reads the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator

from core.errors import SettingsError
from core.settings_group import ROOT, UNSAFE_SECRETS, Group
from core.settings_people import AppSettings, ErasureSettings, FirstAccountSettings, NotifySettings

__all__ = [
    "ROOT",
    "RUNNER_VARIABLES",
    "UNSAFE_SECRETS",
    "AppSettings",
    "DatasetSettings",
    "ErasureSettings",
    "EvidentlySettings",
    "FirstAccountSettings",
    "Group",
    "IncidentSettings",
    "MongoSettings",
    "MonitorSettings",
    "NotifySettings",
    "PrefectSettings",
    "RegistrySettings",
    "S3Settings",
    "SchemaSettings",
    "ScoringSettings",
    "ServingSettings",
    "TrainerSettings",
    "TrialSettings",
    "check",
    "groups",
    "load",
    "unknown",
]


class MongoSettings(Group):
    """Where prospects, outcomes, predictions and the event log live."""

    mongodb_uri: SecretStr = Field(description="MongoDB connection string; may hold a password")
    mongodb_database: str = Field("callwise", description="database name")


class S3Settings(Group):
    """Where datasets and model artifacts live. Any S3 server will do."""

    s3_endpoint_url: str = Field(description="address of the S3 server, http:// or https://")
    s3_access_key: str = Field(description="S3 access key")
    s3_secret_key: SecretStr = Field(description="S3 secret key")
    s3_bucket_datasets: str = Field("callwise-datasets", description="bucket of the DVC remote")
    s3_bucket_models: str = Field("callwise-models", description="bucket of MLflow's artifacts")


class RegistrySettings(Group):
    """The MLflow server: experiments and the registered model."""

    mlflow_tracking_uri: str = Field(description="address of the MLflow server")
    callwise_model_name: str = Field("prospect-scorer", description="name of the registered model")
    callwise_experiment: str = Field("continuous-training", description="name of the MLflow experiment")


class PrefectSettings(Group):
    """The Prefect server."""

    prefect_api_url: str = Field(description="address of the Prefect API, ending in /api")


class ScoringSettings(Group):
    """Where scores are asked for."""

    mlserver_url: str = Field(description="address of MLServer (V2 inference protocol)")
    callwise_model_name: str = Field("prospect-scorer", description="name of the registered model")


class EvidentlySettings(Group):
    """The Evidently UI."""

    evidently_url: str = Field(description="address of the Evidently UI")


class SchemaSettings(Group):
    """Which campaign schema is in force."""

    callwise_schema: Path = Field(ROOT / "data" / "schema.yaml", description="path of the campaign schema")


class DatasetSettings(Group):
    """The data registry: a git repository of its own, with DVC on S3."""

    callwise_data_registry: Path = Field(description="folder of the data registry's git repository")


class TrainerSettings(Group):
    """How a model is looked for, and what it must be to be put to use."""

    callwise_seed: int = Field(7, description="seed of everything random in training")
    callwise_code_version: str | None = Field(
        None, description="version of the code, kept in a model's lineage; left out, the checked-out commit"
    )
    callwise_minimum_outcomes: int = Field(1000, ge=100, description="outcomes that training needs at least")
    callwise_training_window: int = Field(
        4000, ge=0, description="newest outcomes that training learns from; 0 for all there are"
    )
    callwise_calibration_share: float = Field(
        0.15, gt=0, le=0.4, description="share of the outcomes, just before the newest, that scores are calibrated on"
    )
    callwise_test_share: float = Field(
        0.15, gt=0, le=0.4, description="share of the outcomes, the newest, that models are compared on"
    )
    callwise_search_trials: int = Field(16, ge=2, description="candidate models tried at most")
    callwise_search_seconds: float = Field(30.0, gt=0, description="seconds after which no further candidate is tried")
    callwise_gate_auc: float = Field(
        0.02, ge=0, le=0.5, description="AUC above 0.5 that no model may be shown to miss on the newest outcomes"
    )
    callwise_gate_log_loss: float = Field(
        0.0, ge=0, description="log loss per outcome that the first model must gain on the base rate"
    )
    callwise_gate_rows: int = Field(
        100, ge=20, description="outcomes neither model has learnt from, needed to compare two"
    )
    callwise_gate_ranking_margin: float = Field(
        0.01, ge=0, description="AUC and share of sales in the better half that a candidate may lose to the champion"
    )
    callwise_gate_segment_margin: float = Field(
        0.02, ge=0, description="log loss per outcome that a candidate may lose to the champion in a segment"
    )
    callwise_gate_segment_rows: int = Field(200, ge=1, description="outcomes a segment needs to be judged")


class ServingSettings(Group):
    """How predictions are routed and kept."""

    callwise_spool_dir: Path = Field(description="folder of the prediction spool, used while MongoDB is down")
    callwise_routing_key: SecretStr = Field(description="key of the hash that routes prospects to the canary")
    callwise_canary_share: float = Field(0.05, ge=0, le=0.5, description="share of prospects routed to a canary")
    callwise_reload_seconds: float = Field(2.0, gt=0, description="seconds between looks at the registry's aliases")


class MonitorSettings(Group):
    """When the scheduled jobs run and what they look at."""

    callwise_monitor_host: str = Field("127.0.0.1", description="address the monitor's health page binds")
    callwise_monitor_port: int = Field(8090, description="port of the monitor's health page")
    callwise_rank_seconds: float = Field(3.0, gt=0, description="seconds between looks for prospects without a score")
    callwise_settle_seconds: float = Field(60.0, gt=0, description="seconds between looks for outcomes half recorded")
    callwise_review_seconds: float = Field(900.0, gt=0, description="seconds between drift and performance reports")
    callwise_drift_window: int = Field(1000, ge=100, description="predictions in one drift window")
    callwise_drift_distance: float = Field(0.1, gt=0, description="distance from which a column has drifted")
    callwise_drift_share: float = Field(0.3, gt=0, le=1, description="share of drifted columns from which it is drift")
    callwise_quality_window: int = Field(500, ge=100, description="outcomes in one quality window")
    callwise_economy: Literal["live", "off"] = Field(
        "off", description="live fetches the economy's indicators from the ECB and Eurostat; off opens no connection"
    )
    callwise_economy_series: Path = Field(
        ROOT / "data" / "economy.yaml", description="path of the file that says which series feeds which column"
    )
    callwise_indicators_seconds: float = Field(21_600.0, gt=0, description="seconds between fetches of the indicators")
    callwise_level_seconds: float = Field(15.0, gt=0, description="seconds between looks at the level of the scores")
    callwise_level_outcomes: int = Field(
        200, ge=0, description="newest outcomes that the level of the scores follows; 0: it stays as trained"
    )
    callwise_job_failures: int = Field(3, ge=1, description="failures in a row after which a job makes health say so")

    @field_validator("callwise_level_outcomes", mode="after")
    @classmethod
    def _off_or_enough(cls, value: int) -> int:
        if 0 < value < 50:  # core.level.LEAST_OUTCOMES; not imported, because that takes numpy
            raise ValueError("must be 0 (off) or at least 50")
        return value


class IncidentSettings(Group):
    """When the appliance trains again by itself, and when it calls for a person."""

    callwise_incident_seconds: float = Field(5.0, gt=0, description="seconds between looks at what incidents wait for")
    callwise_incident_attempts: int = Field(3, ge=1, description="trainings an incident asks for at most")
    callwise_incident_outcomes: int = Field(
        200, ge=1, description="new outcomes from which another training is worth asking for"
    )
    callwise_incident_days: int = Field(
        14, ge=1, description="days an incident waits for them, or for what no training mends to be well"
    )
    callwise_training_hours: float = Field(6.0, gt=0, description="hours after which a training counts as lost")
    callwise_retrain_seconds: float = Field(60.0, gt=0, description="seconds between looks whether a training is due")
    callwise_retrain_days: float = Field(7.0, gt=0, description="days after the last training the next is due")
    callwise_retrain_outcomes: int = Field(500, ge=1, description="new outcomes from which a training is due")


class TrialSettings(Group):
    """How a canary's trial is judged, and how scores are held against training."""

    callwise_trial_seconds: float = Field(3.0, gt=0, description="seconds between looks at the canary")
    callwise_trial_false_promotion: float = Field(
        0.05, gt=0, lt=1, description="chance that a canary that does not score better is ever promoted"
    )
    callwise_trial_false_rollback: float = Field(
        0.05, gt=0, lt=1, description="chance that a canary that is not worse is ever rolled back"
    )
    callwise_trial_minimum: int = Field(200, ge=1, description="outcomes before a promotion")
    callwise_trial_limit: int = Field(1000, ge=200, description="outcomes after which the champion stays")
    callwise_trial_errors: int = Field(2, ge=0, description="requests a canary may fail")
    callwise_trial_slowness: float = Field(5.0, gt=1, description="times the champion's time a canary may take")
    callwise_parity_seconds: float = Field(86_400.0, gt=0, description="seconds between replays of logged requests")
    callwise_parity_rows: int = Field(500, ge=1, description="logged requests scored once more each time")


S = TypeVar("S", bound=Group)


def load(cls: type[S], env: Mapping[str, str] | None = None) -> S:
    """Read `cls` from the environment.

    Raises SettingsError naming every variable that is missing, wrong or unknown.
    """
    env = os.environ if env is None else env
    problems = _misspelt(env)
    try:
        settings = cls.model_validate(_fields(cls, env))
    except ValidationError as error:
        problems += [f"{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors(include_input=False)]
    if problems:
        raise _refused(problems)
    return settings


def check(env: Mapping[str, str] | None = None) -> None:
    """Look at every variable that is set, whichever service reads it, before any of them starts.

    What is missing is not looked for: each service has what it needs from somewhere else. Raises SettingsError naming
    every variable that is wrong or unknown.
    """
    env = os.environ if env is None else env
    problems = _misspelt(env)
    for cls in groups():
        try:
            cls.model_validate(_fields(cls, env))
        except ValidationError as error:
            wrong = [e for e in error.errors(include_input=False) if e["type"] != "missing"]
            problems += [f"{str(e['loc'][0]).upper()}: {e['msg']}" for e in wrong]
    if problems:
        raise _refused(list(dict.fromkeys(problems)))


def _fields(cls: type[Group], env: Mapping[str, str]) -> dict[str, str]:
    return {name: env[name.upper()] for name in cls.model_fields if name.upper() in env}


def _misspelt(env: Mapping[str, str]) -> list[str]:
    """What is wrong with variables of ours that nobody knows, each with the known one that it looks like."""
    said = []
    for name in unknown(env):
        close = get_close_matches(name, sorted(_known()), n=1, cutoff=0.8)
        said.append(f"{name}: unknown variable; did you {f'mean {close[0]}' if close else 'misspell it'}")
    return said


def _refused(problems: Sequence[str]) -> SettingsError:
    return SettingsError(
        "The settings are not usable: " + "; ".join(problems) + ".",
        kept="Nothing was started.",
        next="See .env.example for every variable and its meaning.",
    )


def groups() -> list[type[Group]]:
    """Every settings group that has been imported, depth first; the documentation test walks it."""
    found: list[type[Group]] = []
    pending: list[type[Group]] = [Group]
    while pending:
        cls = pending.pop()
        pending += cls.__subclasses__()
        found.append(cls)
    return found


def unknown(env: Mapping[str, str]) -> list[str]:
    """Names that start with CALLWISE_ but that no group knows."""
    known = _known()
    return sorted(name for name in env if name.startswith("CALLWISE_") and name not in known)


def _known() -> set[str]:
    return {name.upper() for cls in groups() for name in cls.model_fields} | RUNNER_VARIABLES


# Read by the embedded runner and the test suite rather than by a service.
RUNNER_VARIABLES = frozenset({"CALLWISE_STATE", "CALLWISE_SERVICE", "CALLWISE_SCREENSHOTS"})
