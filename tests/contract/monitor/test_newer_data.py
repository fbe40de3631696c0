"""The monitor begins nothing on data that a newer release has migrated."""

from __future__ import annotations

import os

import pytest

from core.errors import Conflict
from core.stores import stored_version
from core.stores.mongo import Db
from monitor import main
from monitor.main import read_settings

pytestmark = pytest.mark.mongo


def test_data_of_a_newer_release_are_left_alone(db: Db) -> None:
    db.appliance.insert_one({"_id": stored_version.KEY, "version": stored_version.NEWEST + 1, "applied": []})
    addresses = ("MLFLOW_TRACKING_URI", "MLSERVER_URL", "EVIDENTLY_URL", "PREFECT_API_URL")
    env = {"MONGODB_URI": os.environ["MONGODB_URI"], "MONGODB_DATABASE": db.name}
    settings = read_settings({**env, **dict.fromkeys(addresses, "http://127.0.0.1:9")})
    with pytest.raises(Conflict, match="newer release"):
        main.serve(settings)
