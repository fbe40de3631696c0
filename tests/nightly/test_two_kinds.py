"""Two kinds on one running appliance: set up, trained, served, watched, called, drifted and rolled back apart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.kinds.registry import find
from core.models.decisions import DecisionKind
from core.schema import Schema
from core.schema.column import ColumnType
from core.scoring.logged import every_row
from core.settings.group import ROOT
from core.stores.evidently import EvidentlyUI, project_id
from tests.loop.live import Live, running

pytestmark = [pytest.mark.appliance, pytest.mark.timeout(2400)]

OTHER = "bank-marketing-full"
FILE = ROOT / "tests" / "schemas" / "bank-full.yaml"
HISTORY, OPEN, MOVED = 1200, 250, 260
SETTINGS = {
    "CALLWISE_RANK_SECONDS": "0.5",
    "CALLWISE_LEVEL_SECONDS": "2",
    "CALLWISE_REVIEW_SECONDS": "6",
    "CALLWISE_TRIAL_SECONDS": "1",
    "CALLWISE_INCIDENT_SECONDS": "1",
    "CALLWISE_NOTIFY_SECONDS": "1",
    "CALLWISE_RELOAD_SECONDS": "1",
    "CALLWISE_DRIFT_WINDOW": "100",
    "CALLWISE_RETRAIN_OUTCOMES": "1000000",
    "CALLWISE_MINIMUM_OUTCOMES": "500",
    "CALLWISE_SEARCH_TRIALS": "2",
    "CALLWISE_EVERY_VERSION_ON_TRIAL": "true",
}


def people(schema: Schema, rows: int, seed: int, *, moved: bool = False) -> pd.DataFrame:
    """People of any schema: the features, and `positive`. Where they have `moved`, every column is another."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(index=range(rows))
    for column in schema.features:
        if column.is_category:
            weights = np.arange(len(column.categories), 0, -1) ** 1.5
            weights = weights[::-1] if moved else weights
            frame[column.name] = random.choice(column.categories, rows, p=weights / weights.sum())
            continue
        low = 0.0 if column.minimum is None else column.minimum
        span = min((low + 100 if column.maximum is None else column.maximum) - low, 100)
        drawn = pd.Series(low + span * (0.4 * random.random(rows) + (0.55 if moved else 0.0)))
        frame[column.name] = drawn.round().astype("int64") if column.type is ColumnType.INTEGER else drawn.round(3)
    frame["month"] = "nov" if moved else "may"
    liking = 2.5 * (frame["contact"] == "cellular") + 1.5 * (frame["housing"] == "yes")
    frame["positive"] = random.random(rows) < 1 / (1 + np.exp(2.5 - liking))
    return frame


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, schema: Schema) -> Iterator[Live]:
    with running(tmp_path_factory.mktemp("kinds"), schema, SETTINGS) as live:
        yield live


@pytest.fixture(scope="module")
def other(first: Live) -> Live:
    """The second kind, added by its command to the appliance that runs."""
    first.command("kind", "add", str(FILE))
    assert OTHER in first.command("kind", "list")
    return first.of_kind(find(first.db, first.schema, OTHER))


def trained(live: Live, campaign: str, seed: int) -> None:
    """Load a history and a list, train by the command, and wait for champion and ranking."""
    live.load(campaign, people(live.schema, HISTORY + OPEN, seed), known=HISTORY)
    live.command("retrain", "--kind", live.kind.name, "--reason", "first model")
    live.until(f"{live.kind.name}: version 1 is in service", lambda: live.in_service() == ("1", ""))
    assert len(live.ranked(campaign)) == OPEN


def test_the_services_take_a_new_kind_up_without_a_restart(first: Live, other: Live) -> None:
    other.until(
        "the scoring service has the kind", lambda: not other.scoring.ready() and other.in_service() == ("", "")
    )
    other.until("the monitor has the kind's jobs", lambda: f"rank {OTHER}" in other.jobs())
    assert "rank" in first.jobs()


