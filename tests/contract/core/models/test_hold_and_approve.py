"""A person holds the champion, releases it, or ends a trial by promoting; and what monitoring then does."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import CallwiseError, Conflict
from core.models import trials
from core.models.decisions import Decision, DecisionKind, decisions, state_of
from core.models.succession import Succession
from core.oversight.week import gather_facts
from core.stores.mongo import Db
from monitor.flows.retrain import ask_for_training
from monitor.flows.triggers import RetrainLimits, Triggers
from monitor.messages.reminders import Reminders
from monitor.trials.evidence import judge
from monitor.trials.trial import act_on_verdict
from monitor.trials.verdict import TrialRules
from tests.aliases import Aliases
from tests.fake_prefect import FakePrefect

pytestmark = pytest.mark.mongo

MODEL, DAY = "prospect-scorer", timedelta(days=1)
START = datetime(2026, 3, 4, 9, tzinfo=UTC)


class House:
    """Version 1 in use and version 2 on trial, and a clock moved by hand."""

    def __init__(self, db: Db) -> None:
        self.db, self.at, self.prefect = db, START, FakePrefect()
        self.monitor = self.by("monitor")
        self.monitor.promote("1", why="the first")
        self.monitor.start_trial("2", why="it passed every gate", incident="drift:7")

    def by(self, who: str) -> Succession:
        return Succession(self.db, MODEL, Aliases(), by=who, clock=lambda: self.at)

    def last(self) -> Decision:
        return decisions(self.db, MODEL)[-1]


@pytest.fixture
def house(db: Db) -> House:
    return House(db)


def better() -> Any:
    """A verdict that says promote."""
    found = judge([], TrialRules())
    return type(found)(**{**vars(found), "what": "promote", "why": "the canary is better than the champion"})


def test_a_person_ends_a_trial_by_promoting_and_the_figures_stand_with_it(house: House) -> None:
    evidence = {"outcomes": 150, "sentence": "go on: neither is shown yet"}
    decision = house.by("Ann").promote_canary("2", why="the board wants it", incident="drift:7", evidence=evidence)
    assert (decision.what, decision.version, decision.by) == (DecisionKind.PROMOTED, "2", "Ann")
    assert (decision.evidence, decision.incident) == (evidence, "drift:7")
    assert state_of(decisions(house.db, MODEL)).canary is None
    assert [event["who"] for event in house.db.events.find({"what": "model promoted"})] == ["monitor", "Ann"]


def test_what_is_not_on_trial_any_more_is_not_promoted(house: House) -> None:
    ann = house.by("Ann")
    ann.promote_canary("2", why="sure")
    with pytest.raises(Conflict, match="Version 2 is the champion already"):
        ann.promote_canary("2", why="pressed twice")
    ann.roll_back("2", why="not so sure")
    with pytest.raises(Conflict, match="Version 2 is not on trial any more"):
        ann.promote_canary("2", why="or is it")
    assert len(decisions(house.db, MODEL)) == 4


def test_monitoring_does_not_promote_what_a_person_took_off_trial_while_it_was_judged(house: House) -> None:
    house.monitor.promote_canary("2", why="better")
    house.monitor.start_trial("3", why="newer")
    house.by("Ann").roll_back("2", why="agents complain")  # that ends the trial of 3
    said = act_on_verdict(house.monitor, "3", better(), incident=None)
    assert "not promoted: Version 3 is not on trial any more." in said
    assert state_of(decisions(house.db, MODEL)).champion == "1"


def test_a_person_and_monitoring_that_decide_at_once_promote_once(house: House) -> None:
    together, failures = threading.Barrier(6), list[CallwiseError]()

    def person() -> None:
        succession = house.by("Ann")
        together.wait()
        try:
            succession.promote_canary("2", why="sure")
        except CallwiseError as error:
            failures.append(error)

    def monitoring() -> None:
        together.wait()
        act_on_verdict(house.by("monitor"), "2", better(), incident="drift:7")

    threads = [threading.Thread(target=what) for what in (person, monitoring) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.what for one in decisions(house.db, MODEL)] == [
        DecisionKind.PROMOTED,
        DecisionKind.ON_TRIAL,
        DecisionKind.PROMOTED,
    ]
    assert all(isinstance(failure, Conflict) for failure in failures)


def test_while_the_line_is_held_nothing_is_promoted_by_anybody(house: House) -> None:
    hold = house.by("Ann").hold(why="audit this week")
    assert (hold.what, hold.version, hold.by) == (DecisionKind.HELD, "1", "Ann")
    assert "not promoted: Ann holds the champion" in act_on_verdict(house.monitor, "2", better(), incident=None)
    with pytest.raises(Conflict, match="Ann holds the champion"):
        house.by("Bob").promote_canary("2", why="I may")
    found = state_of(decisions(house.db, MODEL))
    assert (found.champion, found.canary, found.hold) == ("1", "2", hold)


def test_what_protects_people_goes_on_while_the_line_is_held(house: House) -> None:
    house.monitor.promote_canary("2", why="better")
    house.monitor.start_trial("3", why="newer")
    house.by("Ann").hold(why="audit")
    assert house.monitor.end_trial("3", why="it failed 9 requests") is not None
    house.by("Bob").roll_back("2", why="agents complain")
    found = state_of(decisions(house.db, MODEL))
    assert (found.champion, found.hold is not None) == ("1", True), "and the hold stands"


def test_what_was_shown_while_the_line_was_held_is_promoted_once_it_is_released(house: House) -> None:
    hold = house.by("Ann").hold(why="audit")
    act_on_verdict(house.monitor, "2", better(), incident=None)
    house.by("Bob").release(hold.place, why="it is over")
    act_on_verdict(house.monitor, "2", better(), incident=None)
    assert state_of(decisions(house.db, MODEL)).champion == "2"


def test_of_those_who_hold_or_release_at_once_one_does(house: House) -> None:
    ann, bob = house.by("Ann"), house.by("Bob")
    hold = ann.hold(why="audit")
    with pytest.raises(Conflict, match="Ann holds the champion already"):
        bob.hold(why="me too")
    bob.release(hold.place, why="over")
    again = ann.hold(why="once more")
    with pytest.raises(Conflict, match="That hold was released already"):
        bob.release(hold.place, why="a page that was open for an hour")
    assert state_of(decisions(house.db, MODEL)).hold == again
    told = [event["what"] for event in house.db.events.find({"who": {"$in": ["Ann", "Bob"]}}).sort([("_id", 1)])]
    assert told == ["model held", "model released", "model held"]


def test_a_hold_that_loses_its_place_to_a_promotion_holds_the_new_champion(house: House) -> None:
    meanwhile = iter([lambda: house.monitor.promote_canary("2", why="better")])

    def clock() -> datetime:
        next(meanwhile, lambda: None)()
        return START

    hold = Succession(house.db, MODEL, None, by="Ann", clock=clock).hold(why="audit")
    assert (hold.version, hold.place) == ("2", 4)


def test_without_a_champion_there_is_nothing_to_hold(db: Db) -> None:
    with pytest.raises(Conflict, match="nothing to hold"):
        Succession(db, MODEL, None, by="Ann").hold(why="early")


def test_no_training_is_asked_for_while_the_line_is_held(house: House) -> None:
    house.monitor.end_trial("2", why="inconclusive")
    triggers = Triggers(house.db, house.prefect.client(), MODEL, RetrainLimits(), clock=lambda: START + 9 * DAY)
    hold = house.by("Ann").hold(why="audit")
    assert triggers.run() == "on schedule: the last training ended 9 days ago; waits until the hold of Ann is released"
    with pytest.raises(Conflict, match="Ann holds the champion: audit"):
        ask_for_training(house.db, house.prefect.client(), MODEL, "now", by="operator")
    assert house.prefect.runs == {}
    house.by("Ann").release(hold.place, why="over")
    assert "asked for flow run " in triggers.run()


def test_a_person_may_train_all_the_same(house: House) -> None:
    house.by("Ann").hold(why="audit")
    said = ask_for_training(house.db, house.prefect.client(), MODEL, "to look at", by="operator", anyway=True)
    (run,) = house.prefect.runs
    assert run in said


def test_a_hold_does_not_stand_for_what_became_of_a_model(house: House) -> None:
    from monitor.incidents.facts import TrialState
    from monitor.incidents.follow_up import trial_of
    from monitor.incidents.lifecycle import Incident, Status

    incident = Incident("drift:7", "drift", Status.CANARY, START, "moved", attempts=1, version="2")
    house.by("Ann").hold(why="audit")
    found = trial_of(incident, decisions(house.db, MODEL))
    assert found is not None
    assert (found.state, found.why) == (TrialState.ON_TRIAL, "it passed every gate")
    house.monitor.end_trial("2", why="worse")
    house.by("Ann").release(3, why="over")
    found = trial_of(incident, decisions(house.db, MODEL))
    assert found is not None
    assert (found.state, found.why) == (TrialState.ENDED, "version 2 was dropped: worse")


def test_a_forgotten_hold_is_reminded_of_once_a_span(house: House) -> None:
    def remind() -> str:
        return Reminders(house.db, MODEL, 7 * DAY, "code", "http://app", clock=lambda: house.at).run()

    assert remind() == "nobody holds the champion"
    hold = house.by("Ann").hold(why="audit")
    house.at += 6 * DAY
    assert remind().startswith("held by Ann since 2026-03-04")
    for days in (1, 1, 6):  # the seventh, eighth and fourteenth day
        house.at += days * DAY
        remind()
    letters = list(house.db.reports.find({"kind": "reminder"}).sort([("_id", 1)]))
    assert [one["verdict"]["title"] for one in letters] == [
        "Callwise: on hold for 7 days",
        "Callwise: on hold for 14 days",
    ]
    assert "Ann holds the champion since 2026-03-04 09:00 UTC: audit." in letters[0]["verdict"]["text"]
    house.by("Bob").release(hold.place, why="over")
    house.at += 30 * DAY
    assert remind() == "nobody holds the champion"
    assert len(list(house.db.reports.find({"kind": "reminder"}))) == 2


def test_a_hold_needs_a_decision(house: House) -> None:
    house.by("Ann").hold(why="audit")
    [need] = gather_facts(house.db, MODEL, START, START + 7 * DAY).needs
    assert "Ann holds the champion since 2026-03-04 09:00 UTC: audit. Nothing is promoted" in need


def test_what_was_found_is_read_whatever_a_later_monitor_tells(db: Db) -> None:
    trials.store_evidence(db, trials.TrialEvidence("2", "go on", START, {"outcomes": 3}))
    db.appliance.update_one({"_id": trials.TRIAL}, {"$set": {"found.later": 1}})
    assert trials.latest_evidence(db, "2") == trials.TrialEvidence("2", "go on", START, {"outcomes": 3})
    db.appliance.update_one(
        {"_id": trials.TRIAL}, {"$set": {"found": {"version": "2", "sentence": "old", "at": START}}}
    )
    assert trials.latest_evidence(db, "2") == trials.TrialEvidence("2", "old", START)
