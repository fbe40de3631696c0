"""The weekly digest: what the appliance saw and did in a week, and what people have to decide.

A digest is due once a week, at a weekday and hour (UTC), on the seven days before. It is stored in `reports` under the
ISO week in which these began, and sent once through the outbox. An appliance that was off at that hour makes it later,
on the same seven days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import ASCENDING

from core.clock import Clock, now
from core.oversight import incident_words, reviews
from core.oversight.report_words import REPORTS, words
from core.oversight.week import WEEK, Facts, gather_facts, latest_reason, week_name
from core.stores.mongo import Db, reachable
from monitor.reports.shelf import write_report

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def due(at: datetime, weekday: str, hour: int) -> datetime:
    """The last moment up to `at` at which a digest was due."""
    days = (at.weekday() - DAYS.index(weekday)) % 7
    moment = (at - timedelta(days=days)).replace(hour=hour, minute=0, second=0, microsecond=0)
    return moment if moment <= at else moment - WEEK


def key(until: datetime) -> str:
    """The natural key of the digest of the week up to `until`."""
    return f"digest:{week_name(until - WEEK)}"


@dataclass(frozen=True)
class Digest:
    """Makes the digest of `model`'s appliance on `weekday` at `hour` UTC; `page` is the address of the screens."""

    db: Db
    model: str
    weekday: str
    hour: int
    code_version: str
    page: str | None = None
    clock: Clock = now

    def run(self) -> str:
        """Make the digest of the past week, unless it exists. Raises Unavailable."""
        until = due(self.clock(), self.weekday, self.hour)
        since, name = until - WEEK, key(until)
        with reachable():
            if self.db.reports.find_one({"_id": name}) is not None:
                return f"{name} is made; the next is made on {until + WEEK:%A %Y-%m-%d %H:%M} UTC"
            first = self.db.events.find_one(sort=[("_id", ASCENDING)])
            if first is None or first["at"] >= until:
                return f"no digest yet: nothing happened before {until:%A %Y-%m-%d %H:%M} UTC"
            found = gather_facts(self.db, self.model, since, until)
            unsigned = reviews.unsigned(self.db, self.model, since)
            needs = [*found.needs, *([reviews.unsigned_sentence(unsigned)] if unsigned else [])]
            verdict = {
                "calls": found.calls,
                "sales": found.sales,
                "champion": found.lineup.champion,
                "needs": needs,
                "trainings": found.trainings,
                "judged": {cause: len(found.reports_on(cause)) for cause in REPORTS},
                "bad": {cause: found.bad(cause) for cause in REPORTS},
                "title": f"Callwise: the week from {since:%d %B} to {until:%d %B %Y}",
                "text": text(found, needs, self.page),
                "week": {"from": since, "until": until},
                "code_version": self.code_version,
            }
        write_report(self.db, name, "digest", verdict, self.clock(), told=None)
        return f"made {name}"


def text(found: Facts, needs: Sequence[str], page: str | None = None) -> str:
    """The digest for people; `needs` is what waits for a person."""
    sold = f", {found.sales} of them sold ({found.sales / found.calls:.1%})" if found.calls else ""
    champion = found.lineup.champion
    reports, newest = [], []
    for cause, (kind, _) in REPORTS.items():
        mine = found.reports_on(cause)
        reports.append(f"{cause}: {len(mine)} reports, {found.bad(cause)} of them found it bad")
        newest += [f"{cause}: {words(kind, mine[-1]['verdict'])}"] if mine else []
    decided = [f"version {one.version} {one.what.value}: {one.why}" for one in found.taken]
    trainings = [f"{number} {result}" for result, number in sorted(found.trainings.items())]
    incidents = [
        f"{incident_words.cause_name(one['cause'])}: {one['status']}, {latest_reason(one)}" for one in found.incidents
    ]
    parts = [
        ("Needs a decision", needs or ["nothing"]),
        ("Calls", [f"{found.calls}{sold}"]),
        ("Model", [f"version {champion} is champion" if champion else "none in use", *decided]),
        ("Trainings", trainings or ["none"]),
        ("Is the ranking still right?", [*reports, *newest]),
        ("Incidents", incidents or ["none"]),
    ]
    lines = [f"{head}\n" + "\n".join(f"- {line}" for line in lines) for head, lines in parts]
    return "\n\n".join([*lines, *([page] if page else [])])
