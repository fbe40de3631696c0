"""Prepares an empty appliance: `python -m bootstrap.setup.steps`.

Every step makes only what is missing, so it may be repeated and killed at any point, and ends in the same state. The
last step writes a mark into MongoDB, for which the other services wait.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from bootstrap.migrations.apply import migrate_all
from bootstrap.setup import kinds, preflight, signing, stores
from bootstrap.setup.accounts import ensure_first
from bootstrap.setup.orchestration import (
    ensure_deployment,
    ensure_erasure_deployment,
    ensure_retention_deployment,
    ensure_watch,
    ensure_work_pool,
)
from core.accounts import second_factor
from core.accounts.one_time_codes import KeyRing
from core.calls.contact_keys import keys_of
from core.errors import CallwiseError, SettingsError
from core.kinds import registry
from core.kinds.kind import Kind
from core.lists import contact_numbers, contact_sealing
from core.schema import Schema, read_schema
from core.settings.addresses import PrefectSettings
from core.settings.loading import load
from core.settings.people import ContactSettings, FirstAccountSettings, SecondFactorSettings
from core.stores.mongo import Db, connect
from core.stores.object_store import ObjectStore


class Settings(
    kinds.KindSettings,
    signing.Settings,
    PrefectSettings,
    FirstAccountSettings,
    SecondFactorSettings,
    ContactSettings,
):
    """The settings of everything that the set-up prepares."""


@dataclass(frozen=True)
class Step:
    """One step: its name for people, and a function that does it and returns in words what now exists."""

    name: str
    run: Callable[[], str]


def steps(settings: Settings) -> list[Step]:
    """The steps in their order; each is safe to repeat."""
    db, schema = connect(settings), read_schema(settings.callwise_schema)
    shipped = Kind(schema.name, schema, shipped=True)
    return [
        Step("object store", lambda: _buckets(settings)),
        Step("migrations", lambda: _migrations(db, settings)),
        Step("database", lambda: kinds.database(db, schema)),
        Step("accounts", lambda: _accounts(db, settings)),
        Step("second factors", lambda: _second_factors(db, settings)),
        Step("indicators", lambda: kinds.bundled_indicators(db, kinds.INDICATORS, schema)),
        Step("model registry", lambda: kinds.model_registry(settings)),
        Step("data registry", lambda: kinds.data_registry(settings)),
        Step("pipeline", lambda: _pipeline(settings)),
        Step("drift review", lambda: kinds.review(settings, shipped)),
        Step("campaign kinds", lambda: _kinds(db, schema, settings)),
        Step("names and numbers", lambda: _contacts(db, schema, settings)),
        Step("stores", lambda: stores.look(db, settings)),
        Step("signatures", lambda: signing.sign_once(db, settings)),
        Step("signing key", lambda: signing.renew(db, settings)),
        Step("ready", lambda: kinds.ready(db, schema)),
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


def _migrations(db: Db, settings: Settings) -> str:
    """Before anything else writes into the database, so that a new appliance is known by its emptiness."""
    version = migrate_all(db, settings, lambda line: print(f"setup: migration {line}", flush=True))
    return f"the data is of version {version}"


def _accounts(db: Db, settings: Settings) -> str:
    first = settings.admin_password
    return ensure_first(db, first.get_secret_value() if first else None)


def _second_factors(db: Db, settings: Settings) -> str:
    """A key that does not fit locks out nobody but who has a second factor, so it is told and stops no start."""
    key = settings.callwise_second_factor_key
    if key is None:
        return "no CALLWISE_SECOND_FACTOR_KEY, so nobody can have one"
    try:
        return f"{second_factor.reseal_all(db, KeyRing(key.get_secret_value()))} encrypted"
    except SettingsError as error:
        return f"WARNING: {error}"


def _kinds(db: Db, schema: Schema, settings: Settings) -> str:
    """Store the shipped kind's version, and make what the others need: a release may need more than the one before."""
    content = settings.callwise_schema.read_text(encoding="utf-8")
    registry.record_shipped(db, schema, content, by="setup", champion=kinds.champion_of(settings))
    others = [kind for kind in registry.kinds(db, schema) if not kind.shipped]
    for kind in others:
        kinds.prepare(db, kind, settings)
    return ", ".join([schema.name, *(kind.name for kind in others)])


def _contacts(db: Db, schema: Schema, settings: Settings) -> str:
    """A key that does not fit is told and stops no start: kinds without names go on, and so does all else."""
    keys = keys_of(settings)
    if keys is None:
        return "no CALLWISE_CONTACT_KEY, so no kind can have any"
    done, lost = 0, []
    for kind in registry.kinds(db, schema, retired=True):
        try:
            done += contact_sealing.renew(kind.database(db), keys)
        except SettingsError as error:
            lost.append(f"{kind.name}: {error}")
        contact_numbers.renew(kind.database(db), keys)
    return f"WARNING: {' '.join(lost)}" if lost else f"{done} encrypted"


def _pipeline(settings: Settings) -> str:
    ensure_work_pool(settings)
    ensure_watch(settings)
    deploy = (ensure_deployment, ensure_erasure_deployment, ensure_retention_deployment)
    deployed = [one(settings) for one in deploy]
    return f"work pool, watch and deployments {', '.join(deployed)}"


if __name__ == "__main__":
    sys.exit(main())
