"""Flow runs: what the client makes of Prefect's answers. The same cases run on a real server in tests/e2e."""

from datetime import timedelta

import pytest

from bootstrap.setup import orchestration
from core.errors import NotFound, Unavailable
from monitor.flows import erasures, prefect_runs
from tests.fake_prefect import FakePrefect
from tests.prefect_cases import check_flows


def test_the_deployment_is_the_one_that_set_up_makes() -> None:
    assert (prefect_runs.FLOW, prefect_runs.DEPLOYMENT) == (orchestration.FLOW, orchestration.DEPLOYMENT)
    assert erasures.FLOW == orchestration.ERASURE_FLOW


def test_it_does_what_flows_do() -> None:
    check_flows(FakePrefect().client())


def test_without_a_deployment_the_set_up_is_named() -> None:
    with pytest.raises(NotFound, match="set-up"):
        FakePrefect(deployed=False).client().ask("why")


def test_a_server_that_is_away_is_unavailable() -> None:
    away = FakePrefect(refuse=lambda method, path: True).client()
    with pytest.raises(Unavailable, match="did not answer POST /flow_runs/filter"):
        away.under_way()


def test_a_training_that_never_ended_is_given_up_and_one_that_waits_is_not() -> None:
    prefect = FakePrefect()
    flows = prefect.client()
    silent, waiting = flows.ask("one", key="a"), flows.ask("two", key="b")
    prefect.ends(silent.id, "RUNNING")
    limit = timedelta(hours=6)
    assert len(prefect_runs.give_up_silent(flows, prefect.now + limit, limit)) == 2
    late = prefect.now + limit + timedelta(seconds=1)
    assert [run.id for run in prefect_runs.give_up_silent(flows, late, limit)] == [waiting.id]
    lost = flows.find(silent.id)
    assert lost is not None
    assert (lost.state, lost.message) == ("CRASHED", "It did not end within 6 hours.")
