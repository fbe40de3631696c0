"""Prepares an empty appliance: `python -m bootstrap.setup.steps`.

Every step makes only what is missing, so it may be repeated and killed at any point, and ends in the same state. The
last step writes a mark into MongoDB, for which the other services wait.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from pymongo import UpdateOne

from bootstrap.setup import preflight
from bootstrap.setup.accounts import ensure_first
from bootstrap.setup.orchestration import ensure_deployment, ensure_erasure_deployment, ensure_watch, ensure_work_pool
from core.calls import filters
from core.clock import now
from core.errors import CallwiseError
from core.models.registry import reachable as mlflow_reachable
from core.schema import Schema, read_schema
from core.schema.economy import indicators, span
from core.settings.addresses import (
    DatasetSettings,
    EvidentlySettings,
    MongoSettings,
    PrefectSettings,
    RegistrySettings,
    S3Settings,
    SchemaSettings,
)
from core.settings.group import ROOT
from core.settings.loading import load
from core.settings.people import FirstAccountSettings
from core.stores.data_registry import ensure_registry
from core.stores.evidently import ensure_project
from core.stores.mongo import Db, connect, count, ensure_indexes, reachable
from core.stores.object_store import ObjectStore


class Settings(
    MongoSettings,
    S3Settings,
    RegistrySettings,
    PrefectSettings,
    EvidentlySettings,
    SchemaSettings,
    DatasetSettings,
    FirstAccountSettings,
):
    """The settings of everything that the set-up prepares."""


@dataclass(frozen=True)
class Step:
    """One step: its name for people, and a function that does it and returns in words what now exists."""

    name: str
    run: Callable[[], str]


def steps(settings: Settings) -> list[Step]:
    """The steps in their order; each is safe to repeat."""
    db = connect(settings)
    return [
        Step("object store", lambda: _buckets(settings)),
        Step("database", lambda: _database(db, settings)),
        Step("accounts", lambda: _accounts(db, settings)),
        Step(
            "indicators",
            lambda: _indicators(db, ROOT / "data" / "indicators.csv", read_schema(settings.callwise_schema)),
        ),
        Step("model registry", lambda: _registry(settings)),
        Step("data registry", lambda: _data_registry(settings)),
        Step("pipeline", lambda: _pipeline(settings)),
        Step("drift review", lambda: _review(settings)),
        Step("ready", lambda: _ready(db, settings)),
    ]


def main() -> int:
    """Run every step and print a line for each; 1 after an error, which is printed."""
    try:
        preflight.check(os.environ)
        for step in steps(load(Settings)):
            print(f"setup: {step.name}: {step.run()}", flush=True)
    except CallwiseError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    return 0


def _buckets(settings: Settings) -> str:
    names = [settings.s3_bucket_datasets, settings.s3_bucket_models]
    for name in names:
        ObjectStore(settings, name).ensure()
    return "buckets " + ", ".join(names)


def _database(db: Db, settings: Settings) -> str:
    ensure_indexes(db)
    filters.ensure_indexes(db, read_schema(settings.callwise_schema))
    return f"collections and indexes in {db.name}"


def _accounts(db: Db, settings: Settings) -> str:
    first = settings.admin_password
    return ensure_first(db, first.get_secret_value() if first else None)


def _indicators(db: Db, path: Path, schema: Schema) -> str:
    """The bundled values of the schema's indicators, known from each period's first day (see `core.schema.economy`).

    Later values from the live sources stay. A value that an earlier version of Callwise stored without vintages gets
    its first one.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    columns = {column.name for column in indicators(schema)}
    rows = [row for row in rows if row["series"] in columns]
    if not rows:
        return "none is bundled for this schema"
    writes = []
    for row in rows:
        key, begins = f"{row['series']}:{row['period']}", span(row["period"])[0]
        vintage = {"value": float(row["value"]), "known": {"at": begins}, "source": row["source"]}
        first = {"vintages": [vintage], "revision": 1, "seen": {"at": now()}}
        named = {"series": row["series"], "period": row["period"], "unit": row["unit"]}
        writes.append(UpdateOne({"_id": key}, {"$setOnInsert": {**named, **first}}, upsert=True))
        writes.append(UpdateOne({"_id": key, "vintages": None}, {"$set": first}))
    with reachable():
        db.indicators.bulk_write(writes)
        return f"{count(db.indicators, {})} values of {len({row['series'] for row in rows})} series"


def _registry(settings: Settings) -> str:
    client = MlflowClient(settings.mlflow_tracking_uri)
    with mlflow_reachable("the experiment and the registered model"):
        if client.get_experiment_by_name(settings.callwise_experiment) is None:
            _make(client.create_experiment, settings.callwise_experiment)
        if not client.search_registered_models(f"name = '{settings.callwise_model_name}'"):
            _make(client.create_registered_model, settings.callwise_model_name)
    return f"experiment {settings.callwise_experiment}, registered model {settings.callwise_model_name}"


def _make(make: Callable[[str], object], name: str) -> None:
    """Make it, unless another set-up that runs at the same time was first."""
    try:
        make(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _data_registry(settings: Settings) -> str:
    ensure_registry(settings.callwise_data_registry, settings)
    return f"git and DVC with the remote s3://{settings.s3_bucket_datasets}"


def _pipeline(settings: Settings) -> str:
    ensure_work_pool(settings.prefect_api_url)
    ensure_watch(settings.prefect_api_url)
    deployed = [ensure_deployment(settings.prefect_api_url), ensure_erasure_deployment(settings.prefect_api_url)]
    return f"work pool, watch and deployments {', '.join(deployed)}"


def _review(settings: Settings) -> str:
    return f"Evidently project {ensure_project(settings.evidently_url)}"


def _ready(db: Db, settings: Settings) -> str:
    mark = {"schema": read_schema(settings.callwise_schema).hash, "at": now()}
    with reachable():
        db.appliance.replace_one({"_id": "ready"}, {"_id": "ready", **mark}, upsert=True)
    return f"schema {str(mark['schema'])[:8]}"


if __name__ == "__main__":
    sys.exit(main())
