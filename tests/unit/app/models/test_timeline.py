"""What the decisions add up to on the page Models."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.models import timeline
from app.models.timeline import Span, Training
from app.shell import links as addresses
from app.shell.appliance import Appliance, Link
from app.shell.lineage import Lineage
from core.models.decisions import Decision, DecisionKind

START, HOUR = datetime(2026, 3, 2, 9, tzinfo=UTC), timedelta(hours=1)


def line(*taken: tuple[DecisionKind, str]) -> list[Decision]:
    return [Decision(n, what, version, START + n * HOUR, "trainer", "x") for n, (what, version) in enumerate(taken, 1)]


def test_every_reign_trial_and_hold_has_its_span() -> None:
    found = timeline.spans(
        line(
            (DecisionKind.PROMOTED, "1"), (DecisionKind.ON_TRIAL, "2"), (DecisionKind.HELD, "1"),
            (DecisionKind.RELEASED, "1"), (DecisionKind.PROMOTED, "2"), (DecisionKind.ON_TRIAL, "3"),
            (DecisionKind.ROLLED_BACK, "1"),
        )
    )  # fmt: skip
    at = [START + n * HOUR for n in range(8)]
    assert found == [
        Span("1", "champion", at[1], at[5]),
        Span("2", "on trial", at[2], at[5]),
        Span("1", "on hold", at[3], at[4]),
        Span("2", "champion", at[5], at[7]),
        Span("3", "on trial", at[6], at[7]),
        Span("1", "champion", at[7], None),
    ]
    assert timeline.spans([]) == []


def test_another_canary_ends_the_trial_of_the_one_before() -> None:
    found = timeline.spans(
        line((DecisionKind.PROMOTED, "1"), (DecisionKind.ON_TRIAL, "2"), (DecisionKind.ON_TRIAL, "3"))
    )
    trials = [(span.version, span.until) for span in found if span.role == "on trial"]
    assert trials == [("2", START + 3 * HOUR), ("3", None)]


def decision(by: str = "trainer", incident: str | None = None) -> Decision:
    return Decision(1, DecisionKind.PROMOTED, "2", START, by, "x", incident)


@pytest.mark.parametrize(
    ("taken", "training", "behind"),
    [
        (decision("Ann", "drift:1"), None, "person"),
        (decision(incident="drift:1"), None, "incident"),
        (decision(), Training("r", "moved", "drift:1"), "incident"),
        (decision("monitor"), Training("r", "on schedule: the last training ended 7 days ago", None), "schedule"),
        (decision(), Training("r", "enough new outcomes: 540 since the last training", None), "outcomes"),
        (decision(), Training("r", "new price list", None), "asked"),
        (decision(), None, "asked"),
    ],
)
def test_a_decision_names_what_lies_behind_it(taken: Decision, training: Training | None, behind: str) -> None:
    assert timeline.cause(taken, training) == behind


def ended(run: str, **details: Any) -> dict[str, Any]:
    return {"subject": run, "details": details}


def test_a_version_was_made_by_the_first_training_that_made_it() -> None:
    found = timeline.trainings(
        [
            ended("a", version="2", result="on trial", reason="drift", incident="drift:1"),
            ended("b", version="2", result="unchanged", reason="on schedule"),
            ended("c", version=None, result="refused", reason="on schedule"),
        ]
    )
    assert found == {"2": Training("a", "drift", "drift:1")}


def test_the_figures_of_a_trial_are_those_it_ended_with() -> None:
    figures = {"score": {"estimate": 0.1}}
    taken = [
        Decision(1, DecisionKind.PROMOTED, "1", START, "trainer", "x"),
        Decision(2, DecisionKind.ON_TRIAL, "2", START, "trainer", "x"),
        Decision(3, DecisionKind.DROPPED, "2", START, "monitor", "x", None, figures),
        Decision(4, DecisionKind.DROPPED, "3", START, "monitor", "x", None, {"guardrail": "slow"}),
    ]
    assert timeline.trial_evidence(taken, "2") == figures
    assert timeline.trial_evidence(taken, "1") == timeline.trial_evidence(taken, "3") == {}


@pytest.mark.parametrize(
    ("incident", "cause"),
    [
        ("drift:drift:1:r9", "drift"),
        ("economy:euribor3m:euribor3m:2026-02", "economy:euribor3m"),
        ("economy", "economy"),
    ],
)
def test_an_incident_names_its_cause(incident: str, cause: str) -> None:
    assert timeline.cause_of(incident) == cause


def house(*links: Link) -> Appliance:
    return Appliance(None, None, None, None, "scorer", links)  # type: ignore[arg-type]


def test_addresses_are_those_at_which_people_open_things() -> None:
    here = house(
        Link("MLflow", "", "https://door:8444/"),
        Link("Prefect", "", "https://door:8445"),
        Link("Evidently", "", "http://e"),
    )
    lineage = Lineage("3", "abc", "7", {}, {}, {})
    assert addresses.version_link(here, "3") == "https://door:8444/#/models/scorer/versions/3"
    assert addresses.run_link(here, lineage) == "https://door:8444/#/experiments/7/runs/abc"
    assert addresses.run_link(here, Lineage("3", "abc", "", {}, {}, {})) is None
    assert addresses.flow_run_link(here, "f-1") == "https://door:8445/runs/flow-run/f-1"
    kept = "http://evidently:8000/projects/p/reports/s"
    assert addresses.report_link(here, kept) == "http://e/projects/p/reports/s", "not the address that services open"
    assert addresses.report_link(here, None) is None
    assert addresses.version_link(house(), "3") is None
