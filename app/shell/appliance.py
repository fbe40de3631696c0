"""What the pages work with, wired once by `app.main`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from app.shell.lineage import LineageReader
from core.calls.lifecycle import CallRules
from core.schema import Schema
from core.scoring.client import ScoringClient
from core.stores.mongo import Db
from core.stores.object_store import ObjectStore


@dataclass(frozen=True)
class Link:
    """The address of another screen of the appliance, and what it is good for."""

    title: str
    purpose: str
    address: str


@dataclass(frozen=True)
class SessionLimits:
    """How long a session lasts: without anybody doing anything, and at all."""

    idle: timedelta = timedelta(minutes=120)
    lifetime: timedelta = timedelta(hours=12)


@dataclass(frozen=True)
class Appliance:
    """The appliance as the screens see it. `model` is the registered model that ranks people; `limits` are those of
    sessions; by `erasure_key` those are told who were erased.

    `lineage` and `scoring` are None where the settings do not say where MLflow and MLServer are.
    """

    db: Db
    store: ObjectStore
    schema: Schema
    rules: CallRules
    model: str
    links: tuple[Link, ...] = ()
    lineage: LineageReader | None = None
    scoring: ScoringClient | None = None
    limits: SessionLimits = field(default_factory=SessionLimits)
    erasure_key: str | None = None
