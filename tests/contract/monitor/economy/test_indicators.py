"""The economy's vintages on a real store: written by the monitor and the set-up, read by ranking and training."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bootstrap.setup.kinds import bundled_indicators
from core.clock import now
from core.errors import InputError, Unavailable
from core.schema import Schema, economy
from core.settings.group import ROOT
from core.stores.mongo import Db
from monitor import main
from monitor.economy import series
from monitor.economy.indicators import STALE, refresh
from monitor.economy.series import SeriesList, read_series
from monitor.economy.vintages import SETTLING, write_vintages
from monitor.jobs.cause_states import WELL
from monitor.main import read_settings
from tests.made_up_outcomes import made_up, store
from tests.statistics_office import GENERIC, SPECIFIC, opened
from trainer.data.snapshot import read_outcomes, write_outcomes

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 9, 15, 12, tzinfo=UTC)
FLOWS = {
    "FM": {"2026-07": 2.03, "2026-08": 2.04},
    "PRC_HICP_MINR": {"2026-07": 101.98, "2026-08": 102.07},
    "EI_BSCO_M": {"2026-07": -16.9, "2026-08": -17.2},
    "LFSQ_EGAN": {"2025-Q1": 5074.2, "2025-Q2": 5118.6, "2026-Q1": 5125.4, "2026-Q2": 5167.9},
}


class Office:
    """Both services in one: what they publish, and whether they can be reached."""

    def __init__(self) -> None:
        self.flows = {flow: dict(values) for flow, values in FLOWS.items()}
        self.fails: dict[str, Exception] = {}
        self.asked: list[str] = []

    def observations(self, asked: series.Series) -> dict[str, float]:
        self.asked.append(asked.flow)
        if asked.flow in self.fails:
            raise self.fails[asked.flow]
        return dict(self.flows[asked.flow])


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def listed(schema: Schema) -> SeriesList:
    return read_series(ROOT / "data" / "economy.yaml", schema, live=True)


Look = Callable[..., str]


@pytest.fixture
def look(db: Db, schema: Schema, listed: SeriesList, office: Office) -> Look:
    def look(at: datetime, *, live: bool = True) -> str:
        return refresh(db, schema, listed, (lambda _: office) if live else None, clock=lambda: at)

    return look


def stored(db: Db) -> list[dict[str, Any]]:
    return list(db.indicators.find(sort=[("_id", 1)]))


def states(db: Db) -> dict[str, str]:
    return {str(d["_id"]).removeprefix("monitor:economy:"): d["state"] for d in db.appliance.find()}


def test_what_is_published_is_known_a_minute_later(db: Db, schema: Schema, office: Office, look: Look) -> None:
    assert look(START).startswith("12 new values; in use: euribor3m of 2026-08 (14 days after its end)")
    assert economy.figures_at(db, schema, START).values == {}
    assert economy.figures_at(db, schema, START + SETTLING).values == {
        "euribor3m": 2.04, "cons.price.idx": 102.07, "cons.conf.idx": -17.2, "nr.employed": 5167.9,
        "emp.var.rate": 0.963,
    }  # fmt: skip
    assert office.asked == ["FM", "PRC_HICP_MINR", "EI_BSCO_M", "LFSQ_EGAN"], "two columns are fed by one answer"


def test_the_same_again_moves_only_the_time_it_was_seen(db: Db, look: Look) -> None:
    look(START)
    before = stored(db)
    assert look(START + HOUR).startswith("0 new values")
    after = stored(db)
    assert {document["seen"]["at"] for document in after} == {START + HOUR}
    assert [{**document, "seen": None} for document in after] == [{**document, "seen": None} for document in before]


def test_a_revision_is_a_vintage_more_and_changes_none(db: Db, schema: Schema, office: Office, look: Look) -> None:
    look(START)
    for number, value in enumerate((2.05, 2.06, 2.04), 1):
        office.flows["FM"]["2026-08"] = value
        look(START + number * DAY)
    document = db.indicators.find_one({"_id": "euribor3m:2026-08"})
    assert document is not None
    assert [(v["value"], v["known"]["at"]) for v in document["vintages"]] == [
        (2.04, START + SETTLING),
        (2.05, START + DAY + SETTLING),
        (2.06, START + 2 * DAY + SETTLING),
        (2.04, START + 3 * DAY + SETTLING),
    ]
    assert [economy.figures_at(db, schema, START + number * DAY + HOUR).values["euribor3m"] for number in range(4)] == [
        2.04,
        2.05,
        2.06,
        2.04,
    ]


class Behind:
    """A database as one sees it who read before another wrote: what it finds is `found`, what it writes is written."""

    def __init__(self, db: Db, found: list[dict[str, Any]]) -> None:
        self._db, self._found, self.indicators = db, found, self

    def find(self, *_: Any) -> list[dict[str, Any]]:
        return self._found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db["indicators"], name)


def test_of_two_that_write_at_once_neither_undoes_the_other(db: Db, listed: SeriesList) -> None:
    one = listed.by_column["euribor3m"]
    write_vintages(db, one, {"2026-08": 2.04}, START)
    behind: Any = Behind(db, stored(db))
    write_vintages(db, one, {"2026-08": 2.05}, START + DAY)
    write_vintages(behind, one, {"2026-08": 2.05}, START + DAY + HOUR)
    nothing: Any = Behind(db, [])
    write_vintages(nothing, one, {"2026-08": 2.05}, START + DAY + HOUR)
    document = stored(db)[0]
    assert ([vintage["value"] for vintage in document["vintages"]], document["revision"]) == ([2.04, 2.05], 2)
    assert document["seen"]["at"] == START + DAY + HOUR


def test_out_of_reach_the_last_value_stays_and_its_age_is_told(
    db: Db, schema: Schema, office: Office, look: Look
) -> None:
    look(START)
    office.fails = {flow: Unavailable("ECB is out of reach: ConnectionError.") for flow in FLOWS}
    said = look(START + 2 * DAY)
    assert "ECB is out of reach" in said
    assert "euribor3m of 2026-08 (16 days after its end)" in said
    assert set(states(db).values()) <= {WELL}, "silent for less than the list allows"
    look(START + 4 * DAY)
    assert set(states(db).values()) == {STALE}
    assert economy.figures_at(db, schema, START + 4 * DAY).values["euribor3m"] == 2.04
    why = [event["why"] for event in db.events.find({"what": "economy:euribor3m: stale"})]
    assert why == [
        "Euribor 3 months: its source has sent no value since 2026-09-15; ECB is out of reach: ConnectionError"
    ]
    office.fails = {}
    look(START + 5 * DAY)
    assert set(states(db).values()) == {WELL}
    office.fails = {"FM": Unavailable("ECB is out of reach.")}
    look(START + 9 * DAY)
    assert db.events.count_documents({"what": "economy:euribor3m: stale"}) == 2, "a second time is told, too"


def test_a_series_that_ends_grows_stale_though_its_source_answers(db: Db, look: Look) -> None:
    look(START)
    for days in range(0, 46, 2):
        look(START + days * DAY)
    assert states(db) == {"euribor3m": STALE, "cons.conf.idx": STALE}
    assert [event["why"] for event in db.events.find({"what": "economy:cons.conf.idx: stale"})] == [
        "Consumer confidence: the newest value is of 2026-08 (46 days after its end), at most 45 are usual"
    ]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"2026-08": 203.9}, "in 2026-08 203.9 is not a number from -2 to 20"),
        (InputError("the answer is not what it was: it has no observations"), "it has no observations"),
    ],
)
def test_an_answer_that_has_changed_is_not_taken_and_told(
    db: Db, office: Office, look: Look, values: Any, says: str
) -> None:
    look(START)
    before = [document for document in stored(db) if document["series"] == "euribor3m"]
    if isinstance(values, Exception):
        office.fails = {"FM": values}
    else:
        office.flows["FM"] = values
    assert says in look(START + 4 * DAY)
    assert [document for document in stored(db) if document["series"] == "euribor3m"] == before
    assert states(db) == {"euribor3m": STALE}


def test_off_nobody_is_asked_and_ages_matter_only_where_they_are_used(
    db: Db, schema: Schema, office: Office, look: Look
) -> None:
    bundled_indicators(db, ROOT / "data" / "indicators.csv", schema)
    assert look(START, live=False).startswith("nothing is fetched (CALLWISE_ECONOMY is off)")
    assert set(states(db).values()) <= {WELL}
    db.campaigns.insert_one({"_id": "spring", "economy": True})
    look(START, live=False)
    assert set(states(db).values()) == {STALE}
    assert office.asked == []


def test_the_snapshot_is_known_from_the_first_day_of_each_period(db: Db, schema: Schema) -> None:
    path = ROOT / "data" / "indicators.csv"
    assert bundled_indicators(db, path, schema) == "130 values of 5 series"
    first = stored(db)
    bundled_indicators(db, path, schema)
    assert stored(db) == first
    assert economy.figures_at(db, schema, datetime(2008, 4, 30, 23, tzinfo=UTC)).values == {}
    may = economy.figures_at(db, schema, datetime(2008, 5, 1, tzinfo=UTC))
    assert (may.values["nr.employed"], may.values["emp.var.rate"]) == (5191.0, 1.1)
    assert economy.figures_at(db, schema, datetime(2008, 9, 15, tzinfo=UTC)).figures["euribor3m"].period == "2008-08"


def test_the_job_fetches_over_the_wire_when_live_and_opens_nothing_when_off(
    db: Db, schema: Schema, tmp_path: Path
) -> None:
    """The whole of it as the monitor wires it, against recorded answers."""
    with opened() as at_the_office:
        text = (ROOT / "data" / "economy.yaml").read_text()
        own = tmp_path / "economy.yaml"
        own.write_text(re.sub(r'url: "https://[^"]+"', f'url: "{at_the_office.url}"', text))
        env = {
            "MONGODB_URI": os.environ["MONGODB_URI"], "MONGODB_DATABASE": db.name,
            "MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "MLSERVER_URL": "http://127.0.0.1:9",
            "PREFECT_API_URL": "http://127.0.0.1:9/api",
            "EVIDENTLY_URL": "http://127.0.0.1:9", "CALLWISE_ECONOMY_SERIES": str(own),
        }  # fmt: skip

        def run(**more: str) -> str:
            [job] = [job for job in main.jobs(read_settings({**env, **more})) if job.name == "indicators"]
            return job.run()

        assert "nothing is fetched" in run()
        assert at_the_office.asked == []
        at_the_office.publishes("FM", "ecb-euribor.xml", GENERIC)
        at_the_office.publishes("PRC_HICP_MINR", "estat-prices.xml", SPECIFIC)
        at_the_office.publishes("EI_BSCO_M", "estat-confidence.xml", SPECIFIC)
        at_the_office.publishes("LFSQ_EGAN", "estat-employment.xml", SPECIFIC)
        assert run(CALLWISE_ECONOMY="live").startswith("16 new values; in use: ")
        assert len(at_the_office.asked) == 4
        at_the_office.publishes("FM", "ecb-euribor-revised.xml", GENERIC)
        assert run(CALLWISE_ECONOMY="live").startswith("2 new values; in use: ")
        figures = economy.figures_at(db, schema, now() + 2 * SETTLING).figures
        assert {name: (figure.period, figure.value) for name, figure in figures.items()} == {
            "euribor3m": ("2026-09", 2.0102), "cons.price.idx": ("2026-08", 102.07),
            "cons.conf.idx": ("2026-07", -16.9), "nr.employed": ("2026-Q2", 5167.9),
            "emp.var.rate": ("2026-Q2", 0.963),
        }  # fmt: skip
        assert figures["euribor3m"].source == "ECB FM/M.U2.EUR.RT.MM.EURIBOR3MD_.HSTA"
        revised = db.indicators.find_one({"_id": "euribor3m:2026-07"})
        assert revised is not None
        assert [vintage["value"] for vintage in revised["vintages"]] == [2.0277, 2.0291]
        at_the_office.publishes("FM", "ecb-euribor-percent-of-a-percent.xml", GENERIC)
        assert "is not a number from -2 to 20" in run(CALLWISE_ECONOMY="live")


def test_training_data_never_change_by_what_became_known_later(
    db: Db, schema: Schema, office: Office, look: Look, tmp_path: Path
) -> None:
    """Not by one bit: the parquet of the outcomes so far is the same before and after new values and revisions."""
    names = [column.name for column in economy.indicators(schema)]
    frame = made_up(schema, 200)
    frame["at"] = pd.Series(pd.date_range(START, periods=200, freq="1h")).dt.as_unit("ms")
    store(db, schema, frame)
    db.prospects.update_many({}, {"$unset": dict.fromkeys(f"features.{name}" for name in names)})
    look(START - DAY)
    office.flows["FM"] |= {"2026-09": 2.11}
    look(START + 3 * DAY)

    def parquet() -> bytes:
        path = tmp_path / "snapshot.parquet"
        write_outcomes(read_outcomes(db, schema), schema, path)
        return path.read_bytes()

    before, rows = parquet(), read_outcomes(db, schema)
    early = rows["at"] < START + 3 * DAY + SETTLING
    assert set(rows.loc[early, "euribor3m"]) == {2.04}
    assert set(rows.loc[~early, "euribor3m"]) == {2.11}
    assert not rows[names].isna().any().any()
    office.flows["FM"] |= {"2026-08": 9.9, "2026-09": 9.8, "2026-10": 9.7}
    office.flows["LFSQ_EGAN"] |= {"2026-Q2": 5200.0}
    look(START + 200 * HOUR)
    assert economy.figures_at(db, schema, START + 201 * HOUR).values["euribor3m"] == 9.7
    assert parquet() == before


def test_a_call_of_which_nothing_was_known_has_empty_cells(db: Db, schema: Schema, look: Look) -> None:
    frame = made_up(schema, 10)  # called in 2025, before anything here was known
    store(db, schema, frame)
    db.prospects.update_many({}, {"$unset": {"features.euribor3m": ""}})
    look(START)
    rows = read_outcomes(db, schema)
    assert rows["euribor3m"].isna().all()
    assert not rows["nr.employed"].isna().any()
