"""The model keeps itself good, on a live appliance: nobody decides anything here but the appliance itself.

One story in four parts, each of which goes on where the one before ended. Time is that of the machine, so nothing is
asserted about it; every wait is for a fact, with a generous limit. It is set so that a few hundred calls decide what
thousands would: the windows are small, and the looks are seconds apart.
"""

from __future__ import annotations

import math
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from core.clock import now
from core.models.decisions import DecisionKind
from core.models.gates import Gate
from core.schema import Schema
from core.schema.economy import indicators
from core.scoring.logged import by_key, every_row
from core.settings.group import ROOT
from core.stores.mongo import Document, count
from monitor.messages import message
from tests.loop.live import Asker, Live, running
from tests.loop.worlds import FIRST, NUMBERS, SECOND

pytestmark = [pytest.mark.appliance, pytest.mark.timeout(2400)]

WINDOW = 300  # newest people whom drift compares with those before them
HISTORY, OPEN = 1400, 320  # calls of the first world: made before, and still to be made
BATCH, BATCHES = 250, 4  # people of the second world who come in at once; batches before anything is learnt from them
ARRIVED = BATCH * BATCHES  # more than drift compares (three windows), once they have been learnt from
FRESH = OPEN + ARRIVED
CALLERS, SHARE = 2000, 0.05
MOST = 5  # batches in which a trial is decided, and an incident resolved
BROKEN = 60  # calls made while the data source is broken
IMPOSSIBLE = -99.0

SETTINGS = {
    "CALLWISE_RANK_SECONDS": "0.5",
    "CALLWISE_LEVEL_SECONDS": "2",
    "CALLWISE_REVIEW_SECONDS": "6",
    "CALLWISE_TRIAL_SECONDS": "1",
    "CALLWISE_INCIDENT_SECONDS": "1",
    "CALLWISE_NOTIFY_SECONDS": "1",
    "CALLWISE_RETRAIN_SECONDS": "2",
    "CALLWISE_RELOAD_SECONDS": "1",
    "CALLWISE_DRIFT_WINDOW": str(WINDOW),
    # Quality is judged, and another training asked for, once all of the new people have been called, not before.
    "CALLWISE_QUALITY_WINDOW": str(FRESH),
    "CALLWISE_INCIDENT_OUTCOMES": str(FRESH),
    "CALLWISE_RETRAIN_OUTCOMES": "1000000",  # what trains here is incidents
    # With a window that is mostly of the first world no model of the second could be made, and the gates would say so.
    "CALLWISE_TRAINING_WINDOW": str(ARRIVED),
    "CALLWISE_CALIBRATION_SHARE": "0.3",  # of a small window, or the scores promise what a few dozen sales say
    "CALLWISE_SEARCH_TRIALS": "2",
    "CALLWISE_EVERY_VERSION_ON_TRIAL": "true",  # what decides here is the trial
    "CALLWISE_LIST_HOURS": "0",  # all of it happens in one day: levels follow at once
    "CALLWISE_CANARY_SHARE": str(SHARE),
}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, schema: Schema) -> Iterator[Live]:
    with running(tmp_path_factory.mktemp("loop"), schema, SETTINGS) as appliance:
        yield appliance


@pytest.fixture(scope="module")
def asker(live: Live) -> Iterator[Asker]:
    """Somebody asks for scores all the time; at the end no request has failed."""
    rows = FIRST.people(live.schema, 20, seed=20)[live.schema.feature_names].to_dict("records")
    with Asker(live.scoring, rows) as asking:  # type: ignore[arg-type]
        yield asking
    assert asking.failed == []


