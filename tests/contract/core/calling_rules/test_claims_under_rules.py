"""Nobody is claimed against the rules of a campaign: hours of two zones, holidays, limits, and rules that change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.calling_rules import stored
from core.calling_rules.campaign_zones import zones_of
from core.calling_rules.promise import ForbiddenTime
from core.calling_rules.rules import CallingRules, Week
from core.calls.claims import claim, claim_person, end_pauses, settle_calls
from core.calls.filters import CallFilter
from core.calls.late_results import record_late
from core.calls.lifecycle import CallRules, Result
from core.calls.recording import CallReport, record
from core.errors import Conflict, InputError, NotFound
from core.lists.callable_now import CallableNow, callable_now, nobody_now
from core.stores.mongo import Db, Document, ensure_indexes

pytestmark = pytest.mark.mongo

NINE_TO_FIVE: Week = (*((((540, 1020),),) * 5), (), ())
RULES = CallingRules("Europe/Berlin", hours=NINE_TO_FIVE)
SHORT = CallRules(claim=timedelta(minutes=15), pause=timedelta(hours=4), attempts=50)
NO_ANSWER = CallReport(Result.NO_ANSWER)


class Watch:
    """A clock that is set by hand, by the time of Berlin."""

    def __init__(self) -> None:
        self.at = berlin("2026-12-01 10:00")

    def __call__(self) -> datetime:
        return self.at


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def spring(db: Db) -> Db:
    ensure_indexes(db)
    db.campaigns.insert_one({"_id": "spring", "title": "Spring"})
    return db


def person(db: Db, ref: str, zone: str | None, score: float, **more: Any) -> None:
    shared: Document = {"campaign": "spring", "ref": ref, "status": "open", "claim": None, "score": score, **more}
    db.prospects.insert_one({"_id": f"spring:{ref}", **shared, **({} if zone is None else {"zone": zone})})


def one(db: Db, ref: str) -> Document:
    return db.prospects.find_one({"_id": f"spring:{ref}"}) or {}


def set_rules(db: Db, rules: CallingRules | None) -> None:
    stored.write_rules(db, "spring", rules, by="mia", seen=stored.version(db, "spring"))


def taken(db: Db, agent: str, watch: Watch, call_filter: CallFilter | None = None) -> str | None:
    held = claim(db, "spring", agent, call_filter=call_filter or CallFilter(), rules=SHORT, clock=watch)
    return str(held["ref"]) if held else None


def test_of_two_zones_each_is_called_within_its_own_hours(spring: Db, watch: Watch) -> None:
    person(spring, "berlin", "Europe/Berlin", 0.1)
    person(spring, "york", "America/New_York", 0.9)
    person(spring, "either", "America/New_York Europe/Berlin", 0.5)
    person(spring, "unknown", "", 0.05)
    person(spring, "silent", "-", 0.99)
    set_rules(spring, RULES)
    order = [taken(spring, agent, watch) for agent in ("a", "b", "c")]
    assert order == ["berlin", "unknown", None], "in New York it is 04:00"
    watch.at = berlin("2026-12-01 15:30")
    assert [taken(spring, agent, watch) for agent in ("c", "d", "e")] == ["york", "either", "berlin"]
    watch.at = berlin("2026-12-01 18:00")
    assert [taken(spring, agent, watch) for agent in ("f", "g")] == ["york", None], "in Berlin it is evening"
    assert zones_of(spring, "spring", "open") == [
        "",
        "-",
        "America/New_York",
        "America/New_York Europe/Berlin",
        "Europe/Berlin",
    ]


def test_without_rules_everybody_is_called_as_before(spring: Db, watch: Watch) -> None:
    person(spring, "york", "America/New_York", 0.9)
    person(spring, "silent", "-", 0.99)
    person(spring, "old", None, 0.1)
    watch.at = berlin("2026-12-06 03:00")
    assert [taken(spring, agent, watch) for agent in "abc"] == ["silent", "york", "old"]
    set_rules(spring, RULES)
    set_rules(spring, None)
    assert taken(spring, "a", watch) == "silent"


def test_people_of_an_earlier_release_are_found_by_the_zone_of_the_rules(spring: Db, watch: Watch) -> None:
    person(spring, "old", None, 0.9)
    person(spring, "new", "", 0.8)
    person(spring, "york", "America/New_York", 0.7)
    set_rules(spring, RULES)
    assert zones_of(spring, "spring", "open") == [None, "", "America/New_York"]
    assert [taken(spring, agent, watch) for agent in "abc"] == ["old", "new", None]


def test_a_filter_is_kept_among_those_within_the_hours(spring: Db, watch: Watch) -> None:
    for ref, zone, job, score in (
        ("a", "Europe/Berlin", "nurse", 0.2),
        ("b", "Europe/Berlin", "pilot", 0.9),
        ("c", "America/New_York", "nurse", 0.8),
    ):
        person(spring, ref, zone, score, features={"job": job})
    set_rules(spring, RULES)
    nurses = CallFilter(equal={"job": "nurse"})
    assert [taken(spring, agent, watch, nurses) for agent in "ab"] == ["a", None]


def test_the_best_of_several_zones_come_first_and_the_unranked_last(spring: Db, watch: Watch) -> None:
    for ref, zone, score in (("a", "Europe/Berlin", 0.3), ("b", "Europe/Vienna", 0.4), ("c", "Europe/Vienna", 0.2)):
        person(spring, ref, zone, score)
    person(spring, "z", "Europe/Berlin", None)  # type: ignore[arg-type]
    person(spring, "y", "America/New_York", 0.9)
    set_rules(spring, RULES)
    assert [taken(spring, agent, watch) for agent in "12345"] == ["b", "a", "c", "z", None]


def test_hours_that_end_in_the_middle_of_a_shift(spring: Db, watch: Watch) -> None:
    for n in range(3):
        person(spring, f"{n}", "Europe/Berlin", n / 10)
    set_rules(spring, RULES)
    watch.at = berlin("2026-12-01 16:59")
    assert taken(spring, "ann", watch) == "2"
    watch.at = berlin("2026-12-01 17:01")
    assert taken(spring, "bob", watch) is None
    assert nobody_now(spring, "spring", watch.at) is not None
    assert taken(spring, "ann", watch) == "2", "whom she holds already stays on her desk"
    made = record(spring, "spring:2", "ann", NO_ANSWER, rules=SHORT, clock=watch)
    assert made["after"]["due"] == berlin("2026-12-02 09:00").timestamp()
    assert taken(spring, "ann", watch) is None
    nobody = nobody_now(spring, "spring", watch.at)
    assert nobody is not None
    assert nobody.next == berlin("2026-12-02 09:00")


def test_who_calls_is_served_at_any_hour(spring: Db, watch: Watch) -> None:
    person(spring, "2", "Europe/Berlin", 0.2)
    set_rules(spring, RULES)
    watch.at = berlin("2026-12-06 22:00")
    assert claim_person(spring, "spring:2", "ann", rules=SHORT, clock=watch)["claim"]["by"] == "ann"


def test_a_holiday_is_one_where_the_person_is(spring: Db, watch: Watch) -> None:
    person(spring, "berlin", "Europe/Berlin", 0.2)
    person(spring, "vienna", "Europe/Vienna", 0.9)
    set_rules(spring, replace(RULES, country="DE", holidays=True))
    watch.at = berlin("2026-10-26 11:00")
    assert [taken(spring, agent, watch) for agent in "ab"] == ["berlin", None]


def test_a_callback_is_due_within_the_hours_alone(spring: Db, watch: Watch) -> None:
    person(spring, "1", "Europe/Berlin", 0.1)
    person(spring, "2", "Europe/Berlin", 0.2)
    set_rules(spring, RULES)
    assert taken(spring, "ann", watch) == "2"
    at = berlin("2026-12-01 16:50")
    record(spring, "spring:2", "ann", CallReport(Result.CALLBACK, again=at), rules=SHORT, clock=watch)
    watch.at = berlin("2026-12-01 17:10")  # she was late
    assert taken(spring, "ann", watch) is None
    assert nobody_now(spring, "spring", watch.at) is not None
    watch.at = berlin("2026-12-02 09:00")
    assert nobody_now(spring, "spring", watch.at) is None
    assert taken(spring, "ann", watch) == "2", "her promise comes before the list"


@pytest.mark.parametrize(
    ("again", "why", "then"),
    [
        ("2026-12-06 10:00", "On a Sunday nobody is called", "Monday, 2026-12-07 09:00"),
        ("2026-12-01 18:00", "It is 18:00 there", "Wednesday, 2026-12-02 09:00"),
    ],
)
def test_nobody_is_promised_a_time_that_the_rules_forbid(
    spring: Db, watch: Watch, again: str, why: str, then: str
) -> None:
    person(spring, "2", "Europe/Berlin", 0.2)
    set_rules(spring, RULES)
    taken(spring, "ann", watch)
    report = CallReport(Result.CALLBACK, again=berlin(again))
    with pytest.raises(ForbiddenTime, match=why) as refused:
        record(spring, "spring:2", "ann", report, rules=SHORT, clock=watch)
    assert then in refused.value.next
    assert spring.calls.count_documents({}) == 0
    assert one(spring, "2")["claim"]["by"] == "ann", "the person stays on the desk"
    assert refused.value.allowed is not None
    allowed = CallReport(Result.CALLBACK, again=refused.value.allowed)
    record(spring, "spring:2", "ann", allowed, rules=SHORT, clock=watch)


def test_a_late_result_is_kept_under_the_rules_too(spring: Db, watch: Watch) -> None:
    person(spring, "2", "Europe/Berlin", 0.2)
    set_rules(spring, RULES)
    assert taken(spring, "ann", watch) == "2"
    watch.at = berlin("2026-12-01 10:20")
    assert taken(spring, "bob", watch) == "2"
    late = CallReport(Result.CALLBACK, again=berlin("2026-12-06 10:00"))
    with pytest.raises(ForbiddenTime):
        record_late(spring, "spring:2", "ann", late, call=1, rules=SHORT, clock=watch)
    watch.at = berlin("2026-12-01 17:30")
    kept = record_late(spring, "spring:2", "ann", NO_ANSWER, call=1, rules=SHORT, clock=watch)
    assert kept["result"] == "no answer"


def test_the_attempts_of_a_day_of_a_week_and_in_all(spring: Db, watch: Watch) -> None:
    person(spring, "2", "Europe/Berlin", 0.2)
    set_rules(spring, replace(RULES, a_day=2, a_week=3, in_all=4, pauses={"no answer": 60}))
    made: list[datetime] = []
    for _ in range(400):
        if taken(spring, "ann", watch):
            made.append(watch.at)
            watch.at += timedelta(minutes=5)
            record(spring, "spring:2", "ann", NO_ANSWER, rules=SHORT, clock=watch)
        watch.at += timedelta(minutes=55)
    shown = [at.astimezone(ZoneInfo("Europe/Berlin")).strftime("%a %d %H") for at in made]
    assert len(shown) == 4, "in all"
    assert [text[:6] for text in shown] == ["Tue 01", "Tue 01", "Wed 02", "Tue 08"], "two a day, three in seven days"
    assert (one(spring, "2")["status"], one(spring, "2")["off"]["why"]) == ("off", "no answer")


def test_rules_that_become_stricter_hold_for_whoever_waits_already(spring: Db, watch: Watch) -> None:
    person(spring, "1", "Europe/Berlin", 0.1)
    person(spring, "2", "Europe/Berlin", 0.2)
    person(spring, "3", "Europe/Berlin", 0.3)
    for ref in "23":
        claim_person(spring, f"spring:{ref}", "ann", rules=SHORT, clock=watch)
        record(spring, f"spring:{ref}", "ann", NO_ANSWER, rules=SHORT, clock=watch)
    watch.at = berlin("2026-12-01 14:30")
    assert end_pauses(spring, "spring", watch.at) == 2
    set_rules(spring, replace(RULES, a_day=1))
    assert [taken(spring, agent, watch) for agent in "ab"] == ["1", None], "two were called today already"
    assert one(spring, "3")["status"] == "paused"
    assert one(spring, "3")["due"] == berlin("2026-12-02 09:00").timestamp()
    set_rules(spring, replace(RULES, in_all=1))
    watch.at = berlin("2026-12-02 09:30")
    settle_calls(spring, clock=watch)
    assert [taken(spring, agent, watch) for agent in "bc"] == ["1", None]
    assert one(spring, "2")["off"] == {"why": "no answer", "call": "spring:2:1"}


def test_a_call_that_was_taken_back_is_no_attempt(spring: Db, watch: Watch) -> None:
    person(spring, "2", "Europe/Berlin", 0.2, calls=1, taken_back=1)
    spring.calls.insert_one(
        {"_id": "spring:2:1", "prospect": "spring:2", "at": watch.at, "result": "sold", "undone": {"by": "ann"}}
    )
    set_rules(spring, replace(RULES, in_all=1))
    assert taken(spring, "ann", watch) == "2"


def test_many_late_callbacks_of_a_closed_zone_do_not_hide_one_of_an_open_one(spring: Db, watch: Watch) -> None:
    due = int(berlin("2026-12-01 08:00").timestamp())
    again = {"at": berlin("2026-12-01 08:00"), "by": "ann"}
    for n in range(205):
        person(spring, f"y{n}", "America/New_York", 0.5, status="callback", due=due, again=again)
    person(spring, "b", "Europe/Berlin", 0.1, status="callback", due=due + 60, again=again)
    set_rules(spring, RULES)
    assert taken(spring, "ann", watch) == "b"


def test_the_figures_say_who_can_be_called_and_when_the_others_can(spring: Db, watch: Watch) -> None:
    person(spring, "b", "Europe/Berlin", 0.1)
    person(spring, "y", "America/New_York", 0.1)
    person(spring, "z", "America/Los_Angeles", 0.1)
    person(spring, "silent", "-", 0.1)
    person(spring, "paused", "Europe/Berlin", 0.1, status="paused", due=int(berlin("2026-12-01 12:00").timestamp()))
    again = {"at": watch.at, "by": "ann"}
    person(spring, "due", "Europe/Berlin", 0.1, status="callback", due=int(watch.at.timestamp()), again=again)
    person(spring, "late", "America/New_York", 0.1, status="callback", due=int(watch.at.timestamp()), again=again)
    person(spring, "barred", "", 0.1, status="off", off={"why": "do not call", "call": "x"})
    person(spring, "gone", "", 0.1, status="off", off={"why": "no answer", "call": "x"})
    person(spring, "done", "", 0.1, status="done")
    person(spring, "away", "", 0.1, status="withdrawn")
    free = CallableNow(6, 0, 1, 0, 1, 2, None, has_rules=False)
    assert callable_now(spring, "spring", watch.at) == free
    set_rules(spring, RULES)
    found = callable_now(spring, "spring", watch.at)
    assert found == CallableNow(2, 2, 2, 1, 1, 2, berlin("2026-12-01 15:00"), has_rules=True)
    assert found.total == free.total == 10
    assert nobody_now(spring, "spring", watch.at) is None


def test_two_who_change_the_rules_at_once_and_rules_that_are_wrong(spring: Db) -> None:
    stored.write_rules(spring, "spring", RULES, by="mia", seen=0)
    with pytest.raises(Conflict, match="mia has changed"):
        stored.write_rules(spring, "spring", replace(RULES, a_day=1), by="leo", seen=0)
    with pytest.raises(InputError, match="no time zone"):
        stored.write_rules(spring, "spring", CallingRules("nowhere"), by="leo", seen=1)
    with pytest.raises(NotFound):
        stored.write_rules(spring, "autumn", RULES, by="leo", seen=0)
    assert stored.read_rules(spring, "spring") == RULES
    event = spring.events.find_one({"what": "calling rules changed"}) or {}
    assert (event["who"], event["subject"], event["details"]["rules"]["zone"]) == ("mia", "spring", "Europe/Berlin")


def test_in_a_shift_of_two_weeks_nobody_is_called_against_a_rule(spring: Db, watch: Watch) -> None:
    """Twenty people in four zones, three agents, a holiday: every claim is asked of the rules once more."""
    zones = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Atlantic/Canary Europe/Madrid")
    for n in range(20):
        person(spring, f"{n:02d}", zones[n % 4], n / 100)
    rules = replace(
        RULES, country="DE", holidays=True, a_day=2, a_week=4, in_all=6, pauses={"no answer": 90}, other_time=True
    )
    set_rules(spring, rules)
    watch.at = berlin("2026-12-21 06:00")
    claimed = against = 0
    answers = [Result.NO_ANSWER, Result.NO_ANSWER, Result.CALLBACK, Result.NO_ANSWER, Result.REFUSED]
    while watch.at < berlin("2027-01-02 00:00"):
        for agent in ("ann", "bob", "cid"):
            held = claim(spring, "spring", agent, rules=SHORT, clock=watch)
            if held is None:
                continue
            claimed += 1
            under = stored.person_of(spring, held, rules)
            against += under.why_not(watch.at, promised=held["status"] == "callback") is not None
            result = answers[claimed % len(answers)]
            again = watch.at + timedelta(hours=20) if result is Result.CALLBACK else None
            try:
                record(spring, held["_id"], agent, CallReport(result, again=again), rules=SHORT, clock=watch)
            except ForbiddenTime as refused:
                report = CallReport(Result.REFUSED)
                if refused.allowed is not None:
                    report = CallReport(Result.CALLBACK, again=refused.allowed)
                record(spring, held["_id"], agent, report, rules=SHORT, clock=watch)
        watch.at += timedelta(minutes=45)
    assert against == 0
    assert claimed > 40


def test_whoever_takes_a_promise_early_meets_the_rules_and_whoever_calls_in_does_not(spring: Db, watch: Watch) -> None:
    person(spring, "a", "Europe/Berlin", 0.9, status="callback")
    stored.write_rules(spring, "spring", RULES, by="mia", seen=0)
    watch.at = berlin("2026-12-06 21:00")  # a Sunday
    with pytest.raises(Conflict, match="Sunday"):
        claim_person(spring, "spring:a", "ann", calls_in=False, clock=watch)
    assert claim_person(spring, "spring:a", "ann", clock=watch)["claim"]["by"] == "ann"
    assert claim_person(spring, "spring:a", "ann", calls_in=False, clock=watch)["claim"]["by"] == "ann", "held already"
