"""Notifications, through Apprise to a receiver on loopback: one a state, and none lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

import pytest
from pydantic import SecretStr

from core.clock import Clock
from core.errors import SettingsError, Unavailable
from core.models.gates import Gate
from core.models.succession import Succession
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document
from monitor.incidents import store as incident_store
from monitor.incidents.facts import Facts, Finding, IncidentRules
from monitor.incidents.lifecycle import Incident, Step, TrainingRequest, after_request, next_step
from monitor.incidents.store import write_step
from monitor.messages.digest import Digest
from monitor.messages.message import Message
from monitor.messages.notifier import AppriseNotifier
from monitor.messages.outbox import Outbox
from tests.contract.monitor.incidents.test_incidents import MODEL, Aliases
from tests.drift_reports import drift_verdict

pytestmark = pytest.mark.mongo

START = datetime(2026, 3, 4, 9, tzinfo=UTC)  # a Wednesday
BAD = Finding(True, "drift:1:r9", "1", "3 of 20 columns moved")
CALM = Facts(at=START, finding=BAD, champion="1", outcomes=0)


class Receiver:
    """A webhook on loopback that keeps what it is sent; while `down`, it refuses."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.down = False
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not receiver.down:
                    receiver.received.append(json.loads(body))
                self.send_response(503 if receiver.down else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server.server_address[1]}/hook"

    @property
    def titles(self) -> list[str]:
        return [message["title"] for message in self.received]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.server.shutdown()
    one.server.server_close()


