"""A made-up kind with columns as they are in life, its people, and calls with a known truth."""

from __future__ import annotations

import csv
import io
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import xlsxwriter

from core.calls.contact_keys import ContactKeys
from core.schema import Schema
from core.schema.column import BLANK, Value
from core.stores.mongo import Db

CONTACT_KEY = "a key of the tests"
CONTACT_KEYS = ContactKeys(CONTACT_KEY)

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
TOWNS = [f"Town {number}" for number in range(300)]

KIND: dict[str, Any] = {
    "name": "customers",
    "title": "Customers",
    "reference": "id",
    "outcome": {"column": "converted", "positive": "yes", "negative": "no", "label": "Converted"},
    "segments": ["source", "income"],
    "columns": [
        {"name": "source", "label": "Source", "type": "category", "role": "profile", "optional": True,
         "categories": ["Fair", "Partner", "Web"]},
        {"name": "town", "label": "Town", "type": "category", "role": "profile", "open": True, "optional": True},
        {"name": "income", "label": "Income", "type": "number", "role": "profile", "optional": True, "minimum": 0,
         "bounds": [1000, 2000]},
        {"name": "visits", "label": "Visits", "type": "integer", "role": "history", "optional": True, "minimum": 0,
         "special": {999: "never asked"}},
        {"name": "opted", "label": "Opted in", "type": "yes_no", "role": "profile"},
        {"name": "since", "label": "Customer since", "type": "date", "role": "history", "optional": True},
        {"name": "mobile", "label": "Mobile", "type": "text", "role": "contact", "contact": "phone", "optional": True},
        {"name": "notes", "label": "Notes", "type": "text", "role": "people_only", "optional": True},
    ],
}  # fmt: skip


def kind() -> Schema:
    """The kind."""
    return Schema.model_validate(KIND)


def people(rows: int, *, seed: int = 1, blank: float = 0.3) -> list[dict[str, Value]]:
    """The recorded values of `rows` people; a share `blank` of the optional cells is blank."""
    random = np.random.default_rng(seed)

    def some(value: Value, empty: Value = None) -> Value:
        return empty if random.random() < blank else value

    return [
        {
            "source": some(str(random.choice(["Fair", "Partner", "Web"])), BLANK),
            # Half of the people live in one of two towns, the others all over the country.
            "town": some(TOWNS[int(random.integers(2 if random.random() < 0.5 else 300))], BLANK),
            "income": some(round(float(random.gamma(4, 500)), 2)),
            "visits": some(int(random.choice([999, *range(20)]))),
            "opted": str(random.choice(["no", "yes"])),
            "since": some((START - timedelta(days=int(random.integers(10, 3000)))).date().isoformat()),
        }
        for _ in range(rows)
    ]


def chance(person: dict[str, Value]) -> float:
    """How likely this person is to buy: blanks count, and so do how long they have been a customer and their town."""
    leaning = 1.5 * (person["opted"] == "yes") + 1.2 * (person["income"] is None) + 0.8 * (person["town"] == "Town 1")
    since = person["since"]
    leaning += 1.0 * (isinstance(since, str) and since < "2022")
    return float(1 / (1 + np.exp(3.0 - leaning)))


def store(db: Db, rows: int, *, seed: int = 1) -> None:
    """Put called people and their outcomes into MongoDB, as an import leaves them."""
    random = np.random.default_rng(seed + 1000)
    listed = people(rows, seed=seed)
    db.prospects.insert_many(
        {"_id": f"spring:{n:06d}", "campaign": "spring", "ref": f"{n:06d}", "features": features, "status": "done"}
        for n, features in enumerate(listed)
    )
    db.outcomes.insert_many(
        {
            "_id": f"spring:{n:06d}:1",
            "prospect": f"spring:{n:06d}",
            "campaign": "spring",
            "positive": bool(random.random() < chance(features)),
            "at": START + timedelta(minutes=n),
        }
        for n, features in enumerate(listed)
    )


def exported(rows: int = 120) -> bytes:
    """What a customer system exports: names, numbers, blanks, dates, yes and no in several spellings."""
    chance = random.Random(4)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(
        [
            "Customer ID",
            "Full Name",
            "Mobile",
            "First Source",
            "Visits",
            "Opted in",
            "Joined",
            "Status after call",
            "Converted",
        ]
    )
    for n in range(rows):
        sold = chance.random() < 0.3
        called = n < rows * 2 / 3
        writer.writerow([
            f"K-{n:05d}", f"Ada Prøve {n}", f"+49 1512 {5550000 + n}" if n % 3 else "",
            chance.choice(["Web", "Fair", ""]), chance.choice(["", str(chance.randrange(30))]),
            chance.choice(["yes", "No", "TRUE", "0"]),
            f"{1 + n % 28:02d}.{1 + n % 12:02d}.2024", ("won" if sold else "lost") if called else "",
            ("1" if sold else "0") if called else "",
        ])  # fmt: skip
    return out.getvalue().encode("utf-8")


def office_workbook(path: Path, rows: int = 120) -> Path:
    """What an office keeps: a cover, a long log of calls, and the customers below two lines of title.

    In the customers' sheet, text cells tell neither the decimal sign nor the order of dates, the result of a call has
    four words, and the desk is a number that is a name.
    """
    results = ["sold", "declined", "moved away", "not reached", ""]
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("Cover").write_row(0, 0, ["Autumn list", "Please do not pass on"])
        log = book.add_worksheet("Call log")
        log.write_row(0, 0, ["Call", "Agent", "Minutes", *(f"Question {n}" for n in range(1, 9))])
        for n in range(rows * 2):
            log.write_row(
                n + 1, 0, [n + 1, ("Ann", "Bo")[n % 2], 1 + n % 20, *(("yes", "no")[n % 2] for _ in range(8))]
            )
        people = book.add_worksheet("Customers")
        people.write(0, 0, "Customers of the autumn list")
        people.write(1, 0, "Office south, 28 November 2026")
        people.write_row(
            3, 0, ["Customer no", "Full name", "Mobile", "Age", "Income", "Joined", "Desk", "Town", "Result"]
        )
        for n in range(rows):
            income, joined = f"{1 + n % 9},{100 + n}", f"{1 + n % 12:02d}/{1 + n % 11:02d}/2024"
            town = ("Here", "There", "Home")[n % 3]
            name, phone = f"Ada Prøve {n}", f"+49 1512 {5550000 + n}"
            person = [f"K-{n:05d}", name, phone, 20 + n % 59, income, joined, 11 + n % 7, town, results[n % 5]]
            people.write_row(n + 4, 0, person)
        people.write_row(rows + 4, 0, ["Total", "", "", rows])
    return path
