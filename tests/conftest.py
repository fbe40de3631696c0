"""What every suite shares: the schema, one row that fits it, and stores of its own for each test.

Stores are real. `scripts/test` starts them and names them in the environment; the same suites run on a MongoDB or an
S3 server of yours if you name those instead.
"""

from __future__ import annotations

import os
import re
import sys
import uuid
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import settings
from minio import Minio

from core.schema import Schema, read_schema
from core.settings.addresses import MongoSettings, S3Settings
from core.settings.group import ROOT
from core.settings.loading import load
from core.stores.mongo import Db, connect, ensure_indexes
from core.stores.object_store import ObjectStore

# Tests assert what is done, and never how fast: a busy machine is no failure.
settings.register_profile("callwise", deadline=None)
settings.load_profile("callwise")

IMPORTS_MLSERVER = re.compile(r"^(from|import) mlserver\b", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """MLServer is in an environment of its own: what imports it is collected there, and all else in the common one."""
    if not (collection_path.name.startswith("test_") and collection_path.suffix == ".py"):
        return None
    wants = bool(IMPORTS_MLSERVER.search(collection_path.read_text(encoding="utf-8")))
    return True if wants != (find_spec("mlserver") is not None) else None


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """The module that runs the tests stays `__main__`.

    Streamlit's AppTest puts a page in its place and leaves it there; processes that a later test spawns would begin by
    running that page.
    """
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before


@pytest.fixture(scope="session")
def schema() -> Schema:
    return read_schema(ROOT / "data" / "schema.yaml")


@pytest.fixture
def person() -> dict[str, Any]:
    """One record that fits the schema, as a file has it."""
    return {
        "age": "41", "job": "technician", "marital": "married", "education": "university.degree", "default": "no",
        "housing": "yes", "loan": "no", "contact": "cellular", "month": "may", "day_of_week": "mon", "duration": "120",
        "campaign": "1", "pdays": "999", "previous": "0", "poutcome": "nonexistent", "emp.var.rate": "1.1",
        "cons.price.idx": "93.994", "cons.conf.idx": "-36.4", "euribor3m": "4.857", "nr.employed": "5191", "y": "no",
    }  # fmt: skip


def _address(name: str) -> str:
    if name not in os.environ:
        pytest.skip(f"{name} names no server; scripts/test starts one")
    return os.environ[name]


@pytest.fixture
def db() -> Iterator[Db]:
    """An empty database on the server that MONGODB_URI names, dropped afterwards."""
    env = {"MONGODB_URI": _address("MONGODB_URI"), "MONGODB_DATABASE": f"test_{uuid.uuid4().hex[:12]}"}
    database = connect(load(MongoSettings, env))
    ensure_indexes(database)
    yield database
    database.client.drop_database(database.name)
    database.client.close()


@pytest.fixture
def objects() -> Iterator[ObjectStore]:
    """An empty bucket on the server that S3_ENDPOINT_URL names, removed afterwards: a server has room for so many."""
    _address("S3_ENDPOINT_URL")
    env = {name: os.environ[name] for name in ("S3_ENDPOINT_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY")}
    settings = load(S3Settings, env)
    store = ObjectStore(settings, f"test-{uuid.uuid4().hex[:12]}")
    store.ensure()
    yield store
    address = urlsplit(settings.s3_endpoint_url)
    secret = settings.s3_secret_key.get_secret_value()
    client = Minio(
        address.netloc, access_key=settings.s3_access_key, secret_key=secret, secure=address.scheme == "https"
    )
    keys = store.keys()
    for key in keys:
        client.remove_object(store.bucket, key)
    client.remove_bucket(store.bucket)
