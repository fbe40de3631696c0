"""Two campaigns whose people have phone numbers, brought by files as people bring them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.calls.contact_keys import ContactKeys
from core.files.campaign_file import CampaignFile
from core.imports.import_report import Report
from core.imports.importer import ImportRequest, import_campaign
from core.schema import Schema
from core.stores.mongo import Db, Document
from core.wishes.number_keys import NumberKeys
from tests.customers import CONTACT_KEY, KIND

ERASURE_KEY = "a key of erasure"
NUMBERS = NumberKeys(ERASURE_KEY)
KEYS = ContactKeys(CONTACT_KEY, NUMBERS)
START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
ADA, BO, CHI = "+4915125550001", "+4915125550002", "+4915125550003"
SPELLINGS = (
    "+49 1512 5550001",
    "0049-1512/5550001",
    "01512 5550001",
    "(01512) 555 00 01",
    "+49 (0) 1512 5550001",
    "4915125550001.0",
)
SCHEMA = Schema.model_validate(
    {
        **KIND,
        "columns": [
            *({**column, "region": "DE"} if column["name"] == "mobile" else column for column in KIND["columns"]),
        ],
    }
)
Bring = Callable[..., Report]


class Watch:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **span: float) -> None:
        """Let the time pass."""
        self.at += timedelta(**span)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def bring(db: Db, tmp_path: Path, watch: Watch) -> Bring:
    """Imports people by reference, each with a number, into a campaign."""

    def bring(
        name: str, people: dict[str, str], *, campaign: str = "spring", into: Db | None = None, keys: ContactKeys = KEYS
    ) -> Report:
        path = tmp_path / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "source", "town", "income", "visits", "opted", "since", "mobile"])
            for ref, number in people.items():
                writer.writerow([ref, "Web", "Town 1", "100", "1", "yes", "2020-01-01", number])
        request = ImportRequest(CampaignFile.open(path), campaign, contact_keys=keys, erasure_key=ERASURE_KEY)
        at = db if into is None else into
        return import_campaign(at, SCHEMA, request, rejects=tmp_path / "rejects.csv", clock=watch)

    return bring


@pytest.fixture
def listed(db: Db, bring: Bring) -> Db:
    """Ada and Bo in two campaigns."""
    for campaign in ("spring", "autumn"):
        bring(campaign, {"a": ADA, "b": BO}, campaign=campaign)
    return db


def statuses(db: Db) -> dict[str, str]:
    """The status of every prospect."""
    return {one["_id"]: one["status"] for one in db.prospects.find(sort=[("_id", 1)])}


def stored(db: Db, key: str = "spring:a") -> Document:
    """A prospect."""
    found = db.prospects.find_one({"_id": key})
    assert found is not None
    return found
