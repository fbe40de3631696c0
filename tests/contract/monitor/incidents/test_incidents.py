"""Incidents on a real store, from the report that opens one to the report that closes it; Prefect is in memory."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import Conflict, NotFound, Unavailable
from core.models import upkeep
from core.models.gates import Gate
from core.models.succession import Succession
from core.oversight.incidents import acknowledge
from core.sentences import Sentence, said_in
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document
from monitor.flows import retrain
from monitor.flows.triggers import RetrainLimits, Triggers
from monitor.incidents import store as incident_store
from monitor.incidents.facts import Finding, IncidentRules
from monitor.incidents.follow_up import FollowUp
from monitor.incidents.store import write_step
from monitor.jobs import cause_states
from tests.drift_reports import drift_verdict
from tests.fake_prefect import FakePrefect

pytestmark = pytest.mark.mongo

MODEL = "prospect-scorer"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Aliases:
    """Aliases in memory."""

    def __init__(self) -> None:
        self.named: dict[str, str] = {}

    def aliases(self) -> dict[str, str]:
        return dict(self.named)

    def point(self, alias: str, version: str) -> None:
        self.named[alias] = version

    def unpoint(self, alias: str) -> None:
        self.named.pop(alias, None)


class House:
    """An appliance whose champion is version 1, with a clock moved by hand."""

    def __init__(self, db: Db) -> None:
        self.db, self.prefect, self.at, self.reports = db, FakePrefect(), START, 0
        self.models = Succession(db, MODEL, Aliases(), by="trainer", clock=self.clock)
        self.models.promote("1", why="the first")

    def clock(self) -> datetime:
        return self.at

    def follow(self, looks: int = 1) -> str:
        said = ""
        for _ in range(looks):
            self.at += timedelta(seconds=5)
            self.prefect.now = self.at
            rules = IncidentRules(attempts=3, fresh_outcomes=2)
            said = FollowUp(self.db, self.prefect.client(), MODEL, rules, clock=self.clock).run()
        return said

    def trigger(self, **limits: Any) -> str:
        self.at += timedelta(seconds=5)
        self.prefect.now = self.at
        return Triggers(self.db, self.prefect.client(), MODEL, RetrainLimits(**limits), clock=self.clock).run()

    def drift(self, bad: bool, version: str) -> str:
        self.reports += 1
        report = f"drift:{version}:r{self.reports}"
        verdict = drift_verdict(version, {"age": 0.2 if bad else 0.05, "job": 0.02})
        self.db.reports.insert_one({"_id": report, "kind": "drift", "verdict": verdict, "made": {"at": self.at}})
        cause_states.record_state(self.db, "drift", "drifting" if bad else "well", report, "because")
        return report

    def outcomes(self, number: int) -> None:
        there = len(list(self.db.outcomes.find()))
        self.db.outcomes.insert_many([{"_id": f"p{n}:1", "at": self.at} for n in range(there, there + number)])

    def trained(
        self, result: str, why: str = "why", gate: str | None = None, run: str | None = None, refresh: bool = False
    ) -> None:
        """The training that was asked for last ends, and tells so as the flow does."""
        asked = run or list(self.prefect.runs)[-1]
        incident = self.prefect.runs[asked]["parameters"]["incident"]
        known = len(list(self.db.outcomes.find()))
        if gate:
            details = {"gate": gate, "incident": incident}
            event_log.append(self.db, who="trainer", what=Event.TRAINING_REFUSED, subject="set", why=why, **details)
        how = {"result": result, "gate": gate, "incident": incident, "outcomes": known, "refresh": refresh}
        event_log.append(
            self.db, who="trainer", what=Event.TRAINING_ENDED, subject=asked, why=why, clock=self.clock, **how
        )
        self.prefect.ends(asked, "FAILED" if gate else "COMPLETED", "Refused" if gate else result.capitalize())

    def incident(self) -> Document:
        (found,) = self.db.incidents.find()
        return dict(found)

    def life(self) -> list[str]:
        return [entry["status"] for entry in self.incident()["history"]]


@pytest.fixture
def house(db: Db) -> House:
    return House(db)


def test_from_drift_to_a_new_champion_that_is_well(house: House) -> None:
    report = house.drift(True, "1")
    house.follow(3)
    (run,) = house.prefect.runs.values()
    assert run["idempotency_key"] == f"drift:{report}:1"
    assert run["parameters"]["incident"] == f"drift:{report}"
    assert "1 of 2 columns moved: age" in run["parameters"]["reason"]
    house.models.start_trial("2", why="passed", incident=f"drift:{report}")
    house.trained("on trial")
    assert house.follow(2) == "drift: canary"
    house.models.promote("2", why="better by 0.01")
    assert house.follow(2) == "drift: canary"  # not judged yet
    closing = house.drift(False, "2")
    assert house.follow(2) == "no incident"

    incident = house.incident()
    assert house.life() == ["open", "retraining", "canary", "resolved"]
    assert (incident["status"], incident["attempts"], incident["run"]) == ("resolved", 1, run["id"])
    assert incident["opened"]["report"] == report
    assert incident["history"][-1]["evidence"] == {"report": closing, "version": "2"}
    for entry in incident["history"]:
        assert isinstance(entry["at"], datetime)
        assert isinstance(said_in(entry), Sentence), "a screen shows it in its reader's language"
    assert isinstance(incident["opened"]["at"], datetime)
    assert isinstance(incident["last"]["at"], datetime)
    told = [event["what"] for event in house.db.events.find({"who": "monitor"})]
    assert [what for what in told if what.startswith("incident")] == [
        "incident open", "incident retraining", "incident canary", "incident resolved",
    ]  # fmt: skip
    assert event_log.first_broken(house.db) is None


def refreshed(house: House) -> str:
    """An incident whose training made a refresh, version 2."""
    report = house.drift(True, "1")
    house.follow(3)
    upkeep.hand_in(house.models, "2", why="passed", incident=f"drift:{report}")
    house.trained("refreshed")
    assert house.follow(2) == "drift: canary"
    assert "has a say in the next lists beside the champion" in house.incident()["history"][-1]["why"]
    upkeep.mix(house.models, "1", "2", 0.8, why="the next list")
    assert house.follow(2) == "drift: canary"
    return report


def test_a_refresh_that_becomes_champion_and_is_well_closes_its_incident(house: House) -> None:
    refreshed(house)
    upkeep.hand_in(house.models, "3", why="newer outcomes")
    upkeep.mix(house.models, "1", "3", 0.8, why="the next list")
    assert house.follow(2) == "drift: canary"  # a newer refresh has its place in the same comparison
    upkeep.renew(house.models, "1", "3", why="more than half of the say")
    house.drift(False, "3")
    assert house.follow(2) == "no incident"
    assert house.life() == ["open", "retraining", "canary", "resolved"]


def test_a_cause_that_is_well_while_the_refresh_is_mixed_in_closes_its_incident(house: House) -> None:
    refreshed(house)
    house.drift(False, "1")
    assert house.follow(2) == "no incident"
    assert "it is well while version 2, a refresh, is mixed with the champion" in house.incident()["history"][-1]["why"]


def test_a_refresh_that_still_waits_when_an_earlier_one_wins_is_of_the_next_comparison(house: House) -> None:
    upkeep.hand_in(house.models, "2", why="newer outcomes")
    upkeep.mix(house.models, "1", "2", 0.8, why="the next list")
    report = house.drift(True, "1")
    house.follow(3)
    upkeep.hand_in(house.models, "3", why="passed", incident=f"drift:{report}")
    house.trained("refreshed")
    house.follow(2)
    upkeep.renew(house.models, "1", "2", why="more than half of the say")
    house.drift(True, "2")
    assert house.follow(2) == "drift: canary", "version 3 has had no say yet"


def test_a_refresh_that_is_left_out_or_rolled_back_is_followed_by_another_training(house: House) -> None:
    refreshed(house)
    upkeep.leave_out(house.models, "1", "2", why="shown to be worse")
    house.outcomes(2)
    assert house.follow(2) == "drift: retraining"
    assert "has no say any more: shown to be worse" in house.incident()["history"][-1]["why"]
    assert len(house.prefect.runs) == 2


def test_a_canary_that_becomes_a_refresh_is_followed_as_one(house: House) -> None:
    report = house.drift(True, "1")
    house.follow(3)
    house.models.start_trial("2", why="passed", incident=f"drift:{report}")
    house.trained("on trial")
    assert house.follow(2) == "drift: canary"
    upkeep.take_canary(house.models, "2", "1", why="no difference", incident=f"drift:{report}")
    assert house.follow(2) == "drift: canary"
    upkeep.mix(house.models, "1", "2", 0.8, why="the next list")
    upkeep.renew(house.models, "1", "2", why="more than half of the say")
    house.drift(False, "2")
    assert house.follow(2) == "no incident"
    assert house.life() == ["open", "retraining", "canary", "resolved"]


def test_a_refresh_that_was_champion_and_was_rolled_back_has_ended(house: House) -> None:
    refreshed(house)
    upkeep.renew(house.models, "1", "2", why="more than half of the say")
    house.models.roll_back("2", why="agents complain")
    house.outcomes(2)
    assert house.follow(2) == "drift: retraining"
    assert "was rolled back: agents complain" in house.incident()["history"][-1]["why"]


def test_a_broken_source_is_escalated_with_the_reason_of_the_gate_and_closed_when_it_is_well(house: House) -> None:
    house.drift(True, "1")
    house.follow()
    why = "column 'euribor3m' breaks the rule 0 to 6"
    house.trained("refused", why, gate=Gate.DATA)
    assert house.follow(3) == "drift: escalated"
    assert why in house.incident()["history"][-1]["why"]
    assert len(house.prefect.runs) == 1
    house.drift(False, "1")
    assert house.follow() == "no incident"


def test_drift_before_its_outcomes_is_trained_on_again_once_they_are_in(house: House) -> None:
    house.drift(True, "1")
    house.follow()
    house.trained("unchanged", "made from these outcomes")
    assert house.follow(5) == "drift: open"
    assert len(house.prefect.runs) == 1
    house.outcomes(2)
    assert house.follow() == "drift: retraining"
    assert len(house.prefect.runs) == 2
    house.trained("refused", "not better", gate=Gate.CHAMPION)
    assert house.follow(3) == "drift: open"  # the first refusal: that nothing was new was none
    house.outcomes(2)
    assert house.follow() == "drift: retraining"
    house.trained("refused", "not better", gate=Gate.CHAMPION)
    assert house.follow(3) == "drift: escalated"
    assert len(house.prefect.runs) == 3


def test_a_crashed_training_is_asked_for_again_and_then_a_person(house: House) -> None:
    house.drift(True, "1")
    for _ in range(3):
        house.follow()
        house.prefect.ends(list(house.prefect.runs)[-1], "CRASHED", message="out of memory")
    assert house.follow() == "drift: escalated"
    assert len(house.prefect.runs) == 3
    assert "out of memory" in house.incident()["history"][-1]["why"]
    assert [entry["tell"] for entry in house.incident()["history"]] == [True, True, False, False, True]


def test_one_cause_has_one_incident_and_another_cause_waits_its_turn(house: House) -> None:
    house.drift(True, "1")
    house.follow()
    house.drift(True, "1")
    verdict = {"version": "1", "degraded": True, "broken": ["AUC 0.5 is below 0.6"], "quality": {"size": 500}}
    house.db.reports.insert_one(
        {"_id": "performance:1:o1", "kind": "performance", "verdict": verdict, "made": {"at": house.at}}
    )
    assert house.follow(3) == "drift: retraining, quality: open"
    assert len(house.prefect.runs) == 1


def test_a_source_out_of_date_is_open_until_it_is_not_and_may_be_so_twice(house: House) -> None:
    for state in ("stale", "well", "stale"):
        cause_states.record_state(
            house.db, "economy:euribor3m", state, "euribor3m:2026-02", "the last value is 40 days old"
        )
        said = house.follow(2)
    assert said == "economy:euribor3m: open"
    assert [(found["_id"], found["status"]) for found in house.db.incidents.find().sort([("_id", 1)])] == [
        ("economy:euribor3m:euribor3m:2026-02", "resolved"),
        ("economy:euribor3m:euribor3m:2026-02:2", "open"),
    ]
    assert house.prefect.runs == {}


def test_a_source_that_stays_out_of_date_calls_for_a_person_once(house: House) -> None:
    cause_states.record_state(
        house.db, "economy:euribor3m", "stale", "euribor3m:2026-02", "the last value is 40 days old"
    )
    assert house.follow() == "economy:euribor3m: open"
    house.at += timedelta(days=14)
    assert house.follow(3) == "economy:euribor3m: escalated"
    assert house.life() == ["open", "escalated"]
    last = house.incident()["history"][-1]
    assert last["tell"]
    assert last["why"] == "it has lasted for 14 days, since 2026-03-02 09:00 UTC: the last value is 40 days old"
    cause_states.record_state(house.db, "economy:euribor3m", "well", "euribor3m:2026-03", "up to date")
    assert house.follow() == "no incident"
    assert house.prefect.runs == {}


def test_a_gate_that_refused_the_data_of_a_training_nobody_was_hurt_by_opens_one_too(house: House) -> None:
    house.prefect.client().request_training("on demand")
    house.trained("refused", "column 'age' breaks the rule", gate=Gate.DATA)
    assert house.follow(2) == "data: open"
    assert house.incident()["opened"]["why"] == "column 'age' breaks the rule"
    house.models.start_trial("2", why="passed")
    assert house.follow(2) == "no incident"


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("write", range(12))
def test_killed_at_any_write_it_goes_on_and_asks_once(
    house: House, write: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before each write in turn, then run again: the same life, one training, every event once."""
    report = house.drift(True, "1")
    kills = Kills(write)
    with monkeypatch.context() as patch:
        kills.watch(patch)
        run_killed(house, kills, report)
    house.follow(3)
    assert house.life() == ["open", "retraining", "canary", "resolved"]
    assert len(house.prefect.runs) == 1
    told = [event["what"] for event in house.db.events.find({"who": "monitor"})]
    assert [what for what in told if what.startswith("incident")] == [
        "incident open", "incident retraining", "incident canary", "incident resolved",
    ]  # fmt: skip
    assert not house.incident()["unlogged"]


