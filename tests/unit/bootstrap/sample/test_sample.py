"""The generated sample campaign and the indicator snapshot: the files in data/ are what they say they are."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from bootstrap.sample import economy as sample_economy
from bootstrap.sample import people as sample_people
from bootstrap.sample import simulator
from core.files.campaign_file import CampaignFile
from core.schema import read_schema

DATA = Path(__file__).resolve().parents[4] / "data"
NUMERIC = ["age", "campaign", "pdays", "previous", *sample_economy.INDICATORS]
LABELS = [column for column in simulator.COLUMNS if column not in {*NUMERIC, "duration", "y"}]
MONTHS = list(simulator.MONTH_NAMES)


@pytest.fixture(scope="module")
def campaign() -> pd.DataFrame:
    return simulator.simulate()


@pytest.fixture(scope="module")
def month(campaign: pd.DataFrame) -> pd.Series[int]:
    """0 .. 23, counted from changes of the month's name: all that the file itself tells."""
    return (campaign["month"] != campaign["month"].shift()).cumsum() - 1


def scorer() -> Pipeline:
    prepare = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), LABELS), (StandardScaler(), NUMERIC))
    return make_pipeline(prepare, LogisticRegression(C=0.3, solver="liblinear"))


def auc(model: Pipeline, calls: pd.DataFrame) -> float:
    return float(roc_auc_score(calls["y"] == "yes", model.predict_proba(calls)[:, 1]))


# --- the committed file


def test_the_committed_file_is_what_the_simulator_makes(campaign: pd.DataFrame) -> None:
    with zipfile.ZipFile(simulator.DEFAULT_PATH) as archive:
        assert archive.namelist() == [simulator.MEMBER]
        assert archive.read(simulator.MEMBER) == simulator.to_csv(campaign)
    assert simulator.DEFAULT_PATH.stat().st_size < 1_000_000


def test_the_readme_gives_the_hash_of_the_file() -> None:
    with zipfile.ZipFile(simulator.DEFAULT_PATH) as archive:
        assert hashlib.sha256(archive.read(simulator.MEMBER)).hexdigest() in (DATA / "README.md").read_text("utf-8")


def test_same_seed_same_bytes_and_another_seed_other_people(campaign: pd.DataFrame) -> None:
    content = simulator.to_csv(campaign)
    assert simulator.to_zip(simulator.to_csv(simulator.simulate())) == simulator.to_zip(content)
    assert simulator.to_csv(simulator.simulate(simulator.SEED + 1)) != content


def test_write_leaves_the_right_file_alone_and_replaces_a_wrong_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "sample.zip"
    assert simulator.write(path)
    made = path.read_bytes()
    assert not simulator.write(path)
    path.write_bytes(made[:1000])
    assert simulator.write(path)
    assert path.read_bytes() == made
    assert [entry.name for entry in path.parent.iterdir()] == ["sample.zip"]


