"""The monitor's settings: all groups that its jobs read."""

from core.settings.addresses import (
    EvidentlySettings,
    MongoSettings,
    PrefectSettings,
    RegistrySettings,
    SchemaSettings,
    ScoringSettings,
)
from core.settings.loop import IncidentSettings, MonitorSettings, TrialSettings
from core.settings.people import NotifySettings


class Settings(
    MongoSettings,
    RegistrySettings,
    ScoringSettings,
    EvidentlySettings,
    PrefectSettings,
    SchemaSettings,
    MonitorSettings,
    TrialSettings,
    IncidentSettings,
    NotifySettings,
):
    """All settings of the monitor."""
