"""What trainings are asked of: the cases that the real Prefect and the one in memory both have to pass."""

import uuid

from monitor.flows.prefect_runs import Flows


def check_flows(flows: Flows) -> None:
    """Asked twice under one key, found again, given up; on a server whose deployment nobody works for."""
    first_key, second_key = (f"test:{uuid.uuid4()}:{n}" for n in (1, 2))
    first = flows.ask("because it drifts", incident="drift:1", key=first_key)
    again = flows.ask("because it drifts", incident="drift:1", key=first_key)
    assert (first.id, first.key, first.state) == (again.id, first_key, "SCHEDULED")
    assert first.under_way
    other = flows.ask("on demand")
    assert other.id != first.id
    assert other.key is None
    second = flows.ask("once more", key=second_key)

    assert {run.id for run in flows.asked([first_key, second_key])} == {first.id, second.id}
    assert flows.asked([f"test:{uuid.uuid4()}"]) == []
    assert {first.id, second.id, other.id} <= {run.id for run in flows.under_way()}

    flows.give_up(first.id, "its process died")
    lost = flows.find(first.id)
    assert lost is not None
    assert (lost.state, lost.name, lost.message, lost.under_way) == ("CRASHED", "Crashed", "its process died", False)
    assert first.id not in {run.id for run in flows.under_way()}
    assert flows.ask("because it drifts", key=first_key).state == "CRASHED"
    assert flows.find(str(uuid.uuid4())) is None
    for run in (second, other):
        flows.give_up(run.id, "the test is over")
