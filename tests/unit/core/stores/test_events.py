"""One vocabulary of events: whoever writes or reads one names it by `Event`."""

import re

import pytest

from core.calls.campaigns import State
from core.models.decisions import DecisionKind
from core.settings.group import ROOT
from core.stores.events import Event
from monitor.incidents.lifecycle import Status

PACKAGES = ("app", "core", "monitor", "serving", "trainer", "bootstrap", "replay", "bench")
TYPED_AGAIN = re.compile("|".join(rf"[\"']{re.escape(event)}[\"']" for event in Event))


def test_each_state_that_is_told_has_its_event() -> None:
    assert {Event.of_campaign(state) for state in State} == {e for e in Event if e.name in campaign_states()}
    assert len({Event.of_decision(what) for what in DecisionKind}) == len(DecisionKind)
    assert len({Event.of_incident(status) for status in Status}) == len(Status)
    with pytest.raises(ValueError, match="incident asleep"):
        Event.of_incident("asleep")


def campaign_states() -> set[str]:
    return {f"CAMPAIGN_{state.name}" for state in State}


def test_no_name_of_an_event_is_typed_again() -> None:
    again = [
        f"{path.relative_to(ROOT)}: {found.group()}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if path.name != "events.py"
        for found in TYPED_AGAIN.finditer(path.read_text())
    ]
    assert again == []