def test_a_first_model_ranks_people_of_its_kind_and_nothing_is_wrong(live: Live) -> None:
    live.load("history", FIRST.people(live.schema, HISTORY + OPEN, seed=1), known=HISTORY)
    for number in range(1, 3):  # people come by several files, or there would be nobody to compare with
        live.load(f"early-{number}", FIRST.people(live.schema, WINDOW, seed=70 + number))
    first = live.flows.request_training("first model").id
    live.say(f"{HISTORY} calls are known, {OPEN} are still to be made; flow run {first[:8]} was asked for")

    def trained() -> bool:
        run = live.flows.find(first)
        assert run is None or run.under_way or run.state == "COMPLETED", run
        return run is not None and run.state == "COMPLETED"

    live.until("Prefect has trained the first model", trained)
    live.until("version 1 is in service", lambda: live.in_service() == ("1", ""))
    assert len(live.ranked("history")) == OPEN
    judged = live.until("drift was judged", lambda: live.db.reports.find_one({"kind": "drift"}))
    verdict = judged["verdict"]
    assert (verdict["version"], verdict["against"], verdict["drift"]) == ("1", "before", False), verdict
    live.looked("incidents")
    assert live.incidents() == []
    assert live.receiver.told == []


def test_a_shift_is_noticed_learnt_tried_and_promoted(live: Live, asker: Asker) -> None:
    # Of these people as many buy as in their world, or the next model promises too much, and quality is bad at first.
    people = SECOND.people(live.schema, ARRIVED, seed=15)
    arrived = [f"autumn-{number}" for number in range(1, BATCHES + 1)]
    for place, campaign in enumerate(arrived):
        live.load(campaign, people.iloc[place * BATCH : (place + 1) * BATCH])
    for campaign in arrived:
        live.ranked(campaign)
    live.until("the shift was noticed", lambda: live.incidents("drift"))
    live.until(
        "a training was asked for, found nothing to learn from, and waits for outcomes",
        lambda: [one["status"] for one in live.incidents("drift")[0]["history"]][2:] == ["open"],
    )
    assert live.call("history") == OPEN
    assert [live.call(campaign) for campaign in arrived] == [BATCH] * BATCHES
    trial = live.until("a new model is on trial", lambda: live.lineup().trial)
    live.until("the canary is in service", lambda: live.in_service() == ("1", trial.version))
    assert (live.alias("champion"), live.alias("canary")) == ("1", trial.version)
    canary_share(live, trial.version)

    batches = call_until(live, lambda: live.lineup().canary is None, "trial", BATCH, "trial")
    promoted = live.decisions()[-1]
    assert (promoted.what, promoted.version, promoted.by) == (DecisionKind.PROMOTED, trial.version, "monitor")
    assert promoted.evidence["what"] == "promote"
    both_scored(live, batches, trial.version)

    live.until("serving follows", lambda: live.in_service() == (trial.version, ""))
    live.until("the aliases follow", lambda: (live.alias("champion"), live.alias("canary")) == (trial.version, None))
    assert live.alias("previous") == "1"
    follows = live.until("and answers", lambda: answers_of(live, trial.version))
    live.say(f"the first answer by the new champion came {(min(follows) - promoted.at).total_seconds():.1f} s later")
    assert asker.failed == []
    live.say(f"{asker.answered} requests were answered meanwhile, none failed")

    judged = ("drift", "performance", "incidents")
    call_until(live, lambda: not live.active(), "winter", FRESH - len(batches) * BATCH, *judged)
    causes = [one["cause"] for one in live.incidents()]
    assert sorted(causes) == sorted(set(causes)), "one incident a cause"
    for one in live.incidents():
        report = live.db.reports.find_one({"_id": one["history"][-1]["evidence"]["report"]})
        assert report is not None
        verdict = report["verdict"]
        assert verdict["version"] == trial.version
        assert not verdict.get("drift", verdict.get("degraded"))
    asked_once(live)
    told_once(live)


