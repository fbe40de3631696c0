"""A file scored on a cluster of real processes has the same result as here, also when processes die."""

from __future__ import annotations

import csv
import io
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from app.file_scores import lines as lines_module
from app.file_scores import on_dask
from app.file_scores.lines import Scorer, Spread, here
from app.file_scores.lineup import FrozenLineup, Speaker
from app.file_scores.result_file import opened
from app.file_scores.score_file import Tally, score_file
from bootstrap.setup.kinds import bundled_indicators
from core.clock import now
from core.errors import InputError, SettingsError, Unavailable
from core.files.campaign_file import CampaignFile
from core.imports.kept_out import keep_out
from core.models.compiled.compilation import compiled
from core.schema import Schema
from core.schema.person import Person, Pseudonyms
from core.settings.group import ROOT
from core.stores import dask_cluster as dask_cluster_module
from core.stores.mongo import Db
from tests.dask_cluster import DaskCluster, dask_cluster
from tests.made_up_outcomes import made_up
from trainer.data import split
from trainer.data.snapshot import OUTCOME
from trainer.fitting import calibrate
from trainer.fitting.candidates import FIRST, Candidate

pytestmark = pytest.mark.mongo
KEY, ROWS = "k" * 32, 400


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with dask_cluster(tmp_path_factory.mktemp("dask"), workers=2) as running:
        yield running


@pytest.fixture(scope="module")
def lineup(schema: Schema) -> FrozenLineup:
    """A champion in its compiled form, and a refresh that only its pipeline can score."""
    windows = split.by_time(made_up(schema, 1_500), OUTCOME, calibration_share=0.15, test_share=0.1)
    first, second = ({**one} for one in FIRST)
    champion, refresh = (
        calibrate.fit(Candidate(one.pop("kind"), one), windows, schema, seed=7)[0] for one in (first, second)
    )
    return FrozenLineup(schema, Speaker("3", 0.25, compiled(champion)), Speaker("4", -0.1, refresh), 0.8)


@pytest.fixture
def file(person: dict[str, Any], tmp_path: Path) -> CampaignFile:
    """Rows without an indicator; some break rules, and the last batch is not full."""
    people = [
        {"customer": f"C-{n}", **person, "age": "young" if n % 50 == 7 else str(20 + n % 60)} for n in range(ROWS)
    ]
    frame = pd.DataFrame(people).drop(columns="euribor3m")
    frame.loc[11, "job"] = "wizard"
    frame.to_csv(tmp_path / "people.csv", sep=";", index=False)
    return CampaignFile.open(tmp_path / "people.csv")


def result(
    db: Db, schema: Schema, scorer: Scorer, file: CampaignFile, spread: Spread, form: str = "csv", **more: Any
) -> tuple[bytes, Tally]:
    out = io.BytesIO()
    with opened(out, form) as write:
        tally = score_file(db, schema, scorer, file, write, spread=spread, erasure_key=KEY, clock=lambda: AT, **more)
    return out.getvalue(), tally


AT = now()


@pytest.fixture
def ours(db: Db, schema: Schema, monkeypatch: pytest.MonkeyPatch) -> Schema:
    """The schema with a reference, on a store that knows the economy and an erased person."""
    bundled_indicators(db, ROOT / "data" / "indicators.csv", schema)
    keep_out(db, Pseudonyms(KEY).pseudonym(Person("C-3")), receipt="a-1", at=now())
    monkeypatch.setattr(lines_module, "BATCH", 9)
    return schema.model_copy(update={"reference": "customer"})


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_result_is_the_same_byte_for_byte(
    db: Db, ours: Schema, lineup: FrozenLineup, file: CampaignFile, cluster: DaskCluster, form: str
) -> None:
    with on_dask.cluster(cluster.address) as spread:
        there = result(db, ours, lineup, file, spread, form)
    assert there == result(db, ours, lineup, file, here, form)
    assert there[1] == Tally(scored=ROWS - 8 - 1 - 1, rejected=9, kept_out=1)


def test_a_file_that_lacks_what_nobody_knows_is_refused_as_here(
    db: Db, ours: Schema, lineup: FrozenLineup, file: CampaignFile, cluster: DaskCluster
) -> None:
    db.indicators.delete_many({})
    said = []
    with on_dask.cluster(cluster.address) as spread:
        for where in (spread, here):
            with pytest.raises(InputError) as refused:
                result(db, ours, lineup, file, where)
            said.append((str(refused.value), refused.value.column))
    assert said[0] == said[1]
    assert said[0][1] == "euribor3m"


def test_a_worker_that_dies_in_the_middle_costs_no_row_and_doubles_none(
    db: Db, ours: Schema, lineup: FrozenLineup, file: CampaignFile, tmp_path: Path
) -> None:
    killed: list[int] = []
    with dask_cluster(tmp_path, workers=2) as cluster, on_dask.cluster(cluster.address) as spread:

        def kill(tally: Tally) -> None:
            if not killed:
                killed.append(tally.scored)
                cluster.kill(0)

        there = result(db, ours, lineup, file, spread, progress=kill)
    assert there == result(db, ours, lineup, file, here)
    assert 0 < killed[0] < there[1].scored
    rows = [line["row"] for line in csv.DictReader(io.StringIO(there[0].decode()))]
    assert rows == [str(n) for n in range(1, ROWS + 1) if n != 4]


def test_a_cluster_without_workers_is_given_up_and_says_so(
    db: Db, ours: Schema, lineup: FrozenLineup, file: CampaignFile, tmp_path: Path
) -> None:
    with (
        dask_cluster(tmp_path, workers=0) as cluster,
        on_dask.cluster(cluster.address, workerless_seconds=0.5) as spread,
        pytest.raises(Unavailable, match=r"has had no worker for 0\.5 s\. Nothing was written"),
    ):
        result(db, ours, lineup, file, spread)


def test_an_address_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{bound.getsockname()[1]}"
    monkeypatch.setattr(dask_cluster_module, "CONNECT_SECONDS", 1.0)
    with pytest.raises(Unavailable, match=f"No Dask scheduler answers at {address}"), on_dask.cluster(address):
        pass


def test_workers_with_other_code_do_not_score(
    db: Db,
    ours: Schema,
    lineup: FrozenLineup,
    file: CampaignFile,
    cluster: DaskCluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(on_dask, "fingerprint", lambda *_folders: "of another release")
    with (
        on_dask.cluster(cluster.address) as spread,
        pytest.raises(SettingsError, match="another version of Callwise"),
    ):
        result(db, ours, lineup, file, spread)
