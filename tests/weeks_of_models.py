"""A campaign that has run for some weeks: calls, decisions, reports, incidents and figures of the economy, made up.

What the pages of managers and engineers are drawn from, for their tests and for looking at them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from core.models import trials
from core.models.succession import Succession
from core.schema import Schema
from core.schema.column import Column, Value
from core.schema.economy import indicators
from core.scoring.kept_predictions import KEPT_PREDICTIONS, with_newest
from core.stores import event_log
from core.stores.events import Event, cause_event
from core.stores.mongo import Db
from tests.drift_reports import LIMIT, drift_verdict

MODEL, CAMPAIGN = "prospect-scorer", "spring"
MIDDLES = {"euribor3m": 2.5, "cons.price.idx": 96.0, "cons.conf.idx": -20.0, "nr.employed": 5050.0}
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def monday(at: datetime) -> datetime:
    """The Monday at or before `at`, at midnight UTC."""
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def fill(db: Db, schema: Schema, at: datetime, *, people: int = 400) -> None:
    """Five weeks up to `at`: three champions and a canary on trial, two incidents, reports every day, all seeded."""
    began, rng = monday(at) - 35 * DAY, random.Random(7)
    _models(db, began)
    _reports(db, schema, began, at, rng)
    _incidents(db, began)
    _economy(db, schema, at)
    _campaign(db, schema, began, at, people, rng)


def measured(version: str = "1", *, broken: Sequence[str] = (), auc: float = 0.74) -> dict[str, Any]:
    """A quality verdict as monitoring keeps it."""
    found = {"size": 500, "auc": auc, "sales": 55, "top_half_capture": 0.81, "log_loss": 0.3, "brier": 0.09}
    promise = {"auc": 0.76, "conversion": 0.12}
    return {
        "version": version, "quality": found, "promise": promise, "reference": {**found, "auc": 0.8},
        "broken": list(broken), "degraded": bool(broken),
    }  # fmt: skip


def report(db: Db, kind: str, key: str, at: datetime, found: Mapping[str, Any]) -> None:
    """Keep a report as monitoring does, with its picture in Evidently."""
    snapshot = {"id": f"s-{key}", "page": f"http://evidently:8000/projects/p/reports/s-{key}"}
    kept = {**found, "until": at, "since": at - DAY}
    db.reports.insert_one({"_id": key, "kind": kind, "verdict": kept, "made": {"at": at}, "snapshot": snapshot})


def evidence(*, what: str = "promote") -> dict[str, Any]:
    """The figures of a trial, as `monitor.trials.evidence.Verdict.document` gives them."""
    score = {"estimate": 0.0123, "low": 0.0011, "high": 0.0235, "better": 24.1, "worse": 0.02}
    ranking = {"estimate": 0.021, "low": -0.004, "high": 0.046, "better": 3.2, "worse": 0.1}
    segment = {"name": "job student", "outcomes": 240, "loss": 0.03, "evidence": 400.0, "reached": True}
    facts = {"outcomes": 512, "sales": 61, "routed": 27, "auc": 0.014, "segments": [segment]}
    return {"what": what, "why": "the canary is better", **facts, "score": score, "ranking": ranking}


def _after(began: datetime, days: float) -> datetime:
    return began + days * DAY


def _models(db: Db, began: datetime) -> None:
    def at(days: float, who: str) -> Succession:
        return Succession(db, MODEL, None, by=who, clock=lambda: began + days * DAY)

    at(0.2, "trainer").promote("1", why="on the newest 600 outcomes it gains 0.012 nats a call on the base rate")
    for version, day in (("2", 8), ("3", 17), ("4", 26), ("5", 33)):
        incident = "drift:r1" if version == "3" else None
        reason = "on schedule: the last training ended 7 days ago" if version == "2" else "enough new outcomes: 540"
        event_log.append(
            db, who="trainer", what=Event.TRAINING_ENDED, subject=f"00000000-0000-0000-0000-00000000000{version}",
            why="it is not shown to be worse", result="on trial", version=version, gate=None, outcomes=1000,
            reason="drift" if incident else reason, incident=incident, clock=partial(_after, began, day),
        )  # fmt: skip
        at(day, "trainer").start_trial(version, why="it is not shown to be worse than the champion", incident=incident)
        if version in "23":
            at(day + 4, "monitor").promote_canary(
                version, why="promote: the canary is better", incident=incident, evidence=evidence()
            )
        if version == "4":
            at(day + 2, "monitor").end_trial(
                version, why="it failed 9 of 100 requests", evidence={"guardrail": "failed"}
            )
    trials.store_evidence(
        db,
        trials.TrialEvidence(
            "5", "go on: no difference is shown yet, of at most 2000 outcomes", began + 34 * DAY, evidence(what="go on")
        ),
    )


def _reports(db: Db, schema: Schema, began: datetime, at: datetime, rng: random.Random) -> None:
    version = "1"
    for day in range(35):
        made = began + day * DAY + 9 * HOUR
        version = "3" if day >= 21 else "2" if day >= 12 else "1"
        moving = 0.01 * max(0, day - 12) if day < 21 else 0.02
        distances = {}
        columns = []
        for column in schema.features:
            base = rng.uniform(0.01, 0.06)
            if column.role == "indicator":
                continue
            distances[column.name] = round(base + (moving * 3 if column.role == "history" else 0), 4)
            shape = _shape(column, distances[column.name], rng)
            columns.append(
                {"column": column.name, "method": "jensenshannon", "distance": distances[column.name],
                 "limit": LIMIT, "drifted": distances[column.name] >= LIMIT, "shape": shape}
            )  # fmt: skip
        economy = [_indicator(column) for column in indicators(schema)]
        found = {**drift_verdict(version, distances), "columns": columns, "economy": economy}
        if made < at:
            report(db, "drift", f"drift:{version}:r{day}", made, found)
            broken = ["the ranking is worse than promised"] if 18 <= day < 21 else []
            report(
                db, "performance", f"performance:{version}:r{day}", made + HOUR, measured(version, broken=broken)
            )  # fmt: skip


def _indicator(column: Column) -> dict[str, Any]:
    middle = MIDDLES.get(column.name, 0.4)
    ends = {"least": middle - abs(middle) / 30, "most": middle + abs(middle) / 30}
    return {"column": column.name, "now": middle, **ends, "distance": 0.0, "moved": False}


def _shape(column: Column, moved: float, rng: random.Random) -> dict[str, Any]:
    labels = list(column.categories)[:10] if column.is_category else [f"{n} to {n + 1}" for n in range(10)]
    weights = [rng.uniform(0.2, 1.0) for _ in labels]
    shifted = [weight * (1 + 6 * moved * place / len(labels)) for place, weight in enumerate(weights)]
    return {
        "labels": labels,
        "before": [weight / sum(weights) for weight in weights],
        "now": [weight / sum(shifted) for weight in shifted],
        "least": None,
        "most": None,
    }


def _incidents(db: Db, began: datetime) -> None:
    def entry(day: float, status: str, why: str) -> dict[str, Any]:
        return {"status": status, "at": began + day * DAY, "why": why, "tell": True, "told": {"to": 0}, "evidence": {}}

    lives = {
        "drift": [
            entry(
                16, "open", "5 of 19 columns moved: emp.var.rate, cons.price.idx, cons.conf.idx, euribor3m, nr.employed"
            ),
            entry(16.1, "retraining", "training 1 was asked for: 5 of 19 columns moved"),
            entry(17, "canary", "version 3 passed every gate and is tried on a share of the calls"),
            entry(22, "resolved", "it is well with version 3; version 3 was promoted"),
        ],
        "economy:euribor3m": [
            entry(20, "open", "the last value is 60 days old"),
            entry(34, "escalated", "It has lasted for 14 days: the last value is 60 days old"),
        ],
    }
    for cause, history in lives.items():
        seen = {"by": "Mia *K*", "at": history[-1]["at"]} if cause != "drift" else None
        db.incidents.insert_one(
            {"_id": f"{cause}:r1", "cause": cause, "status": history[-1]["status"], "history": history,
             "opened": {"at": history[0]["at"], "report": "r1", "why": history[0]["why"]}, "acknowledged": seen,
             "last": {"at": history[-1]["at"]}, "revision": 4, "attempts": 1, "run": None, "version": "3",
             "asked_at": 0, "refusals": 0, "steps": len(history), "earlier": [], "outbox": False, "unlogged": False}
        )  # fmt: skip


def _economy(db: Db, schema: Schema, at: datetime) -> None:
    rng, first = random.Random(3), at.year * 12 + at.month - 31
    for column in indicators(schema):
        level = MIDDLES.get(column.name, 0.4)
        for month in range(30):
            year, place = divmod(first + month, 12)
            level += rng.gauss(0, abs(level) / 60 + 0.02)
            known = datetime(year, place + 1, 1, tzinfo=UTC) + 40 * DAY
            source = "ECB FM/M.U2.EUR" if column.name == "euribor3m" else "ESTAT PRC_HICP_MINR/M.I25"
            vintages = [{"value": round(level, 3), "known": {"at": known}, "source": source}]
            if month in (20, 27):
                vintages.append({"value": round(level * 1.01, 3), "known": {"at": known + 30 * DAY}, "source": source})
            db.indicators.insert_one(
                {"_id": f"{column.name}:{year}-{place + 1:02d}", "series": column.name, "unit": column.unit,
                 "period": f"{year}-{place + 1:02d}", "vintages": vintages, "revision": len(vintages),
                 "seen": {"at": at - 5 * HOUR}}
            )  # fmt: skip
    why = "Euribor 3 months: the newest value is 60 days after its end, at most 45 are usual"
    event_log.append(
        db, who="monitor", what=cause_event("economy:euribor3m", "stale"), subject="e1", why=why, clock=lambda: at - DAY
    )
    db.appliance.insert_one({"_id": "monitor:economy:euribor3m", "state": "stale", "report": "e1"})


def person(schema: Schema, rng: random.Random) -> dict[str, Value]:
    """Somebody who fits the schema."""
    made: dict[str, Value] = {}
    for column in schema.features:
        if column.is_category:
            made[column.name] = rng.choices(column.categories, [1 / (n + 1) for n in range(len(column.categories))])[0]
        elif column.name == "age":
            made[column.name] = int(min(95, max(18, rng.gauss(41, 13))))
        elif column.type == "integer":
            made[column.name] = rng.choice([999, 999, 999, 3, 6]) if column.special else rng.randint(1, 3)
        else:
            made[column.name] = MIDDLES.get(column.name, 0.4)
    return made


def _campaign(db: Db, schema: Schema, began: datetime, at: datetime, people: int, rng: random.Random) -> None:
    db.campaigns.insert_one({"_id": CAMPAIGN, "title": "Spring", "created_at": began, "schema": schema.hash})
    prospects, predictions, outcomes = [], [], []
    for number in range(people):
        features, key = person(schema, rng), f"{CAMPAIGN}:{number:05d}"
        chance = min(0.9, max(0.01, rng.betavariate(1.2, 8) + (0.08 if features["job"] == "student" else 0)))
        called = number % 2 == 0
        when = began + (at - began) * (number / people)
        status = "done" if called else "open"
        prospects.append(
            {"_id": key, "campaign": CAMPAIGN, "ref": f"{number:05d}", "status": status, "score": chance,
             "features": features, "claim": {"by": None, "until": None}, "score_version": "3",
             "prediction": f"r:{number}", KEPT_PREDICTIONS: with_newest({}, f"r:{number}", when - HOUR)}
        )  # fmt: skip
        predictions.append(
            {"_id": f"r:{number}", "request": "r", "prospect": key, "features": features, "score": chance,
             "version": "3", "route": "champion", "at": when - HOUR, "shadow_version": "5", "shadow_score": chance,
             "level": 0.0, "shadow_level": 0.0}
        )  # fmt: skip
        if called:
            sold = rng.random() < chance
            outcomes.append(
                {"_id": f"{key}:1", "prospect": key, "campaign": CAMPAIGN, "call": 1, "agent": f"Agent {number % 5}",
                 "result": "sold" if sold else "refused", "positive": sold, "at": when}
            )  # fmt: skip
    db.prospects.insert_many(prospects)
    db.predictions.insert_many(predictions)
    db.outcomes.insert_many(outcomes)