def test_a_broken_source_is_stopped_at_the_gate_and_told_to_people(live: Live, asker: Asker) -> None:
    before = live.decisions()
    known = {one["_id"] for one in live.incidents()}
    feed(live, 1, {name: NUMBERS[name][0] + 2 * NUMBERS[name][1] for name in names(live)})
    live.load("few", SECOND.people(live.schema, BROKEN, seed=3), leave_out_indicators=True)
    live.ranked("few")
    feed(live, 2, {"euribor3m": IMPOSSIBLE})
    live.say(f"the source gives {IMPOSSIBLE:g} for euribor3m")
    assert live.call("few") == BROKEN
    other_units = {"emp.var.rate": 15, "cons.price.idx": 180, "cons.conf.idx": 60, "euribor3m": 0.02, "nr.employed": 5}
    feed(live, 3, other_units)
    live.say("the source gives all figures in other units")
    live.load("many", SECOND.people(live.schema, WINDOW, seed=4), leave_out_indicators=True)
    live.ranked("many")

    def escalated() -> Document | None:
        return next((one for one in live.active() if one["status"] == "escalated"), None)

    found = live.until("people were called for", escalated)
    assert found["_id"] not in known
    assert found["cause"] == "drift"
    assert [entry["status"] for entry in found["history"]] == ["open", "retraining", "escalated"]
    assert found["history"][-1]["why"].startswith("Great Expectations refused it: column 'euribor3m' breaks the rule")
    assert f"in {BROKEN} of" in found["history"][-1]["why"]
    assert found["history"][-1]["evidence"]["gate"] == Gate.DATA
    assert [one["_id"] for one in live.incidents("drift")] == [
        *(k for k in known if k.startswith("drift")),
        found["_id"],
    ]
    assert live.decisions() == before, "the champion was left alone"
    asked_once(live)
    told_once(live)
    assert asker.failed == []


def test_a_rollback_is_one_step_and_stays(live: Live, asker: Asker) -> None:
    champion = live.lineup().champion
    listed = command(live, "models")
    live.say("scripts/models says:")
    print(listed, flush=True)  # noqa: T201
    for taken in live.decisions():
        assert f"version {taken.version:<4} {taken.what:<12} by {taken.by}" in listed
    assert f"Champion: version {champion} since" in listed
    assert "A rollback goes to version 1." in listed
    said = command(live, "rollback", "--why", "the test asks for it")
    live.say(f"scripts/rollback says: {said.strip()}")
    assert said == f"Version 1 is champion again instead of {champion}. Serving follows in seconds.\n"
    live.until("serving follows", lambda: live.in_service() == ("1", ""))
    assert (live.alias("champion"), live.alias("previous")) == ("1", None)
    live.looked("trial", "incidents", "retrain", "drift", times=3)
    back = live.decisions()[-1]
    assert (back.what, back.version, back.why) == (DecisionKind.ROLLED_BACK, "1", "the test asks for it")
    assert live.in_service() == ("1", "")
    assert asker.failed == []
    live.say(f"{asker.answered} requests were answered in all, none failed")


def canary_share(live: Live, canary: str) -> None:
    """About 5% of people are the canary's, the same whenever they are asked for, and both models score everybody."""
    callers = SECOND.people(live.schema, CALLERS, seed=5)
    keys = [f"caller:{number:04d}" for number in range(CALLERS)]
    once, twice = live.scores(callers, keys), live.scores(callers, keys)
    assert [score.route for score in once] == [score.route for score in twice]
    assert {(score.route, score.version) for score in once} == {("champion", "1"), ("canary", canary)}
    routed = sum(score.route == "canary" for score in once)
    spread = 5 * math.sqrt(CALLERS * SHARE * (1 - SHARE))  # wrong once in a million appliances
    assert abs(routed - CALLERS * SHARE) < spread
    live.say(f"{routed} of {CALLERS} people are the canary's, the same ones when asked again")


