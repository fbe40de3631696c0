"""Flow runs: what the client makes of Prefect's answers. The same cases run on a real server in tests/e2e."""

import time
from datetime import timedelta

import pytest

from bootstrap.setup import orchestration
from core.errors import NotFound, Unavailable
from monitor.flows import erasures, prefect_runs
from tests.fake_prefect import FakePrefect
from tests.prefect_cases import check_flows, check_kinds


def test_the_deployment_is_the_one_that_set_up_makes() -> None:
    assert (prefect_runs.FLOW, prefect_runs.DEPLOYMENT) == (orchestration.FLOW, orchestration.DEPLOYMENT)
    assert erasures.FLOW == orchestration.ERASURE_FLOW


def test_it_does_what_flows_do() -> None:
    check_flows(FakePrefect().client())


def test_each_kind_has_its_own_trainings() -> None:
    prefect = FakePrefect()
    check_kinds(prefect.client(), prefect.client("car-loans"))
    assert [(run["parameters"].get("kind"), run.get("tags")) for run in prefect.runs.values()] == [
        (None, None),
        ("car-loans", ["kind:car-loans"]),
    ]


def test_without_a_deployment_the_set_up_is_named() -> None:
    with pytest.raises(NotFound, match="set-up"):
        FakePrefect(deployed=False).client().request_training("why")


def test_a_server_that_is_away_is_unavailable() -> None:
    away = FakePrefect(refuse=lambda method, path: True).client()
    with pytest.raises(Unavailable, match="did not answer POST /flow_runs/filter"):
        away.under_way()


def test_a_server_that_is_busy_for_a_moment_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    prefect = FakePrefect(busy=2)
    assert prefect.client().request_training("why").state == "SCHEDULED"
    assert (len(prefect.runs), pauses) == (1, list(prefect_runs.PAUSES[:2]))
    prefect.busy = 100
    with pytest.raises(Unavailable, match="answered 503 to POST /flow_runs/filter"):
        prefect.client().under_way()
    assert prefect.busy == 100 - len(prefect_runs.PAUSES) - 1


def test_a_training_that_never_ended_is_given_up_and_later_one_that_never_started() -> None:
    prefect = FakePrefect()
    flows = prefect.client()
    silent, waiting = flows.request_training("one", key="a"), flows.request_training("two", key="b")
    prefect.ends(silent.id, "RUNNING")
    limit = timedelta(hours=6)
    assert len(prefect_runs.give_up_silent(flows, prefect.now + limit, limit)) == 2
    late = prefect.now + limit + timedelta(seconds=1)
    assert [run.id for run in prefect_runs.give_up_silent(flows, late, limit)] == [waiting.id]
    lost = flows.find(silent.id)
    assert lost is not None
    assert (lost.state, lost.message) == ("CRASHED", "It did not end within 6 hours.")
    assert prefect_runs.give_up_silent(flows, prefect.now + 2 * limit + timedelta(seconds=1), limit) == []
    never = flows.find(waiting.id)
    assert never is not None
    assert (never.state, never.message) == ("CRASHED", "It did not start within 12 hours.")


def test_a_training_that_a_person_put_off_is_not_given_up_before_its_time() -> None:
    prefect = FakePrefect()
    flows, limit = prefect.client(), timedelta(hours=6)
    later = flows.request_training("on Sunday", key="a")
    prefect.runs[later.id]["next_scheduled_start_time"] = (prefect.now + timedelta(days=5)).isoformat()
    assert len(prefect_runs.give_up_silent(flows, prefect.now + timedelta(days=5, hours=12), limit)) == 1
    assert prefect_runs.give_up_silent(flows, prefect.now + timedelta(days=5, hours=13), limit) == []
