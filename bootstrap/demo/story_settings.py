"""Which appliances have the demo's story, and the settings of those that do.

The story begins on an appliance that the demo itself has filled, and the file `story.json` in the state folder says so.
An appliance without that file is left as it is, and has the settings of any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bootstrap.embedded.state import StateFolder

DIARY = "story.json"

SETTINGS: Mapping[str, str] = {
    "CALLWISE_LIST_HOURS": "0",  # else a refresh waits for the list of the next day
    "CALLWISE_REVIEW_SECONDS": "30",
    "CALLWISE_RETRAIN_SECONDS": "10",
    "CALLWISE_DRIFT_WINDOW": "300",
    "CALLWISE_TRAINING_WINDOW": "1000",
    "CALLWISE_SEARCH_TRIALS": "4",
    # One refresh before the newcomers, and none until their model's trial is over.
    "CALLWISE_REFRESH_OUTCOMES": "900",
    "CALLWISE_RETRAIN_OUTCOMES": "100000",  # what trains here is incidents
    # The economy of the sample moves at once, and an incident tells it. It trains again after the refresh, when most of
    # a training's window is about the newcomers.
    "CALLWISE_INCIDENT_OUTCOMES": "1600",
    "CALLWISE_INCIDENT_ATTEMPTS": "6",
    "CALLWISE_TRIAL_LIMIT": "500",  # a version that is no better need not be tried for long
}
"""What an appliance with a story has instead of the defaults: a few hundred calls decide what thousands would."""


def has_story(state: Path, *, reset: bool) -> bool:
    """Whether the appliance in `state` has a story, or is a new one and gets it."""
    return reset or not (state / "appliance.json").exists() or (state / DIARY).exists()


def begin(state: StateFolder) -> None:
    """Note that the appliance in the state folder has a story, if it does not say so yet."""
    if not (state.path / DIARY).exists():
        state.write(DIARY, {})


def differing(env: Mapping[str, str]) -> str:
    """The settings of a story that `env` leaves as they are, for people."""
    return " ".join(f"{name}={value}" for name, value in SETTINGS.items() if name not in env)


def own_settings(state: Path) -> Mapping[str, str]:
    """The settings that the appliance in `state` has instead of the defaults."""
    return SETTINGS if (state / DIARY).exists() else {}
