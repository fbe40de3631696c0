"""The appliance that all pages use. `app.main` wires it once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from app.shell.lineage import LineageReader
from core.accounts.second_factor import FactorRules
from core.calls.contact_keys import ContactKeys
from core.calls.lifecycle import CallRules
from core.schema import Schema
from core.scoring.client import ScoringClient
from core.stores.mongo import Db
from core.stores.object_store import ObjectStore


@dataclass(frozen=True)
class Link:
    """Another screen of the appliance: its title, purpose and address."""

    title: str
    purpose: str
    address: str


@dataclass(frozen=True)
class SessionLimits:
    """How long a session lasts: without activity (`idle`), and at most (`lifetime`)."""

    idle: timedelta = timedelta(minutes=120)
    lifetime: timedelta = timedelta(hours=12)


@dataclass(frozen=True)
class Appliance:
    """The appliance as the screens see it, for one campaign kind. `model` names the registered model that ranks people.

    `kind` is the kind's name, "" that of the shipped one, and `others` gives the appliance of every other kind. `home`
    is the appliance's database, `shipped` the shipped kind's schema. A first training needs `minimum_outcomes`.
    `erasure_key` recognises people who were erased, `contact_keys` read names and numbers. `lineage` and `scoring` are
    None if the settings do not name the addresses of MLflow and MLServer. `app_page`: at which address people open the
    app, if a door is in front of it.
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
    factor: FactorRules = field(default_factory=FactorRules)
    erasure_key: str | None = None
    contact_keys: ContactKeys | None = None
    kind: str = ""
    others: Callable[[], Sequence[Appliance]] = tuple
    home: Db | None = None
    shipped: Schema | None = None
    minimum_outcomes: int = 1000
    app_page: str | None = None

    @property
    def title(self) -> str:
        """What people call the kind."""
        return self.schema.title
