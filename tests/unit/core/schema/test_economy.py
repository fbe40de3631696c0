"""What was known of the economy when: without a store, from documents as they stand in it."""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import InputError
from core.schema import Schema
from core.schema.economy import Economy, period_bounds
from core.settings.group import ROOT
from monitor.economy.series import Transform, read_series


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def document(series: str, period: str, *vintages: tuple[str, float]) -> dict[str, Any]:
    return {
        "series": series,
        "period": period,
        "vintages": [{"value": value, "known": {"at": day(at)}, "source": "test"} for at, value in vintages],
    }


@pytest.mark.parametrize(
    ("period", "begins", "ends"),
    [
        ("2024", "2024-01-01", "2025-01-01"),
        ("2024-S2", "2024-07-01", "2025-01-01"),
        ("2024-Q1", "2024-01-01", "2024-04-01"),
        ("2024-Q4", "2024-10-01", "2025-01-01"),
        ("2024-02", "2024-02-01", "2024-03-01"),
        ("2024-12", "2024-12-01", "2025-01-01"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
    ],
)
def test_a_period_begins_and_ends(period: str, begins: str, ends: str) -> None:
    assert period_bounds(period) == (day(begins), day(ends))


@pytest.mark.parametrize("period", ["2024-Q5", "2024-13", "2024-W31", "2024-02-30", "24-01", "", "2024Q1"])
def test_a_period_of_another_form_is_named(period: str) -> None:
    with pytest.raises(ValueError, match=f"{period!r} is not a year"):
        period_bounds(period)


def test_the_newest_value_is_that_of_the_latest_period_known() -> None:
    economy = Economy(
        [
            document("euribor3m", "2024-02", ("2024-03-04", 3.9), ("2024-05-01", 3.8)),
            document("euribor3m", "2024-01", ("2024-02-03", 4.0), ("2024-03-20", 4.1)),
        ]
    )

    def value(at: str) -> float | None:
        return economy.figures_at(day(at)).values.get("euribor3m")

    assert [value(at) for at in ("2024-02-02", "2024-02-03", "2024-03-03", "2024-03-04")] == [None, 4.0, 4.0, 3.9]
    assert value("2024-03-25") == 3.9, "a revision of an earlier period is not the newest value"
    assert [value(at) for at in ("2024-04-30", "2024-05-01", "2030-01-01")] == [3.9, 3.8, 3.8]
    figure = economy.figures_at(day("2024-03-31")).figures["euribor3m"]
    assert (figure.period, figure.source, figure.known_at) == ("2024-02", "test", day("2024-03-04"))
    assert figure.age(day("2024-03-31")) == timedelta(days=30)


def test_whatever_becomes_known_later_changes_nothing_of_what_was_known_before() -> None:
    """300 random histories: cut at a moment, the past is the same with and without what came after."""
    chance = random.Random(7)
    start = day("2020-01-01")
    for _ in range(300):
        history: list[list[tuple[datetime, float]]] = []
        for _ in range(6):
            at = start
            history.append([])
            for _ in range(chance.randint(1, 4)):
                at += timedelta(days=chance.randint(1, 120))
                history[-1].append((at, chance.random()))
        cut = start + timedelta(days=chance.randint(1, 400))

        def economy(history: list[list[tuple[datetime, float]]], until: datetime) -> Economy:
            return Economy(
                [
                    document(
                        "euribor3m",
                        f"2020-{month:02d}",
                        *((at.isoformat(), value) for at, value in vintages if at <= until),
                    )
                    for month, vintages in enumerate(history, 1)
                ]
            )

        for at in (cut, cut - timedelta(days=30)):
            assert economy(history, datetime.max.replace(tzinfo=UTC)).figures_at(at) == economy(
                history, cut
            ).figures_at(at)


def test_what_a_file_says_goes_before_what_is_known(schema: Schema) -> None:
    known = Economy([document("euribor3m", "2024-01", ("2024-02-03", 4.0))]).figures_at(day("2024-03-01"))
    assert known.fill({"age": 41, "euribor3m": 1.0}, schema) == {"age": 41, "euribor3m": 1.0}
    assert known.fill({"age": 41}, schema) == {"age": 41, "euribor3m": 4.0}


def test_what_nothing_was_known_of_is_named(schema: Schema) -> None:
    known = Economy([document("euribor3m", "2024-01", ("2024-02-03", 4.0))]).figures_at(day("2024-03-01"))
    known.require(["euribor3m"], row=3, of=day("2024-03-01"))
    with pytest.raises(
        InputError, match=r"row 3, column 'nr.employed': is not in the file, and no value of it was known"
    ):
        known.require(["euribor3m", "nr.employed"], row=3)
    with pytest.raises(InputError, match="but one of 2024-01"):
        known.require(["euribor3m"], of=day("2026-03-01"))


def test_the_hash_follows_the_values_alone() -> None:
    one, same, other = (
        Economy([document("euribor3m", period, ("2024-02-03", value))]).figures_at(day("2024-03-01")).hash
        for period, value in (("2024-01", 4.0), ("2023-12", 4.0), ("2024-01", 4.1))
    )
    assert one == same != other


def test_the_variation_of_employment_in_the_published_file_is_that_on_the_year() -> None:
    """So it is taken as `change_on_year` of the same series, not as the change since the quarter before.

    In all quarters of the snapshot that have the same one a year before, to the file's one decimal.
    """
    table: dict[str, dict[str, float]] = {}
    with (ROOT / "data" / "indicators.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            table.setdefault(row["series"], {})[row["period"]] = float(row["value"])
    # The last month of each quarter; nobody was called in September 2008, what was in force came in October.
    months = {"03": "Q1", "06": "Q2", "09": "Q3", "12": "Q4"}
    quarters = {month: f"{month[:4]}-{months[month[5:]]}" for month in table["nr.employed"] if month[5:] in months}
    quarters["2008-10"] = "2008-Q3"
    change = Transform.CHANGE_ON_YEAR.apply({quarters[month]: table["nr.employed"][month] for month in quarters})
    given = {quarters[month]: table["emp.var.rate"][month] for month in quarters}
    assert sorted(change) == ["2009-Q2", "2009-Q3", "2009-Q4", "2010-Q1", "2010-Q2", "2010-Q3"]
    assert {quarter: round(value, 1) for quarter, value in change.items()} == {
        quarter: given[quarter] for quarter in change
    }


def test_a_series_list_that_feeds_no_indicator_is_refused(schema: Schema, tmp_path: Any) -> None:
    from core.errors import SchemaError

    text = (ROOT / "data" / "economy.yaml").read_text()
    for old, new, says in (
        ("column: euribor3m", "column: age", "feeds age, no indicator"),
        ("service: ECB", "service: BIS", "BIS is not among the services"),
        ("column: emp.var.rate", "column: nr.employed", "fed by more than one series"),
        ("https://data-api", "http://data-api", "services.ECB.url"),
        ("frequency: quarterly", "frequency: sometimes", "series.3.frequency"),
    ):
        path = tmp_path / "economy.yaml"
        path.write_text(text.replace(old, new))
        with pytest.raises(SchemaError, match=says):
            read_series(path, schema, live=True)
