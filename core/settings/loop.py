"""Settings of the loop: training, serving, monitoring, incidents and trials."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from core.settings.group import ROOT, Group
from core.settings.key_list import key_list


class OutcomeSettings(Group):
    """What a training needs."""

    callwise_minimum_outcomes: int = Field(1000, ge=100, description="outcomes that a training needs")


class NewVersionSettings(Group):
    """What becomes of a new version."""

    callwise_every_version_on_trial: bool = Field(
        False, description="whether each new version must win a trial first, also one with the champion's recipe"
    )


class SigningSettings(Group):
    """What signs the files of models."""

    callwise_signing_key: SecretStr = Field(
        description="secret of the key that signs models, for training and set-up; after a comma, former ones"
    )

    @property
    def signing_keys(self) -> list[str]:
        """The secrets: the one that signs, then former ones."""
        return key_list(self.callwise_signing_key.get_secret_value())


class TrainerSettings(OutcomeSettings, NewVersionSettings):
    """How a model is searched for, and which gates it must pass."""

    callwise_seed: int = Field(7, description="seed of everything random in training")
    callwise_code_version: str | None = Field(
        None, description="version of the code for a model's lineage; by default the checked-out commit"
    )
    callwise_keep_days: int = Field(
        90, ge=30, description="days after which predictions, datasets and pages go that nobody needs"
    )
    callwise_training_window: int = Field(4000, ge=0, description="newest outcomes that training uses; 0: all")
    callwise_calibration_share: float = Field(
        0.15, gt=0, le=0.4, description="share of the outcomes, just before the newest, that calibrates the scores"
    )
    callwise_test_share: float = Field(
        0.15, gt=0, le=0.4, description="share of the outcomes, the newest, on which models are compared"
    )
    callwise_search_trials: int = Field(16, ge=2, description="candidate models tried at most")
    callwise_search_seconds: float = Field(30.0, gt=0, description="seconds after which no other candidate is tried")
    callwise_dask: str = Field("", description="address of the Dask scheduler that the search sends fits to, if any")
    callwise_gate_auc: float = Field(0.02, ge=0, le=0.5, description="AUC above 0.5 that no model may clearly miss")
    callwise_gate_log_loss: float = Field(0.0, ge=0, description="log loss per outcome that a first model must gain")
    callwise_gate_rows: int = Field(100, ge=20, description="outcomes that a comparison needs, new to both models")
    callwise_gate_ranking_margin: float = Field(
        0.01, ge=0, description="AUC and share of sales in the better half that a candidate may lose to the champion"
    )
    callwise_gate_segment_margin: float = Field(
        0.02, ge=0, description="log loss per outcome that a candidate may lose to the champion in a segment"
    )
    callwise_gate_segment_rows: int = Field(200, ge=1, description="outcomes that a segment needs for a comparison")


class RoutingSettings(Group):
    """How prospects are routed."""

    callwise_canary_share: float = Field(0.05, ge=0, le=0.5, description="share of prospects routed to a canary")


class ServingSettings(RoutingSettings):
    """How predictions are routed and logged."""

    callwise_spool_dir: Path = Field(description="folder of the prediction spool, used while MongoDB is away")
    callwise_routing_key: SecretStr = Field(description="key of the hash that routes prospects to the canary")
    callwise_reload_seconds: float = Field(2.0, gt=0, description="seconds between checks of the registry's aliases")


class RequestSettings(Group):
    """Limits of requests for scores."""

    callwise_request_megabytes: int = Field(12, ge=1, le=1000, description="megabytes of a request, sent or unpacked")


class MonitorSettings(Group):
    """When the scheduled jobs run and what they read."""

    callwise_monitor_host: str = Field("127.0.0.1", description="address on which the health page listens")
    callwise_monitor_port: int = Field(8090, description="port of the health page")
    callwise_rank_seconds: float = Field(3.0, gt=0, description="seconds between checks for prospects without a score")
    callwise_feed_seconds: float = Field(5.0, gt=0, description="seconds between looks for changes for the feed")
    callwise_settle_seconds: float = Field(60.0, gt=0, description="seconds between checks for half-recorded calls")
    callwise_review_seconds: float = Field(900.0, gt=0, description="seconds between drift and quality reports")
    callwise_drift_window: int = Field(1000, ge=100, description="newest people who are compared with those before")
    callwise_drift_category: float = Field(0.1, gt=0, description="Jensen-Shannon distance from which words have moved")
    callwise_drift_number: float = Field(0.18, gt=0, description="deviations from which a number has moved")
    callwise_drift_score: float = Field(0.15, gt=0, description="deviations from which the score has moved")
    callwise_quality_window: int = Field(1_000, ge=100, description="outcomes in one quality window")
    callwise_economy: Literal["live", "off"] = Field("off", description="live fetches the economy; off does not")
    callwise_economy_series: Path = Field(
        ROOT / "data" / "economy.yaml", description="path of the file that says which series feeds which column"
    )
    callwise_indicators_seconds: float = Field(21_600.0, gt=0, description="seconds between fetches of the indicators")
    callwise_level_seconds: float = Field(15.0, gt=0, description="seconds between checks of the level of the scores")
    callwise_level_outcomes: int = Field(
        200, ge=0, description="newest outcomes that the level is estimated from; 0: as trained"
    )
    callwise_job_failures: int = Field(3, ge=1, description="failures in a row after which health reports a job")

    @field_validator("callwise_level_outcomes", mode="after")
    @classmethod
    def _off_or_enough(cls, value: int) -> int:
        if 0 < value < 50:  # core.models.level.LEAST_OUTCOMES; not imported, because that takes numpy
            raise ValueError("must be 0 (off) or at least 50")
        return value


class WatchSettings(Group):
    """How the monitor looks at the machine."""

    callwise_watch_seconds: float = Field(
        30.0, gt=0, le=60, description="seconds between looks at machine and services, at most 60"
    )
    callwise_disk_reserve_mib: int = Field(
        4096, ge=0, description="MiB of disk below which an alarm is raised and work stops step by step"
    )
    callwise_data_registry: Path | None = Field(None, description="folder of the data registry's git repository")
    s3_endpoint_url: str | None = Field(None, description="address of the S3 server, http:// or https://")
    callwise_backup_url: str | None = Field(None, description="address of the page about backups, ending in /health")


class IncidentSettings(Group):
    """When the appliance trains again automatically, and when it calls for a person."""

    callwise_incident_seconds: float = Field(5.0, gt=0, description="seconds between checks of open incidents")
    callwise_incident_attempts: int = Field(3, ge=1, description="trainings that an incident asks for at most")
    callwise_incident_outcomes: int = Field(200, ge=1, description="new outcomes before another training is requested")
    callwise_incident_days: int = Field(14, ge=1, description="days after which a waiting incident calls for a person")
    callwise_training_hours: float = Field(6.0, gt=0, description="hours after which a training counts as lost")
    callwise_retrain_seconds: float = Field(60.0, gt=0, description="seconds between checks whether a training is due")
    callwise_retrain_days: float = Field(7.0, gt=0, description="days after the last training until the next is due")
    callwise_retrain_outcomes: int = Field(500, ge=1, description="new outcomes from which a training is due")


class TrialSettings(Group):
    """How a canary's trial is decided, and how parity is checked."""

    callwise_trial_seconds: float = Field(3.0, gt=0, description="seconds between checks of the canary")
    callwise_trial_false_promotion: float = Field(
        0.05, gt=0, lt=1, description="chance that a canary that does not score better is ever promoted"
    )
    callwise_trial_false_rollback: float = Field(
        0.05, gt=0, lt=1, description="chance that a canary that is not worse is ever rolled back"
    )
    callwise_trial_minimum: int = Field(200, ge=1, description="outcomes before a promotion")
    callwise_trial_limit: int = Field(1000, ge=200, description="outcomes after which the champion stays")
    callwise_trial_days: float = Field(28.0, gt=0, description="days after which the champion stays")
    callwise_trial_errors: int = Field(2, ge=0, description="requests that a canary may fail")
    callwise_trial_slowness: float = Field(5.0, gt=1, description="times the champion's time that a canary may take")
    callwise_parity_seconds: float = Field(86_400.0, gt=0, description="seconds between replays of logged requests")
    callwise_parity_rows: int = Field(500, ge=1, description="logged requests in each replay")


class RefreshSettings(NewVersionSettings):
    """When the champion's recipe is fitted again, and how the newer fit gets its say."""

    callwise_refresh_outcomes: int = Field(100, ge=0, description="new outcomes from which a refresh is due; 0: never")
    callwise_refresh_weight: float = Field(
        0.8, gt=0, lt=1, description="weight of a refresh in the mixture with the champion, before its first outcome"
    )
    callwise_refresh_false_worse: float = Field(
        0.05, gt=0, lt=1, description="chance that a refresh that is not worse is ever left out at once"
    )
    callwise_refresh_limit: int = Field(
        200, ge=50, description="outcomes after which a champion and its refreshes are decided"
    )
    callwise_list_hours: float = Field(
        24.0, ge=0, le=24, description="hours, from midnight UTC, for which a call list keeps its models; 0: none"
    )

    @property
    def refresh_every(self) -> int:
        """New outcomes from which a refresh is due; 0: never."""
        return 0 if self.callwise_every_version_on_trial else self.callwise_refresh_outcomes
