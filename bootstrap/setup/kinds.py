"""What one campaign kind needs before anything is imported: indexes, indicators, a model's place, reports' place.

Every function makes only what is missing, so all may be repeated and killed at any point.
"""

from __future__ import annotations

import csv
from pathlib import Path

import mlflow
from pymongo import UpdateOne

from core.calls import filters
from core.clock import now
from core.kinds.kind import Kind, settings_of
from core.kinds.registry import Champion
from core.models.decisions import CHAMPION
from core.models.registry import ModelRegistry
from core.models.registry import reachable as mlflow_reachable
from core.schema import Schema
from core.schema.economy import indicators, period_bounds
from core.settings.addresses import DatasetSettings, EvidentlySettings, RegistrySettings, S3Settings
from core.settings.group import ROOT
from core.stores.data_registry import DataRegistry
from core.stores.evidently import EvidentlyUI
from core.stores.mongo import Db, count, ensure_indexes, reachable

INDICATORS = ROOT / "data" / "indicators.csv"


class KindSettings(S3Settings, RegistrySettings, EvidentlySettings, DatasetSettings):
    """Where the parts of a kind are."""


def prepare(home: Db, kind: Kind, settings: KindSettings) -> str:
    """Make everything that is the kind's own; `settings` are the appliance's. Returns what exists, in words."""
    db, own = kind.database(home), settings_of(settings, kind)
    made = [
        database(db, kind.schema),
        bundled_indicators(db, INDICATORS, kind.schema),
        model_registry(own),
        data_registry(own),
        review(own, kind),
        ready(db, kind.schema),
    ]
    return "; ".join(made)


def champion_of(settings: RegistrySettings) -> Champion:
    """Asks MLflow which version of a kind its champion was made with."""

    def ask(kind: Kind) -> Schema | None:
        champion = ModelRegistry(settings_of(settings, kind)).version_by_alias(CHAMPION)
        if champion is None:
            return None
        # A model of before kinds had versions: it was made with what the kind was then.
        return kind.made_with(champion.tags.get("schema_sha256", "")) or kind.schema

    return ask


def database(db: Db, schema: Schema) -> str:
    """The collections' indexes."""
    ensure_indexes(db)
    filters.ensure_indexes(db, schema)
    return f"collections and indexes in {db.name}"


def bundled_indicators(db: Db, path: Path, schema: Schema) -> str:
    """The bundled values of the schema's indicators, known from each period's first day (see `core.schema.economy`).

    Later values from the live sources stay.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    columns = {column.name for column in indicators(schema)}
    rows = [row for row in rows if row["series"] in columns]
    if not rows:
        return "none is bundled for this schema"
    writes = []
    for row in rows:
        key, begins = f"{row['series']}:{row['period']}", period_bounds(row["period"])[0]
        vintage = {"value": float(row["value"]), "known": {"at": begins}, "source": row["source"]}
        first = {"vintages": [vintage], "revision": 1, "seen": {"at": now()}}
        named = {"series": row["series"], "period": row["period"], "unit": row["unit"]}
        writes.append(UpdateOne({"_id": key}, {"$setOnInsert": {**named, **first}}, upsert=True))
    with reachable():
        db.indicators.bulk_write(writes)
        return f"{count(db.indicators, {})} values of {len({row['series'] for row in rows})} series"


def model_registry(settings: RegistrySettings) -> str:
    """The experiment and the registered model in MLflow."""
    ModelRegistry(settings).ensure()
    with mlflow_reachable("the experiment"):
        mlflow.set_experiment(settings.callwise_experiment)
    return f"experiment {settings.callwise_experiment}, registered model {settings.callwise_model_name}"


def data_registry(settings: KindSettings) -> str:
    """The git repository of datasets, with its remote."""
    DataRegistry(settings.callwise_data_registry, settings).ensure()
    return f"git and DVC with the remote s3://{settings.s3_bucket_datasets}"


def review(settings: EvidentlySettings, kind: Kind) -> str:
    """The project of the reports in Evidently."""
    return f"Evidently project {EvidentlyUI(settings.evidently_url).ensure_project(kind.project)}"


def ready(db: Db, schema: Schema) -> str:
    """The mark that all of this is there, for the services."""
    mark = {"schema": schema.hash, "at": now()}
    with reachable():
        db.appliance.replace_one({"_id": "ready"}, {"_id": "ready", **mark}, upsert=True)
    return f"schema {str(mark['schema'])[:8]}"
