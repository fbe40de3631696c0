"""A company with a key of its own for each person, whose lists change: files that come one after the other."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pymongo.collection import Collection

from core.files.campaign_file import CampaignFile
from core.imports.import_report import Report
from core.imports.importer import ImportRequest, import_campaign
from core.schema import Schema
from core.stores.mongo import Db
from tests.customers import CONTACT_KEYS

Bring = Callable[..., Report]


@pytest.fixture
def keyed(schema: Schema) -> Schema:
    """Has a reference, and says neither when calls were made nor in which order."""
    content = {**schema.model_dump(), "reference": "customer", "calendar": None}
    return Schema.model_validate(content)


@pytest.fixture
def timed(keyed: Schema) -> Schema:
    """Files may have a column with the time of a call."""
    content = keyed.model_dump()
    return Schema.model_validate({**content, "outcome": {**content["outcome"], "at": "called_at"}})


@pytest.fixture
def bring(db: Db, keyed: Schema, person: dict[str, Any], tmp_path: Path) -> Bring:
    """Imports people, each by reference with the values that differ, into the campaign."""

    def bring(
        name: str, *people: dict[str, Any], schema: Schema = keyed, campaign: str = "spring", **how: Any
    ) -> Report:
        path = tmp_path / f"{name}.csv"
        rows = [{**person, "y": "", **one} for one in people]
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
            writer.writeheader()
            writer.writerows(rows)
        request = ImportRequest(CampaignFile.open(path), campaign, **{"contact_keys": CONTACT_KEYS, **how})
        return import_campaign(db, schema, request, rejects=tmp_path / "rejects.csv")

    return bring


class Killed(BaseException):
    """The process dies here."""


WRITES = ("bulk_write", "update_one", "update_many", "insert_one", "delete_one", "delete_many")


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], Any]], bool]:
    """Runs an action that is killed before its n-th write, counted from 1; returns whether it came to its end."""

    def dying(place: int, action: Callable[[], Any]) -> bool:
        left = [place]
        with monkeypatch.context() as patched:
            for name in WRITES:
                patched.setattr(Collection, name, _counted(getattr(Collection, name), left))
            try:
                action()
            except Killed:
                return False
        return True

    return dying


def _counted(write: Any, left: list[int]) -> Any:
    def counted(self: Any, *args: Any, **more: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        return write(self, *args, **more)

    return counted