def test_the_command_says_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sample.zip"
    assert simulator.main(["--to", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: made.\n"
    assert simulator.main(["--to", str(path)]) == 0
    assert "nothing changed" in capsys.readouterr().out
    assert path.read_bytes() == simulator.to_zip(simulator.to_csv(simulator.simulate()))


def test_the_text_reads_back_as_the_same_table(campaign: pd.DataFrame) -> None:
    content = simulator.to_csv(campaign)
    assert content.startswith(b'"age";"job";"marital";"education";"default";"housing";"loan";"contact";"month";')
    assert b";5199;" in content.splitlines()[1]  # whole numbers have no point, as in the original
    pd.testing.assert_frame_equal(pd.read_csv(io.BytesIO(content), sep=";"), campaign)


def test_every_row_fits_the_campaign_schema() -> None:
    schema = read_schema(DATA / "schema.yaml")
    file = CampaignFile.open(simulator.DEFAULT_PATH)
    assert file.header == [*(column.name for column in schema.columns), schema.outcome.column]
    with file.records() as records:
        sold = []
        for record in records:
            for column in schema.columns:
                column.parse(record[column.name])  # raises ValueError where a rule is broken
            sold.append(schema.outcome.parse(record["y"]))
    assert len(sold) == sum(simulator.CALLS)
    assert set(sold) == {True, False}


# --- people and calls


def test_size_months_and_conversion(campaign: pd.DataFrame, month: pd.Series[int]) -> None:
    assert len(campaign) == sum(simulator.CALLS)
    assert 12_000 <= len(campaign) <= 16_000
    assert campaign.groupby(month)["month"].first().tolist() == (MONTHS[4:] + MONTHS[:4]) * 2
    assert campaign.groupby(month).size().tolist() == list(simulator.CALLS)
    assert 0.10 < (campaign["y"] == "yes").mean() < 0.15
    assert not campaign.isna().any().any()


def test_days_run_forward_within_a_month(campaign: pd.DataFrame, month: pd.Series[int]) -> None:
    """A month has at most six calendar weeks, so the weekday steps back at most five times."""
    weekday = campaign["day_of_week"].map({name: place for place, name in enumerate(simulator.WEEKDAYS)})
    steps_back = (weekday.diff() < 0) & (month.diff() == 0)
    assert steps_back.groupby(month).sum().max() <= 5


@pytest.mark.parametrize(
    ("column", "label", "published"),
    [
        ("job", "admin.", 0.253),
        ("job", "blue-collar", 0.225),
        ("job", "student", 0.021),
        ("marital", "married", 0.605),
        ("marital", "single", 0.281),
        ("education", "university.degree", 0.295),
        ("default", "unknown", 0.209),
        ("housing", "yes", 0.524),
        ("loan", "yes", 0.152),
        ("loan", "unknown", 0.024),
        ("contact", "cellular", 0.635),
        ("day_of_week", "thu", 0.209),
        ("campaign", 1, 0.428),
        ("poutcome", "nonexistent", 0.863),
        ("poutcome", "success", 0.033),
    ],
)
def test_marginals_are_near_the_published_ones(
    campaign: pd.DataFrame, column: str, label: str | int, published: float
) -> None:
    assert (campaign[column] == label).mean() == pytest.approx(published, abs=0.012, rel=0.12)


def test_ages_go_with_jobs_and_marital_status(campaign: pd.DataFrame) -> None:
    age = campaign.groupby("job")["age"].mean()
    assert age["student"] < 28 < age["services"] < 45 < 58 < age["retired"]
    status = campaign.groupby("marital")["age"].mean()
    assert status["single"] + 5 < status["married"] < status["divorced"]
    assert campaign["age"].between(17, 98).all()


def test_history_is_consistent(campaign: pd.DataFrame) -> None:
    never = campaign["previous"] == 0
    assert (never == (campaign["poutcome"] == "nonexistent")).all()
    assert (never == (campaign["pdays"] == sample_people.NEVER)).all()
    assert campaign.loc[~never, "pdays"].between(0, 27).all()
    assert campaign["campaign"].between(1, 43).all()
    unknown = campaign["housing"] == "unknown"
    assert (unknown == (campaign["loan"] == "unknown")).all()


def test_duration_gives_the_outcome_away(campaign: pd.DataFrame) -> None:
    sold = campaign["y"] == "yes"
    assert roc_auc_score(sold, campaign["duration"]) > 0.75
    assert campaign.loc[sold, "duration"].median() > 2 * campaign.loc[~sold, "duration"].median()
    assert campaign.loc[sold, "duration"].min() > 0


# --- the economy


def test_indicators_change_in_their_own_rhythm(campaign: pd.DataFrame, month: pd.Series[int]) -> None:
    for series in ("cons.price.idx", "cons.conf.idx", "emp.var.rate", "nr.employed"):
        assert (campaign.groupby(month)[series].nunique() == 1).all(), series
    quarter = (month + 2) // 3
    for series in ("emp.var.rate", "nr.employed"):
        assert (campaign.groupby(quarter)[series].nunique() == 1).all(), series
    assert (campaign.groupby(month)["euribor3m"].nunique() > 5).all()


def test_the_economy_turns_down_and_recovers(campaign: pd.DataFrame, month: pd.Series[int]) -> None:
    by_month = campaign.groupby(month)[list(sample_economy.INDICATORS)].mean()
    lowest: dict[str, int] = {}
    for series, fall in {"emp.var.rate": 3.0, "cons.conf.idx": 10.0, "euribor3m": 3.0, "nr.employed": 150.0}.items():
        path = by_month[series].to_numpy(dtype=float)
        lowest[series] = int(path.argmin())
        assert 8 <= lowest[series] <= 21, series
        assert path[:6].mean() - path.min() > fall, series
        assert path[-1] > path.min(), series
    assert lowest["cons.conf.idx"] < lowest["euribor3m"] < lowest["nr.employed"]


def test_the_rate_of_employment_is_that_of_the_number_employed() -> None:
    months = sample_economy.simulate(np.random.default_rng(3)).drop_duplicates("index")
    people = months["nr.employed"].to_numpy(dtype=float)
    rate = months["emp.var.rate"].to_numpy(dtype=float)
    assert rate[12:] == pytest.approx(100 * (people[12:] / people[:-12] - 1), abs=0.06)


# --- drift


def test_inputs_drift(campaign: pd.DataFrame, month: pd.Series[int]) -> None:
    first, last = campaign[month < 8], campaign[month >= 16]
    assert (first["contact"] == "telephone").mean() > (last["contact"] == "telephone").mean() + 0.25
    assert (last["previous"] > 0).mean() > (first["previous"] > 0).mean() + 0.2
    assert (last["job"] == "student").mean() > 2 * (first["job"] == "student").mean()
    assert (first["job"] == "blue-collar").mean() > (last["job"] == "blue-collar").mean() + 0.08
    assert first["campaign"].mean() > last["campaign"].mean()


@pytest.mark.parametrize(
    ("column", "label"), [("education", "university.degree"), ("housing", "yes"), ("job", "management")]
)
def test_who_buys_changes(campaign: pd.DataFrame, month: pd.Series[int], column: str, label: str) -> None:
    """The same group buys more than the others while rates are high, and less when they have fallen."""

    def advantage(calls: pd.DataFrame) -> float:
        rate = (calls["y"] == "yes").groupby(calls[column] == label).mean()
        return float(rate[True] - rate[False])

    assert advantage(campaign[month < 7]) > 0.003
    assert advantage(campaign[month >= 11]) < -0.015


@pytest.mark.parametrize("period", [(0, 8), (11, 24)], ids=["high rates", "low rates"])
def test_outcomes_can_be_learnt_but_not_trivially(
    campaign: pd.DataFrame, month: pd.Series[int], period: tuple[int, int]
) -> None:
    calls = campaign[(month >= period[0]) & (month < period[1])]
    folds = StratifiedKFold(4, shuffle=True, random_state=0)
    scores = cross_val_predict(scorer(), calls, calls["y"] == "yes", cv=folds, method="predict_proba")[:, 1]
    assert 0.70 < roc_auc_score(calls["y"] == "yes", scores) < 0.90


def test_a_frozen_model_falls_behind_a_refitted_one(campaign: pd.DataFrame, month: pd.Series[int]) -> None:
    """Frozen on the first 8 months; the other one is fitted each month on the 6 before it."""
    frozen = scorer().fit(campaign[month < 8], campaign["y"][month < 8])
    at_first, kept, refitted = auc(frozen, campaign[month < 8]), [], []
    for now in range(12, 24):
        calls, before = campaign[month == now], campaign[(month >= now - 6) & (month < now)]
        kept.append(auc(frozen, calls))
        refitted.append(auc(scorer().fit(before, before["y"]), calls))
    assert np.mean(kept) < at_first - 0.10
    assert np.mean(kept) < np.mean(refitted) - 0.08
    assert np.mean(refitted) > 0.70


# --- the indicator snapshot


@pytest.fixture
def snapshot() -> pd.DataFrame:
    return pd.read_csv(DATA / "indicators.csv")


def test_snapshot_has_one_value_a_series_and_month(snapshot: pd.DataFrame) -> None:
    assert list(snapshot.columns) == ["series", "period", "value", "unit", "source"]
    assert set(snapshot["series"]) == set(sample_economy.INDICATORS)
    assert not snapshot.duplicated(["series", "period"]).any()
    assert not snapshot.isna().any().any()
    assert snapshot["period"].str.fullmatch(r"20\d\d-(0[1-9]|1[0-2])").all()
    assert (snapshot.groupby("series")["unit"].nunique() == 1).all()
    expected = {str(period) for period in pd.period_range("2008-05", "2010-11", freq="M")}
    expected -= {"2008-09", "2009-01", "2009-02", "2010-01", "2010-02"}  # nobody was called
    for series, part in snapshot.groupby("series"):
        assert set(part["period"]) == expected, series


def test_snapshot_is_what_the_published_file_says(snapshot: pd.DataFrame) -> None:
    """The file is in order of time and names months only: a month before the one above it begins a new year."""
    path = os.environ.get("BANK_MARKETING_ZIP")
    if not path:
        pytest.skip("BANK_MARKETING_ZIP does not name the UCI file (scripts/get-data downloads it)")
    with zipfile.ZipFile(path) as archive:
        [member] = [name for name in archive.namelist() if name.endswith("/bank-additional-full.csv")]
        calls = pd.read_csv(io.BytesIO(archive.read(member)), sep=";")
    number = calls["month"].map({name: place for place, name in enumerate(MONTHS, start=1)})
    year = 2008 + (number.diff() < 0).cumsum()
    period = year.astype(str) + "-" + number.astype(str).str.zfill(2)
    published = calls.groupby(period)[list(sample_economy.INDICATORS)].mean().stack().rename_axis(["period", "series"])
    kept = snapshot.set_index(["period", "series"])["value"]
    assert len(kept) == len(published)
    difference = (kept - published).to_numpy(dtype=float)
    assert not np.isnan(difference).any()
    assert np.abs(difference).max() < 0.00051
