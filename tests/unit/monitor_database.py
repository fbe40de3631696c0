"""A database of its own for one test, on the server that MONGODB_URI names."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from core.mongo import Db, connect
from core.settings import MongoSettings


@contextmanager
def database() -> Iterator[Db]:
    uri = os.environ.get("MONGODB_URI")
    if not uri:
        pytest.skip("MONGODB_URI names no MongoDB-wire server")
    db = connect(MongoSettings(mongodb_uri=uri, mongodb_database=f"test_monitor_{uuid.uuid4().hex[:12]}"))
    try:
        yield db
    finally:
        db.client.drop_database(db.name)
        db.client.close()
