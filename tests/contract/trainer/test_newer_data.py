"""No training and no erasure begins on data that a newer release has migrated."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import Conflict
from core.settings.loading import load
from core.stores import stored_version
from core.stores.mongo import Db
from tests.signing import SIGNING
from trainer.main import Settings, compose

pytestmark = pytest.mark.mongo


def test_data_of_a_newer_release_are_left_alone(db: Db, tmp_path: Path) -> None:
    db.appliance.insert_one({"_id": stored_version.KEY, "version": stored_version.NEWEST + 1, "applied": []})
    env = {
        "MONGODB_URI": os.environ["MONGODB_URI"],
        "MONGODB_DATABASE": db.name,
        "S3_ENDPOINT_URL": "http://127.0.0.1:9",
        "S3_ACCESS_KEY": "nobody",
        "S3_SECRET_KEY": "nothing",
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
        "CALLWISE_DATA_REGISTRY": str(tmp_path / "datasets"),
        "CALLWISE_SIGNING_KEY": SIGNING,
    }
    with pytest.raises(Conflict, match="newer release"):
        compose(load(Settings, env))
