"""A week's facts, the same in the digest that is sent and in the review that managers sign."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pymongo import ASCENDING

from core.models.decisions import Decision, State, decisions, state
from core.oversight import incident_words
from core.oversight.incidents import ACTIVE
from core.oversight.report_words import REPORTS
from core.stores.embedded_mongo import count_between
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable

WEEK = timedelta(days=7)
_NAME = re.compile(r"(\d{4})-W(\d{2})")


def name(at: datetime) -> str:
    """The ISO week that `at` is in, by UTC: `2026-W47`."""
    year, week, _ = at.astimezone(UTC).isocalendar()
    return f"{year}-W{week:02d}"


def span(week: str) -> tuple[datetime, datetime]:
    """When an ISO week begins and ends (the end is not in it), UTC. Raises ValueError where there is no such week."""
    found = _NAME.fullmatch(week)
    if found is None:
        raise ValueError(f"{week!r} is not an ISO week such as 2026-W47")
    monday = datetime.fromisocalendar(int(found[1]), int(found[2]), 1).replace(tzinfo=UTC)
    return monday, monday + WEEK


@dataclass(frozen=True)
class Facts:
    """What happened from one moment to before another; incidents and the hold as they stand when asked.

    `reports`: of drift and quality, the oldest first. `trainings`: how many ended how. `incidents`: opened in that
    time, or not resolved. `taken`: decisions in that time; `lineup`: what all decisions until its end add up to;
    `hold`: the hold that stands now. `stale`: causes whose source is out of date now.
    """

    calls: int
    sales: int
    reports: Sequence[Document]
    taken: Sequence[Decision]
    lineup: State
    hold: Decision | None
    trainings: dict[str, int]
    incidents: Sequence[Document]
    stale: Sequence[str]

    def reports_on(self, cause: str) -> list[Document]:
        """The reports on `cause` (drift, quality), the oldest first."""
        return [report for report in self.reports if report["kind"] == REPORTS[cause][0]]

    def bad(self, cause: str) -> int:
        """How many of them found it bad."""
        return sum(bool(report["verdict"][REPORTS[cause][1]]) for report in self.reports_on(cause))

    @property
    def needs(self) -> list[str]:
        """What waits for a person: escalated incidents, sources out of date, a hold. A sentence each."""
        escalated = [
            f"{incident_words.name(one['cause'])}: {last(one).rstrip('.')}. "
            f"{incident_words.follows(one['cause'], one['status'])[1]}"
            for one in self.incidents
            if one["status"] == "escalated"
        ]
        told = {one["cause"] for one in self.incidents if one["status"] == "escalated"}
        stale = [
            f"{incident_words.name(cause)}. {incident_words.follows(cause, 'open')[1]}"
            for cause in self.stale
            if cause not in told
        ]
        return [*escalated, *stale, *([held(self.hold)] if self.hold else [])]


def held(hold: Decision) -> str:
    """A hold in one sentence, with what to do."""
    why = hold.why.rstrip(".")
    return (
        f"{hold.by} holds the champion since {hold.at:%Y-%m-%d %H:%M} UTC: {why}. Nothing is promoted and no training "
        "is asked for until that is released on the page Models."
    )


def last(incident: Document) -> str:
    """The last that is known of an incident."""
    return str(incident["history"][-1]["why"])


def gather(db: Db, model: str, since: datetime, until: datetime) -> Facts:
    """The facts from `since` to before `until`. Raises Unavailable."""
    within = {"$gte": since, "$lt": until}
    kinds = [kind for kind, _ in REPORTS.values()]
    everything = decisions(db, model)
    with reachable():
        calls = count_between(db.outcomes, "at", within)
        sales = count_between(db.outcomes, "at", within, positive=True)
        reports = list(db.reports.find({"made.at": within, "kind": {"$in": kinds}}))
        ended = list(db.events.find({"what": Event.TRAINING_ENDED, "at": within}))
        incidents = list(db.incidents.find({"$or": [{"opened.at": within}, ACTIVE]}).sort([("_id", ASCENDING)]))
        sources = [str(fact["_id"]).removeprefix("monitor:") for fact in db.appliance.find({"state": "stale"})]
    taken = [one for one in everything if one.at < until]
    return Facts(
        calls=calls,
        sales=sales,
        reports=sorted(reports, key=lambda one: (one["made"]["at"], one["_id"])),
        taken=[one for one in taken if one.at >= since],
        lineup=state(taken),
        hold=state(everything).hold,
        trainings=dict(Counter(str(event["details"]["result"]) for event in ended)),
        incidents=incidents,
        stale=sorted(sources),
    )