class Kills:
    """Raises Killed before the `at`th write of the monitor."""

    def __init__(self, at: int) -> None:
        self.left = at

    def watch(self, patch: pytest.MonkeyPatch) -> None:
        from pymongo.collection import Collection

        for name in ("insert_one", "update_one"):
            patch.setattr(Collection, name, self._counting(getattr(Collection, name)))

    def _counting(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def write(*args: Any, **kwargs: Any) -> Any:
            if self.left == 0:
                self.left = -1
                raise Killed
            self.left -= 1
            return real(*args, **kwargs)

        return write


def run_killed(house: House, kills: Kills, report: str) -> None:
    def follow() -> None:
        try:
            house.follow(3)
        except Killed:
            house.follow(3)

    follow()
    left, kills.left = kills.left, -1  # the other writers are not killed
    house.models.start_trial("2", why="passed", incident=f"drift:{report}")
    house.trained("on trial")
    kills.left = left
    follow()
    left, kills.left = kills.left, -1
    house.models.promote("2", why="better")
    house.drift(False, "2")
    kills.left = left
    follow()


def test_what_no_training_mends_ends_and_comes_to_a_person_also_while_prefect_is_away(house: House) -> None:
    house.drift(True, "1")  # the oldest, and it needs a training
    house.prefect.refuse = lambda method, path: True

    def states() -> dict[str, str]:
        with pytest.raises(Unavailable):
            house.follow()
        return {one["cause"]: one["status"] for one in house.db.incidents.find()}

    assert states() == {"drift": "open"}
    for cause in ("disk", "clock"):
        cause_states.record_state(house.db, cause, "bad", f"{cause}-1", "because")
    assert states() == {"drift": "open", "disk": "open", "clock": "open"}
    cause_states.record_state(house.db, "disk", "well", "disk-2", "there is room")
    assert states() == {"drift": "open", "disk": "resolved", "clock": "open"}
    house.at += IncidentRules().patience
    assert states() == {"drift": "open", "disk": "resolved", "clock": "escalated"}
    house.prefect.refuse = lambda method, path: False
    assert "drift: retraining" in house.follow()


def test_killed_between_asking_and_writing_down_it_finds_the_same_training(house: House) -> None:
    house.drift(True, "1")
    house.prefect.refuse = lambda method, path: path.endswith("create_flow_run")
    with pytest.raises(Unavailable):
        house.follow()
    assert house.life() == ["open"]
    house.prefect.refuse = lambda method, path: False
    key = f"{house.incident()['_id']}:1"
    asked = house.prefect.client().request_training("because", incident=house.incident()["_id"], key=key)
    assert house.follow() == "drift: retraining"
    assert house.incident()["run"] == asked.id
    assert len(house.prefect.runs) == 1


def test_a_step_that_was_taken_is_not_taken_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Finding(True, "r1", "1", "why")
    incident = incident_store.open_incident(house.db, "drift", found, house.clock)
    assert incident is not None
    assert incident_store.open_incident(house.db, "drift", found, house.clock) is None
    from monitor.incidents.facts import Facts
    from monitor.incidents.lifecycle import Step, next_step

    facts = Facts(at=START, finding=Finding(False, "r2", "1", "well"), champion="1", outcomes=0)
    step = next_step(incident, facts, IncidentRules())
    assert isinstance(step, Step)
    assert write_step(house.db, step)
    assert not write_step(house.db, step)
    assert house.life() == ["open", "resolved"]


def test_who_looks_after_it_and_the_next_step_are_both_kept_whoever_is_first(house: House) -> None:
    house.drift(True, "1")
    house.follow()
    key, revision = house.incident()["_id"], house.incident()["revision"]
    before = house.incident()["steps"]
    acknowledge(house.db, key, "ann", house.clock)
    house.trained("refused", "column 'age' breaks a rule", gate=Gate.DATA)
    assert house.follow() == "drift: escalated"
    found = house.incident()
    assert (found["acknowledged"]["by"], found["steps"], found["revision"]) == ("ann", before + 1, revision + 3)


def test_a_person_may_say_that_they_look_after_it(house: House) -> None:
    house.drift(True, "1")
    house.follow()
    key = house.incident()["_id"]
    assert acknowledge(house.db, key, "ann", house.clock) == "ann"
    assert acknowledge(house.db, key, "bob", house.clock) == "ann"
    assert acknowledge(house.db, key, "ann", house.clock) == "ann"
    assert house.incident()["acknowledged"]["by"] == "ann"
    assert isinstance(house.incident()["acknowledged"]["at"], datetime)
    assert [event["who"] for event in house.db.events.find({"what": "incident acknowledged"})] == ["ann"]
    with pytest.raises(NotFound, match="no incident 'x'"):
        acknowledge(house.db, "x", "ann")


# --- trainings that no incident asks for ---------------------------------------------------------------------------


def test_enough_new_outcomes_ask_once_and_again_after_as_many(house: House) -> None:
    house.outcomes(4)
    assert "nothing is due: 4 of 5" in house.trigger(outcomes=5)
    house.outcomes(1)
    assert "asked for flow run" in house.trigger(outcomes=5)
    assert "waits for the flow run" in house.trigger(outcomes=5)
    house.trained("refused", "not better", gate=Gate.CHAMPION)
    assert "nothing is due: 0 of 5" in house.trigger(outcomes=5)
    house.outcomes(5)
    assert "asked for flow run" in house.trigger(outcomes=5)
    assert [run["parameters"]["incident"] for run in house.prefect.runs.values()] == [None, None]
    asked = [event["why"] for event in house.db.events.find({"what": "training asked for"})]
    assert asked == ["enough new outcomes: 5 since the last training"] * 2


def test_outcomes_that_an_earlier_release_trained_on_are_not_new(house: House) -> None:
    house.outcomes(5)
    house.at += timedelta(hours=1)
    house.models.start_trial("2", why="passed")
    house.models.promote("2", why="better")
    house.at += timedelta(hours=1)
    house.outcomes(4)
    assert "nothing is due: 4 of 5" in house.trigger(outcomes=5)


def test_a_refresh_comes_with_its_outcomes_and_moves_no_training(house: House) -> None:
    house.outcomes(3)
    assert "enough new outcomes for a refresh: 3; asked" in house.trigger(outcomes=5, refresh=3)
    [run] = house.prefect.runs.values()
    assert run["parameters"]["refresh"] is True
    house.trained("refreshed", refresh=True)
    assert "nothing is due: 3 of 5" in house.trigger(outcomes=5, refresh=3)
    house.outcomes(2)
    assert "enough new outcomes: 5 since the last training; asked" in house.trigger(outcomes=5, refresh=3)
    assert "refresh" not in list(house.prefect.runs.values())[-1]["parameters"]
    house.trained("refreshed")  # the search found the recipe in use
    house.outcomes(2)
    assert "nothing is due: 2 of 5" in house.trigger(outcomes=5, refresh=3)


def test_a_refresh_comes_during_a_trial_and_not_during_a_hold_or_if_it_is_switched_off(house: House) -> None:
    house.models.start_trial("2", why="passed")
    house.outcomes(6)
    assert "waits for the end of the trial" in house.trigger(outcomes=5)
    house.models.hold(why="audit")
    assert "waits until the hold" in house.trigger(outcomes=5, refresh=3)
    assert not house.prefect.runs
    held = house.models.state().hold
    assert held is not None
    house.models.release(held.place, why="done")
    assert "for a refresh: 6; asked" in house.trigger(outcomes=5, refresh=3)


def test_after_a_refresh_was_left_out_no_newer_one_comes_at_once(house: House) -> None:
    upkeep.hand_in(house.models, "2", why="newer outcomes")
    upkeep.mix(house.models, "1", "2", 0.8, why="the next list")
    house.outcomes(4)
    house.at += timedelta(minutes=1)
    upkeep.leave_out(house.models, "1", "2", why="shown to be worse", evidence={"known": 4})
    assert "nothing is due" in house.trigger(outcomes=50, refresh=3)
    house.outcomes(3)
    assert "for a refresh: 3; asked" in house.trigger(outcomes=50, refresh=3)


def test_a_training_that_ended_without_a_result_does_not_keep_refreshes_away(house: House) -> None:
    house.outcomes(6)
    house.trigger(outcomes=5, refresh=3)
    house.prefect.ends(list(house.prefect.runs)[-1], "CANCELLED", message="not now")
    assert "for a refresh: 6; asked" in house.trigger(outcomes=5, refresh=3)


def test_the_schedule_asks_once_a_span_and_not_during_a_trial(house: House) -> None:
    house.models.start_trial("2", why="passed")
    house.at += timedelta(days=7)
    assert "waits for the end of the trial of version 2" in house.trigger()
    house.models.end_trial("2", why="worse")
    assert "on schedule" in house.trigger()
    house.trained("unchanged")
    assert "nothing is due" in house.trigger()
    assert len(house.prefect.runs) == 1


def test_a_training_that_is_lost_is_asked_for_three_times_and_then_the_job_fails(house: House) -> None:
    house.outcomes(5)
    for _ in range(3):
        house.trigger(outcomes=5)
        house.prefect.ends(list(house.prefect.runs)[-1], "CRASHED", message="killed")
    with pytest.raises(Unavailable, match="lost 3 times"):
        house.trigger(outcomes=5)
    assert len(house.prefect.runs) == 3


def test_a_person_asks_once_and_ends_a_trial_only_if_they_say_so(house: House) -> None:
    flows = house.prefect.client()
    house.models.start_trial("2", why="passed")
    with pytest.raises(Conflict, match="Version 2 is on trial"):
        retrain.ask_for_training(house.db, flows, MODEL, "new prices", by="ann")
    assert house.prefect.runs == {}
    assert "Asked for a training" in retrain.ask_for_training(
        house.db, flows, MODEL, "new prices", by="ann", anyway=True
    )
    assert "under way already" in retrain.ask_for_training(house.db, flows, MODEL, "new prices", by="bob")
    with pytest.raises(Conflict, match="may have read its outcomes before this"):  # one without an erased person
        retrain.ask_for_training(house.db, flows, MODEL, "a person was erased", by="bob", afresh=True)
    assert [event["who"] for event in house.db.events.find({"what": "training asked for"})] == ["ann"]
