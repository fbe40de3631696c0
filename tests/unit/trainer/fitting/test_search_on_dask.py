"""The search on a cluster of real processes finds what it finds here, also when the cluster is lost."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from core.schema import Schema
from tests.dask_cluster import DaskCluster, dask_cluster
from tests.made_up_outcomes import made_up
from tests.scoring.processes import free_ports
from trainer.fitting import on_dask
from trainer.fitting.candidates import Candidate
from trainer.fitting.fold_fits import Fits, here
from trainer.fitting.search import SearchTrial, search

TRIALS = 6
Found = tuple[Candidate, list[SearchTrial]]


@pytest.fixture(scope="module")
def frame(schema: Schema) -> pd.DataFrame:
    return made_up(schema, 1_500)


@pytest.fixture(scope="module")
def alone(frame: pd.DataFrame, schema: Schema) -> Found:
    return found(frame, schema, here)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with dask_cluster(tmp_path_factory.mktemp("dask"), workers=2) as running:
        yield running


def found(frame: pd.DataFrame, schema: Schema, fits: Fits, kill: DaskCluster | None = None) -> Found:
    """The winner, and every trial without the time it took. `kill`: the worker of this cluster dies after the first."""
    tried: list[SearchTrial] = []

    def note(trial: SearchTrial) -> None:
        tried.append(replace(trial, seconds=0))
        if kill and len(tried) == 1:
            kill.kill(0)

    return search(frame, schema, trials=TRIALS, seconds=600, seed=5, on_trial=note, fits=fits), tried


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.message for one in caplog.records if one.name == on_dask.log.name]


def test_without_an_address_fits_are_done_here() -> None:
    assert on_dask.fits("") is here


def test_every_trial_and_the_winner_are_the_same(
    frame: pd.DataFrame, schema: Schema, alone: Found, cluster: DaskCluster, caplog: pytest.LogCaptureFixture
) -> None:
    assert found(frame, schema, on_dask.fits(cluster.address)) == alone
    assert len(alone[1]) == TRIALS
    assert warnings(caplog) == []


def test_a_worker_that_dies_is_replaced_by_the_others(
    frame: pd.DataFrame, schema: Schema, alone: Found, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with dask_cluster(tmp_path, workers=2) as running:
        assert found(frame, schema, on_dask.fits(running.address), kill=running) == alone
    assert warnings(caplog) == []


def test_a_cluster_that_loses_all_its_workers_costs_no_training(
    frame: pd.DataFrame,
    schema: Schema,
    alone: Found,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(on_dask, "WORKERLESS_SECONDS", 0.5)
    with caplog.at_level(logging.WARNING), dask_cluster(tmp_path, workers=1) as running:
        assert found(frame, schema, on_dask.fits(running.address), kill=running) == alone
    assert [one for one in warnings(caplog) if "the search goes on here" in one and "no worker" in one]


def test_an_address_that_does_not_answer_costs_no_training(
    frame: pd.DataFrame,
    schema: Schema,
    alone: Found,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(on_dask, "CONNECT_SECONDS", 1.0)
    address = f"tcp://127.0.0.1:{free_ports(1)[0]}"
    with caplog.at_level(logging.WARNING):
        assert found(frame, schema, on_dask.fits(address)) == alone
    assert [one for one in warnings(caplog) if address in one and "cannot be used" in one]


def test_workers_with_other_code_fit_nothing(
    frame: pd.DataFrame,
    schema: Schema,
    alone: Found,
    cluster: DaskCluster,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(on_dask, "fingerprint", lambda *_folders: "of another release")
    with caplog.at_level(logging.WARNING):
        assert found(frame, schema, on_dask.fits(cluster.address)) == alone
    assert [one for one in warnings(caplog) if "another version" in one]