def call_until(live: Live, holds: Callable[[], bool], name: str, size: int, *jobs: str) -> list[str]:
    """`size` people come in and are called, again and again until `holds`, once `jobs` have looked; the campaigns."""
    campaigns: list[str] = []
    while not holds():
        assert len(campaigns) < MOST, f"{len(campaigns) * size} calls were not enough; {live.active()}"
        campaigns.append(f"{name}-{len(campaigns) + 1}")
        live.load(campaigns[-1], SECOND.people(live.schema, size, seed=1000 + len(live.truth)))
        live.ranked(campaigns[-1])
        live.call(campaigns[-1])
        live.looked(*jobs)
    return campaigns


def answers_of(live: Live, champion: str) -> list[datetime]:
    """When the version answered as champion."""
    return [row["at"] for row in every_row(live.db) if (row["version"], row["route"]) == (champion, "champion")]


def both_scored(live: Live, campaigns: list[str], canary: str) -> None:
    """In the log both models' scores stand for everybody on the list, and the list used the one of the route."""
    asked = list(live.db.prospects.find({"campaign": {"$in": campaigns}}))
    listed = [one for one in asked if f"+{canary}@" in (one["ranked_by"] or "")]
    logged = by_key(live.db, [one["prediction"] for one in listed])
    assert len(listed) == len(logged) > 0
    for prospect in listed:
        said = logged[prospect["prediction"]]
        assert {said["version"], said["shadow_version"]} == {"1", canary}
        assert None not in (said["score"], said["shadow_score"])
        assert (prospect["score"], prospect["score_route"]) == (said["score"], said["route"])
        assert said["version"] == (canary if said["route"] == "canary" else "1")
    routed = sum(one["route"] == "canary" for one in logged.values())
    live.say(f"the canary's score put {routed} of {len(listed)} people of the trial into their place on the list")
    assert routed > 0


def asked_once(live: Live) -> None:
    """Prefect has one flow run for each attempt of each incident, the one asked for by hand, and no other."""
    keys = [run["idempotency_key"] for run in live.runs()]
    attempts = [f"{one['_id']}:{n}" for one in live.incidents() for n in range(1, one["attempts"] + 1)]
    assert sorted(filter(None, keys)) == sorted(attempts)
    assert keys.count(None) == 1
    live.say(f"Prefect was asked {len(attempts)} times, once an attempt")


def told_once(live: Live) -> None:
    """For each state of each incident one message came, in their order."""
    live.until("everybody was told", lambda: not count(live.db.incidents, {"outbox": True}))
    for one in live.incidents():
        places = [place for place, entry in enumerate(one["history"]) if entry["tell"]]
        assert live.receiver.of(one["_id"]) == [message.of_incident(one, place).title for place in places]
        states = [entry["status"] for entry in one["history"]]
        assert all(before != after for before, after in pairwise(states))
    assert len(live.receiver.told) == sum(entry["tell"] for one in live.incidents() for entry in one["history"])
    live.say(f"{len(live.receiver.told)} messages came, one for each state")


def names(live: Live) -> list[str]:
    return [column.name for column in indicators(live.schema)]


def feed(live: Live, day: int, values: dict[str, float]) -> None:
    """A data source writes its figures of a day, past all who would check them."""
    at = now()
    period = f"{at - timedelta(days=10 - day):%Y-%m-%d}"
    for name, value in values.items():
        vintage = {"value": float(value), "known": {"at": at}, "source": "a broken feed"}
        named = {"_id": f"{name}:{period}", "series": name, "period": period, "unit": "?"}
        live.db.indicators.insert_one({**named, "vintages": [vintage], "revision": 1, "seen": {"at": at}})


def command(live: Live, name: str, *arguments: str) -> str:
    """What one of the commands for people says of this appliance."""
    env = {**os.environ, "CALLWISE_STATE": str(live.appliance.state.path)}
    script = [str(Path(ROOT) / "scripts" / name), *arguments]
    return subprocess.run(script, env=env, capture_output=True, text=True, check=True, timeout=300).stdout