class Watch:
    """A clock that a test moves on."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


def outbox(db: Db, *receivers: Receiver, page: str | None = None, clock: Clock = lambda: START) -> Outbox:
    urls = SecretStr(" ".join(one.url for one in receivers)) if receivers else None
    return Outbox(db, AppriseNotifier(urls), page, clock=clock)


def opened(db: Db) -> Incident:
    incident = incident_store.open_incident(db, "drift", BAD, lambda: START)
    assert incident is not None
    return incident


def step(db: Db, incident: Incident, facts: Facts) -> Incident:
    todo = next_step(incident, facts, IncidentRules())
    if isinstance(todo, TrainingRequest):
        todo = after_request(incident, todo, f"run-{todo.attempt}", facts)
    assert isinstance(todo, Step)
    assert write_step(db, todo)
    return todo.incident


def entries(db: Db) -> list[Document]:
    (found,) = db.incidents.find()
    return list(found["history"])


def test_each_state_is_told_once_and_in_plain_words(db: Db, receiver: Receiver) -> None:
    told = outbox(db, receiver, page="http://callwise.example/")
    incident = opened(db)
    assert told.run() == "messages sent: 1"
    assert told.run() == "nothing to tell"
    incident = step(db, incident, CALM)
    told.run()
    assert receiver.titles == [
        "Callwise: Noticed: the people to call or the economy have changed",
        "Callwise: Training a new model: the people to call or the economy have changed",
    ]
    body, kind = receiver.received[0]["message"], receiver.received[0]["type"]
    assert kind == "warning"
    for words in (
        "What happened: 3 of 20 columns moved.",
        "What was kept: Calls continue",
        "What to do: Just continue calling",
    ):
        assert words in body
    assert body.endswith("http://callwise.example/")
    for entry in entries(db):
        assert isinstance(entry["told"]["at"], datetime)
        assert isinstance(entry["at"], datetime)


def test_what_was_not_taken_is_sent_later_and_the_others_hear_nothing_twice(db: Db, receiver: Receiver) -> None:
    second, watch = Receiver(), Watch()
    try:
        told = outbox(db, receiver, second, clock=watch)
        second.down = True
        incident = opened(db)
        step(db, incident, CALM)
        with pytest.raises(Unavailable, match="JSON did not take a message"):
            told.run()
        with pytest.raises(Unavailable):
            told.run()
        assert len(receiver.received) == 2, "who can be reached hears all of it"
        assert second.titles == []
        second.down = False
        watch.at += timedelta(seconds=15)
        told.run()
        assert receiver.titles == second.titles, "in the order in which it happened"
        assert len(second.titles) == 2
    finally:
        second.server.shutdown()
        second.server.server_close()


def test_an_address_that_refuses_is_tried_later_each_time_and_given_up_after_a_week(
    db: Db, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, tries = Watch(), list[timedelta]()
    told = outbox(db, receiver, clock=watch)
    receiver.down = True
    opened(db)
    send = AppriseNotifier.send

    def counted(notifier: AppriseNotifier, address: str, message: Message) -> bool:
        tries.append(watch.at - START)
        return send(notifier, address, message)

    monkeypatch.setattr(AppriseNotifier, "send", counted)
    while watch.at <= START + timedelta(hours=4):
        with pytest.raises(Unavailable):
            told.run()
        watch.at += timedelta(seconds=15)
    waits = [int((later - earlier).total_seconds()) for earlier, later in pairwise(tries)]
    assert waits == [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    watch.at = START + timedelta(days=7, seconds=1)
    receiver.down = False
    assert told.run() == "messages sent: 0; too old to be sent: 1"
    assert told.run() == "nothing to tell"
    assert [entry["told"]["to"] for entry in entries(db)] == [0]


def test_a_message_is_marked_after_it_was_sent_so_none_is_lost(
    db: Db, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = outbox(db, receiver)
    opened(db)

    def killed(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("monitor.messages.outbox.change", killed)
        with pytest.raises(KeyboardInterrupt):
            told.run()
    told.run()
    told.run()
    assert len(receiver.received) == 2  # the one repetition that a kill may cause


def test_without_an_address_nothing_is_sent_nor_later(db: Db, receiver: Receiver) -> None:
    incident = opened(db)
    assert "CALLWISE_NOTIFY_URLS is empty" in outbox(db).run()
    told = outbox(db, receiver)
    assert told.run() == "nothing to tell"
    step(db, incident, CALM)
    told.run()
    assert receiver.titles == ["Callwise: Training a new model: the people to call or the economy have changed"]


def test_an_address_that_nobody_understands_is_named_by_its_place_and_not_shown() -> None:
    with pytest.raises(SettingsError, match="address 2") as caught:
        AppriseNotifier(SecretStr("json://127.0.0.1:1/ nonsense://token-of-mine"))
    assert "token-of-mine" not in str(caught.value)


def test_people_are_told_what_to_do_when_they_are_needed(db: Db, receiver: Receiver) -> None:
    finding = Finding(True, "euribor3m:2026-02", "", "the last value is 40 days old")
    incident_store.open_incident(db, "economy:euribor3m", finding, lambda: START)
    outbox(db, receiver).run()
    (message,) = receiver.received
    assert message["title"] == "Callwise: Noticed: the economic figure euribor3m is out of date"
    assert "the figure is fetched again automatically" in message["message"]


# --- the weekly digest ---------------------------------------------------------------------------------------------


class Week:
    """An appliance in a week of March 2026, and a clock moved by hand."""

    def __init__(self, db: Db) -> None:
        self.db, self.at = db, START
        self.models = Succession(db, MODEL, Aliases(), by="trainer", clock=self.clock)

    def clock(self) -> datetime:
        return self.at

    def make(self) -> str:
        return Digest(self.db, MODEL, "monday", 6, "code", clock=self.clock).run()


def test_the_digest_is_made_once_a_week_and_sent_once(db: Db, receiver: Receiver) -> None:
    week, told = Week(db), outbox(db, receiver)
    assert "no digest yet" in week.make()  # installed on a Wednesday, looked at on the same day
    week.models.promote("1", why="the first")
    assert "no digest yet" in week.make()
    db.outcomes.insert_many(
        [{"_id": f"p{n}:1", "at": START + timedelta(hours=n), "positive": n == 0} for n in range(4)]
    )
    opened(db)
    report = {"kind": "drift", "made": {"at": START}, "_id": "drift:1:r9"}
    db.reports.insert_one({**report, "verdict": drift_verdict("1", {"age": 0.2, "job": 0.02})})
    event_log.append(
        db, who="trainer", what=Event.TRAINING_ENDED, subject="run", clock=week.clock, result="refused", outcomes=1
    )
    week.at = datetime(2026, 3, 9, 5, 59, tzinfo=UTC)
    assert "no digest yet" in week.make()
    week.at = datetime(2026, 3, 10, 12, tzinfo=UTC)  # off on Monday at six, on again on Tuesday
    assert week.make() == "made digest:2026-W10"
    assert "digest:2026-W10 is made" in week.make()
    db.incidents.delete_many({})
    told.run()
    told.run()
    (message,) = receiver.received
    assert message["title"] == "Callwise: the week from 02 March to 09 March 2026"
    for words in (
        "4, 1 of them sold (25.0%)", "version 1 is champion", "version 1 promoted: the first", "1 refused",
        "drift: 1 reports, 1 of them found it bad", "drift: 1 of 2 columns moved: age",
        "the people to call or the economy have changed: open, 3 of 20 columns moved", "Needs a decision\n- nothing",
    ):  # fmt: skip
        assert words in message["message"]
    kept = db.reports.find_one({"_id": "digest:2026-W10"})
    assert kept is not None
    assert isinstance(kept["made"]["at"], datetime)
    assert isinstance(kept["told"]["at"], datetime)


def test_what_needs_a_decision_stands_first(db: Db) -> None:
    week = Week(db)
    week.models.promote("1", why="the first")
    incident = step(db, opened(db), CALM)
    from monitor.incidents.facts import Run, RunEnd

    refused = Run(RunEnd.REFUSED, "column 'age' breaks the rule", Gate.DATA)
    step(db, incident, replace(CALM, run=refused))
    week.at = datetime(2026, 3, 9, 6, tzinfo=UTC)
    week.make()
    (kept,) = db.reports.find({"kind": "digest"})
    assert kept["verdict"]["text"].startswith(
        "Needs a decision\n- the people to call or the economy have changed: Great Expectations refused it: column"
    )


def test_what_no_training_mends_says_since_when_and_what_to_do(db: Db, receiver: Receiver) -> None:
    week = Week(db)
    week.models.promote("1", why="the first")
    stale = Finding(True, "euribor3m:2026-02", "", "the last value is 40 days old")
    incident = incident_store.open_incident(db, "economy:euribor3m", stale, lambda: START)
    assert incident is not None
    step(db, incident, replace(CALM, finding=stale, at=START + timedelta(days=14)))
    outbox(db, receiver).run()
    body = receiver.received[1]["message"]
    assert receiver.titles[1] == "Callwise: A person is needed: the economic figure euribor3m is out of date"
    assert "It has lasted for 14 days, since 2026-03-04 09:00 UTC: the last value is 40 days old." in body
    assert "What to do: See what its source answers" in body
    assert "scripts/retrain" not in body
    week.at = START + timedelta(days=20)
    week.make()
    (kept,) = db.reports.find({"kind": "digest"})
    assert "the last value is 40 days old. See what its source answers" in kept["verdict"]["text"].split("\n")[1]
