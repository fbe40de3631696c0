"""What trainings are asked of: the cases that the real Prefect and the one in memory both have to pass."""

import uuid

from monitor.flows.prefect_runs import PrefectRuns


def check_flows(flows: PrefectRuns) -> None:
    """Asked twice under one key, found again, given up; on a server whose deployment nobody works for."""
    first_key, second_key = (f"test:{uuid.uuid4()}:{n}" for n in (1, 2))
    first = flows.request_training("because it drifts", incident="drift:1", key=first_key)
    again = flows.request_training("because it drifts", incident="drift:1", key=first_key)
    assert (first.id, first.key, first.state) == (again.id, first_key, "SCHEDULED")
    assert first.under_way
    other = flows.request_training("on demand")
    assert other.id != first.id
    assert other.key is None
    second = flows.request_training("once more", key=second_key)

    assert {run.id for run in flows.with_keys([first_key, second_key])} == {first.id, second.id}
    assert flows.with_keys([f"test:{uuid.uuid4()}"]) == []
    assert {first.id, second.id, other.id} <= {run.id for run in flows.under_way()}

    flows.give_up(first.id, "its process died")
    lost = flows.find(first.id)
    assert lost is not None
    assert (lost.state, lost.name, lost.message, lost.under_way) == ("CRASHED", "Crashed", "its process died", False)
    assert first.id not in {run.id for run in flows.under_way()}
    assert flows.request_training("because it drifts", key=first_key).state == "CRASHED"
    assert flows.find(str(uuid.uuid4())) is None
    for run in (second, other):
        flows.give_up(run.id, "the test is over")


def check_kinds(shipped: PrefectRuns, other: PrefectRuns) -> None:
    """Two campaign kinds on one server: under the same key each has its own run, and neither sees the other's."""
    key = f"test:{uuid.uuid4()}"
    ours, theirs = shipped.request_training("outcomes", key=key), other.request_training("outcomes", key=key)
    assert ours.id != theirs.id
    assert (ours.key, theirs.key) == (key, key)
    for flows, own, foreign in ((shipped, ours, theirs), (other, theirs, ours)):
        assert flows.request_training("outcomes", key=key).id == own.id
        under_way = {run.id for run in flows.under_way()}
        assert own.id in under_way
        assert foreign.id not in under_way
        assert [(run.id, run.key) for run in flows.with_keys([key])] == [(own.id, key)]
    shipped.give_up(ours.id, "the test is over")
    assert theirs.id in {run.id for run in other.under_way()}
    other.give_up(theirs.id, "the test is over")
