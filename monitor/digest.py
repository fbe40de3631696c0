"""The weekly digest: what the appliance saw and did in a week, and what it leaves to people.

Made once a week, at a weekday and hour (UTC), of the seven days before; kept in `reports` under the ISO week in which
they began, and sent once through the outbox. An appliance that was off at that hour makes it when it is on again, of
the same seven days.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from pymongo import ASCENDING

from core import incident_words
from core.clock import Clock, now
from core.incidents import ACTIVE
from core.mongo import Db, Document, reachable
from core.succession import decisions, state
from monitor import causes

WEEK = timedelta(days=7)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Facts:
    """A week's facts. Lists hold one sentence each; `judged` and `bad`: reports by kind, and how many found it bad."""

    calls: int
    sales: int
    judged: dict[str, int]
    bad: dict[str, int]
    newest: list[str]
    decisions: list[str]
    trainings: dict[str, int]
    incidents: list[str]
    needs: list[str]
    champion: str | None


def due(at: datetime, weekday: str, hour: int) -> datetime:
    """The last moment until `at` at which a digest was to be made."""
    days = (at.weekday() - DAYS.index(weekday)) % 7
    moment = (at - timedelta(days=days)).replace(hour=hour, minute=0, second=0, microsecond=0)
    return moment if moment <= at else moment - WEEK


def key(until: datetime) -> str:
    """The natural key of the digest of the week up to `until`."""
    year, week, _ = (until - WEEK).isocalendar()
    return f"digest:{year}-W{week:02d}"


@dataclass(frozen=True)
class Digest:
    """Makes the digest of `model`'s appliance on `weekday` at `hour` UTC; `page` is where people look."""

    db: Db
    model: str
    weekday: str
    hour: int
    code_version: str
    page: str | None = None
    clock: Clock = now

    def run(self) -> str:
        """Make the digest of the week that is over, unless it is there. Raises Unavailable."""
        until = due(self.clock(), self.weekday, self.hour)
        since, name = until - WEEK, key(until)
        with reachable():
            if self.db.reports.find_one({"_id": name}) is not None:
                return f"{name} is made; the next is made on {until + WEEK:%A %Y-%m-%d %H:%M} UTC"
            first = self.db.events.find_one(sort=[("_id", ASCENDING)])
            if first is None or first["at"] >= until:
                return f"no digest yet: nothing happened before {until:%A %Y-%m-%d %H:%M} UTC"
            found = gather(self.db, self.model, since, until)
            verdict = {
                **asdict(found),
                "title": f"Callwise: the week from {since:%d %B} to {until:%d %B %Y}",
                "text": text(found, self.page),
                "week": {"from": since, "until": until},
                "code_version": self.code_version,
            }
            document = {"kind": "digest", "verdict": verdict, "made": {"at": self.clock()}, "snapshot": None}
            self.db.reports.update_one({"_id": name}, {"$setOnInsert": {**document, "told": None}}, upsert=True)
        return f"made {name}"


def gather(db: Db, model: str, since: datetime, until: datetime) -> Facts:
    """The facts of the week from `since` to before `until`; incidents as they stand now. Raises Unavailable."""
    within = {"$gte": since, "$lt": until}
    kinds = [kind for kind, _ in causes.REPORTS.values()]
    taken = [one for one in decisions(db, model) if one.at < until]
    with reachable():
        # Not `core.mongo.count`: in a pipeline the embedded server compares no times.
        calls = db.outcomes.count_documents({"at": within})
        sales = db.outcomes.count_documents({"at": within, "positive": True})
        reports = list(db.reports.find({"made.at": within, "kind": {"$in": kinds}}))
        ended = list(db.events.find({"what": "training ended", "at": within}))
        incidents = list(db.incidents.find({"$or": [{"opened.at": within}, ACTIVE]}).sort([("_id", ASCENDING)]))
    judged, bad, newest = {}, {}, []
    for cause, (kind, field) in causes.REPORTS.items():
        mine = sorted((one for one in reports if one["kind"] == kind), key=lambda one: one["made"]["at"])
        judged[cause], bad[cause] = len(mine), sum(bool(one["verdict"][field]) for one in mine)
        if mine:
            newest.append(f"{cause}: {causes.words(kind, mine[-1]['verdict'])}")
    return Facts(
        calls=calls,
        sales=sales,
        judged=judged,
        bad=bad,
        newest=newest,
        decisions=[f"version {one.version} {one.what.value}: {one.why}" for one in taken if one.at >= since],
        trainings=dict(Counter(str(event["details"]["result"]) for event in ended)),
        incidents=[f"{incident_words.name(one['cause'])}: {one['status']}, {_last(one)}" for one in incidents],
        needs=[
            f"{incident_words.name(one['cause'])}: {_last(one).rstrip('.')}. {_then(one)}"
            for one in incidents
            if one["status"] == "escalated"
        ],
        champion=state(taken).champion,
    )


def text(found: Facts, page: str | None = None) -> str:
    """The digest for people."""
    sold = f", {found.sales} of them sold ({found.sales / found.calls:.1%})" if found.calls else ""
    reports = [
        f"{cause}: {found.judged[cause]} reports, {found.bad[cause]} of them found it bad" for cause in found.judged
    ]
    trainings = [f"{number} {result}" for result, number in sorted(found.trainings.items())]
    parts = [
        ("Needs a decision", found.needs or ["nothing"]),
        ("Calls", [f"{found.calls}{sold}"]),
        ("Model", [f"version {found.champion} is champion" if found.champion else "none in use", *found.decisions]),
        ("Trainings", trainings or ["none"]),
        ("Is the ranking still right?", [*reports, *found.newest]),
        ("Incidents", found.incidents or ["none"]),
    ]
    lines = [f"{head}\n" + "\n".join(f"- {line}" for line in lines) for head, lines in parts]
    return "\n\n".join([*lines, *([page] if page else [])])


def _last(incident: Document) -> str:
    return str(incident["history"][-1]["why"])


def _then(incident: Document) -> str:
    return incident_words.follows(incident["cause"], incident["status"])[1]
