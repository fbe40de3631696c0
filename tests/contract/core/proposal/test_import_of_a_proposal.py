"""People of a kind that was proposed from their own file, brought in on a real database."""

from __future__ import annotations

import csv
import random
from dataclasses import replace
from pathlib import Path

import pytest

from core.files.campaign_file import CampaignFile
from core.imports.column_mapping import ColumnMapping
from core.imports.importer import ImportRequest, import_campaign
from core.proposal.evidence import look
from core.proposal.kind_text import kind_text
from core.proposal.proposal import propose
from core.schema import read_schema
from core.stores.mongo import Db
from tests.customers import CONTACT_KEYS

pytestmark = pytest.mark.mongo
DICE = random.Random(5)
BIRTHDAYS = ["1980-02-29", "12.03.1975", "1990/11/05", ""]
CONSENTS = ["Yes", "no", "TRUE", "0", ""]


def test_every_row_of_the_file_goes_in_as_people_saw_it(db: Db, tmp_path: Path) -> None:
    path, kind = tmp_path / "leads.csv", tmp_path / "kind.yaml"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        lines = csv.writer(file, delimiter=";")
        lines.writerow(["Customer ID", "Name", "Mobile", "Source", "Income", "Born", "Opted in", "Converted"])
        for n in range(200):
            lines.writerow([
                f"C-{n:05d}", f"Ada Example {n}", f"+49 1512 5550{n:03d}", DICE.choice(["Web", "web", "Fair", ""]),
                DICE.choice(["1.200,50", "900,00", "n/a", ""]), BIRTHDAYS[n % 4], CONSENTS[n % 5],
                "1" if n % 3 == 0 else DICE.choice(["0", "no"]),
            ])  # fmt: skip
    seen = look(CampaignFile.open(path))
    kind.write_text(kind_text(propose(seen)), encoding="utf-8")
    schema = read_schema(kind)
    mapping = replace(ColumnMapping.by_name(schema, seen.file.header), lenient=True)
    request = ImportRequest(seen.file, "spring", mapping, contact_keys=CONTACT_KEYS)
    report = import_campaign(db, schema, request, rejects=tmp_path / "rejects.csv")
    assert (report.inserted, report.rejected, report.outcomes) == (200, 0, 200)
    assert db.outcomes.count_documents({"campaign": "spring", "positive": True}) == 67
    person = db.prospects.find_one({"campaign": "spring", "written": "C-00001"})
    assert person is not None
    features = person["features"]
    assert features["Born"] == "1975-03-12"
    assert features["Opted in"] == "no"
    kept = {prospect["features"]["Income"] for prospect in db.prospects.find({"campaign": "spring"})}
    assert kept == {1200.5, 900.0, None}
    assert {p["features"]["Source"] for p in db.prospects.find({"campaign": "spring"})} <= {
        "Web",
        "web",
        "Fair",
        "(blank)",
    }
    assert len({p["features"]["Source"].casefold() for p in db.prospects.find({"campaign": "spring"})}) == 3