def test_each_kind_is_trained_served_and_called_with_its_own_people(first: Live, other: Live) -> None:
    trained(first, "spring", 1)
    assert other.decisions() == []
    trained(other, "spring", 2)  # the same name: it is another campaign
    assert [(one.what, one.version) for one in first.decisions()] == [(DecisionKind.PROMOTED, "1")]
    assert [(one.what, one.version) for one in other.decisions()] == [(DecisionKind.PROMOTED, "1")]
    assert (first.alias("champion"), other.alias("champion")) == ("1", "1")
    assert first.call("spring") == other.call("spring") == OPEN
    for live in (first, other):
        names = set(live.schema.feature_names)
        assert live.db.outcomes.count_documents({}) == HISTORY + OPEN
        assert all(set(one["features"]) == names for one in live.db.prospects.find())
        assert all(set(one["features"]) == names for one in every_row(live.db))
    by_kind = {(run["parameters"].get("kind") or "", tuple(run["tags"])) for run in first.runs()}
    assert {kind for kind, _ in by_kind} == {"", OTHER}
    assert all((f"kind:{OTHER}" in tags) == bool(kind) for kind, tags in by_kind)


def test_one_drifts_and_the_other_knows_nothing_of_it(first: Live, other: Live) -> None:
    first.load("summer", people(first.schema, MOVED, 5))
    other.load("summer", people(other.schema, MOVED, 6, moved=True))
    first.ranked("summer")
    other.ranked("summer")
    incident = other.until("the drift is an incident", lambda: other.incidents("drift"))[0]
    first.looked("drift", "incidents")
    assert first.incidents() == []
    judged = [one["verdict"] for one in first.db.reports.find({"kind": "drift"})]
    assert judged
    assert not any(one["drift"] for one in judged)
    other.until("people were told", lambda: first.receiver.of(str(incident["_id"])))
    assert all(title.startswith(other.schema.title) for title in first.receiver.of(str(incident["_id"])))
    evidently = EvidentlyUI(first.appliance.env["EVIDENTLY_URL"])
    shown = {live.kind.project: set(evidently.snapshots(str(project_id(live.kind.project)))) for live in (first, other)}
    kept = {
        live.kind.project: {one["snapshot"]["id"] for one in live.db.reports.find({"snapshot.id": {"$gt": ""}})}
        for live in (first, other)
    }
    assert shown[first.kind.project] >= kept[first.kind.project]
    assert shown[other.kind.project] >= kept[other.kind.project] != set()
    assert not shown[first.kind.project] & shown[other.kind.project]


def test_one_is_rolled_back_and_the_other_stays(first: Live, other: Live) -> None:
    other.call("summer")
    if len(other.decisions()) == 1:  # the incident's training may not have ended yet, or was refused
        other.command("retrain", "--kind", OTHER, "--reason", "the world has moved")
    other.until("another model of the kind", lambda: len(other.decisions()) > 1)
    version = other.decisions()[-1].version
    if other.lineup().canary == version:
        from core.models.registry import ModelRegistry
        from core.models.succession import Succession
        from core.settings.addresses import RegistrySettings

        registry = ModelRegistry(
            RegistrySettings(
                mlflow_tracking_uri=other.appliance.env["MLFLOW_TRACKING_URI"], callwise_model_name=other.model
            )
        )
        Succession(other.db, other.model, registry, by="ann").promote_canary(version, why="approved by a person")
    other.until(f"version {version} is champion", lambda: other.in_service()[0] == version)
    other.command("rollback", "--kind", OTHER, "--why", "a test")
    other.until("version 1 is champion again", lambda: other.in_service()[0] == "1" == other.alias("champion"))
    assert (first.in_service(), first.alias("champion")) == (("1", ""), "1")
    assert len(first.decisions()) == 1
    assert "rolled back" in first.command("models", "--kind", OTHER)
    assert "rolled back" not in first.command("models")


def test_nothing_of_one_is_in_the_other(first: Live, other: Live) -> None:
    datasets = first.appliance.state.path
    tags = {
        path.name: {one.name for one in (path / ".git").rglob("refs/tags/*")}
        for path in (datasets / "registry", datasets / f"registry-{OTHER}")
    }
    assert all(tags.values())
    assert not set.intersection(*tags.values())
    spools = [Path(datasets) / "spool", Path(datasets) / "spool" / "kinds" / OTHER]
    assert all((folder / "predictions.sqlite3").is_file() for folder in spools)
    for live, campaigns in ((first, {"spring", "summer"}), (other, {"spring", "summer"})):
        assert {one["_id"] for one in live.db.campaigns.find()} == campaigns
        assert {one["_id"].split(":")[0] for one in live.db.models.find()} == {live.model}
    assert "kinds" not in other.db.list_collection_names()
    assert not set(other.db.list_collection_names()) & {"users", "sessions", "do_not_call", "erasures"}
