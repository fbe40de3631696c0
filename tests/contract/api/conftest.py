"""The API over stores of the test's own, and tokens for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from starlette.testclient import TestClient

from api.house import Settings
from api.main import make
from core.accounts import tokens
from core.accounts.tokens import Scope
from core.schema import Schema
from core.settings.loading import load
from core.stores.mongo import Db
from core.stores.object_store import ObjectStore
from tests.customers import CONTACT_KEY, KIND, kind

ERASURE_KEY = "an erasure key of the tests"


@dataclass
class Moving:
    """A clock that a test moves."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **time: float) -> None:
        self.at += timedelta(**time)


@dataclass
class Api:
    """The API, asked with a token that has some scopes."""

    db: Db
    client: TestClient
    schema: Schema

    def token(self, *scopes: Scope | str, name: str = "dialler", days: int = 30) -> dict[str, str]:
        """The header with a new token."""
        secret, _ = tokens.make(self.db, name, [Scope(scope) for scope in scopes], days=days, by="Eve")
        return {"Authorization": f"Bearer {secret}"}

    @property
    def kind(self) -> str:
        return f"/api/kinds/{self.schema.name}"


@pytest.fixture
def clock() -> Moving:
    return Moving()


@pytest.fixture
def make_api(db: Db, objects: ObjectStore, tmp_path: Path, clock: Moving) -> Iterator[Callable[..., Api]]:
    """Makes the API of the kind `customers`; `more`: settings."""
    made: list[tuple[Db, TestClient]] = []
    path = tmp_path / "customers.yaml"
    path.write_text(yaml.safe_dump(KIND))

    def api(**more: str) -> Api:
        env = {
            **{name: os.environ[name] for name in ("S3_ENDPOINT_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY", "MONGODB_URI")},
            "MONGODB_DATABASE": db.name,
            "S3_BUCKET_DATASETS": objects.bucket,
            "CALLWISE_SCHEMA": str(path),
            "CALLWISE_ERASURE_KEY": ERASURE_KEY,
            "CALLWISE_CONTACT_KEY": CONTACT_KEY,
            **more,
        }
        app = make(load(Settings, env), clock)
        client = TestClient(app, raise_server_exceptions=False)
        made.append((app.state.houses.home, client))
        return Api(db, client, kind())

    yield api
    for home, client in made:
        client.close()
        home.client.close()


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    return make_api()
