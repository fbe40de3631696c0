"""The settings and rules of an appliance, and the functions that a replay of it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from core.schema import Schema
from core.settings.loop import (
    IncidentSettings,
    MonitorSettings,
    RefreshSettings,
    RoutingSettings,
    TrainerSettings,
    TrialSettings,
)
from monitor.flows.triggers import RetrainLimits
from monitor.incidents.facts import IncidentRules
from monitor.reports import quality
from monitor.reports.drift import comparison
from monitor.reports.drift.limits import DriftLimits
from monitor.reports.drift.verdict import DriftVerdict
from monitor.trials.refresh import RefreshRules
from monitor.trials.verdict import TrialRules
from trainer.fitting import recipe


class Settings(TrainerSettings, MonitorSettings, IncidentSettings, TrialSettings, RoutingSettings, RefreshSettings):
    """The appliance's own settings that decide what a replay does."""


@dataclass(frozen=True)
class Functions:
    """The functions that make the reports, and what wraps the steps of a training; by default the appliance's own.

    `refresh` wraps the steps of a refresh, if not as those of a training.
    """

    drift: Callable[..., tuple[DriftVerdict, str]] = comparison.compare
    quality: Callable[..., tuple[quality.QualityVerdict, str]] = quality.judge
    step: recipe.Step = recipe.unwrapped
    refresh: recipe.Step | None = None


@dataclass(frozen=True)
class Setup:
    """The appliance's own settings and rules."""

    schema: Schema
    training: TrainerSettings
    watching: MonitorSettings
    trial: TrialRules
    incidents: IncidentRules
    due: RetrainLimits
    share: float
    drift_limits: DriftLimits
    refresh: RefreshRules = field(default_factory=RefreshRules)
    every_version_on_trial: bool = False
    key: bytes = b"replay"
    functions: Functions = field(default_factory=Functions)

    @classmethod
    def from_settings(cls, settings: Settings, schema: Schema, functions: Functions | None = None) -> Self:
        """The loop that an appliance with these settings runs."""
        return cls(
            schema=schema,
            training=settings,
            watching=settings,
            trial=TrialRules.from_settings(settings),
            incidents=IncidentRules.from_settings(settings),
            due=RetrainLimits.from_settings(settings),
            share=settings.callwise_canary_share,
            drift_limits=DriftLimits.from_settings(settings),
            refresh=RefreshRules.from_settings(settings),
            every_version_on_trial=settings.callwise_every_version_on_trial,
            functions=functions or Functions(),
        )
