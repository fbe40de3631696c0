"""The monitor's settings: all groups that its jobs read."""

from core.settings import addresses, loop, people


class Settings(
    addresses.MongoSettings,
    addresses.RegistrySettings,
    addresses.ScoringSettings,
    addresses.EvidentlySettings,
    addresses.PrefectSettings,
    addresses.SchemaSettings,
    loop.MonitorSettings,
    loop.TrialSettings,
    loop.RoutingSettings,
    loop.RefreshSettings,
    loop.IncidentSettings,
    loop.WatchSettings,
    loop.OutcomeSettings,
    people.NotifySettings,
    people.DoorSettings,
):
    """All settings of the monitor."""
