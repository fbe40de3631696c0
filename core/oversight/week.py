"""A week's facts, for the digest that is sent and the review that managers sign."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pymongo import ASCENDING

from core.models.decisions import Decision, SuccessionState, decisions, state_of
from core.oversight import incident_words
from core.oversight.incidents import ACTIVE
from core.oversight.report_words import REPORTS
from core.scoring.predictions_before import DATED
from core.sentences import Sentence, said_in
from core.stores.embedded_mongo import count_between
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable

WEEK = timedelta(days=7)
_NAME = re.compile(r"(\d{4})-W(\d{2})")


def week_name(at: datetime) -> str:
    """The ISO week of `at` in UTC, such as `2026-W47`."""
    year, week, _ = at.astimezone(UTC).isocalendar()
    return f"{year}-W{week:02d}"


def week_bounds(week: str) -> tuple[datetime, datetime]:
    """The begin and the (exclusive) end of an ISO week in UTC. Raises ValueError where there is no such week."""
    numbers = _NAME.fullmatch(week)
    if numbers is None:
        raise ValueError(f"{week!r} is not an ISO week such as 2026-W47")
    monday = datetime.fromisocalendar(int(numbers[1]), int(numbers[2]), 1).replace(tzinfo=UTC)
    return monday, monday + WEEK


@dataclass(frozen=True)
class Facts:
    """The facts of a period; `incidents`, `hold` and `stale` are in their present state.

    `reports`: of drift and quality, the oldest first. `taken`: the period's decisions. `lineup`: the state at its end.
    `trainings`: their number by result. `incidents`: opened then, or unresolved. `stale`: causes with outdated sources.
    """

    calls: int
    sales: int
    reports: Sequence[Document]
    taken: Sequence[Decision]
    lineup: SuccessionState
    hold: Decision | None
    trainings: dict[str, int]
    incidents: Sequence[Document]
    stale: Sequence[str]

    def reports_on(self, cause: str) -> list[Document]:
        """The reports on `cause` (drift, quality), the oldest first."""
        return [report for report in self.reports if report["kind"] == REPORTS[cause][0]]

    def bad(self, cause: str) -> int:
        """The number of bad reports on `cause`."""
        return sum(bool(report["verdict"][REPORTS[cause][1]]) for report in self.reports_on(cause))

    @property
    def needs(self) -> list[str]:
        """What waits for a person, each in a sentence: escalated incidents, sources out of date, a hold."""
        escalated = [incident for incident in self.incidents if incident["status"] == "escalated"]
        sentences = [
            Sentence(
                "{cause}: {why}. {what}",
                cause=incident_words.cause_name(incident["cause"]),
                why=latest_reason(incident),
                what=incident_words.kept_and_next(incident["cause"], "escalated")[1],
            )
            for incident in escalated
        ]
        sentences += [
            Sentence(
                "{cause}. {what}",
                cause=incident_words.cause_name(cause),
                what=incident_words.kept_and_next(cause, "open")[1],
            )
            for cause in self.stale
            if cause not in {incident["cause"] for incident in escalated}
        ]
        return [*sentences, *([hold_sentence(self.hold)] if self.hold else [])]


def hold_sentence(hold: Decision) -> str:
    """A hold in words, with what to do."""
    return Sentence(
        "{who} holds the champion since {when} UTC: {why}. Nothing is promoted and no training is requested until the "
        "hold is released on the page Models.",
        who=hold.by,
        when=f"{hold.at:%Y-%m-%d %H:%M}",
        why=hold.why.rstrip("."),
    )


def latest_reason(incident: Document) -> str:
    """The reason of an incident's latest entry."""
    return said_in(incident["history"][-1])


def gather_facts(db: Db, model: str, since: datetime, until: datetime) -> Facts:
    """The facts from `since` to before `until`. Raises Unavailable."""
    within = {"$gte": since, "$lt": until}
    all_decisions = decisions(db, model)
    with reachable():
        calls = count_between(db.outcomes, "at", within, **DATED)
        sales = count_between(db.outcomes, "at", within, positive=True, **DATED)
        reports = list(db.reports.find({"made.at": within, "kind": {"$in": [kind for kind, _ in REPORTS.values()]}}))
        ended = list(db.events.find({"what": Event.TRAINING_ENDED, "at": within}))
        incidents = list(db.incidents.find({"$or": [{"opened.at": within}, ACTIVE]}).sort([("_id", ASCENDING)]))
        sources = [str(fact["_id"]).removeprefix("monitor:") for fact in db.appliance.find({"state": "stale"})]
    taken = [decision for decision in all_decisions if decision.at < until]
    return Facts(
        calls=calls,
        sales=sales,
        reports=sorted(reports, key=lambda report: (report["made"]["at"], report["_id"])),
        taken=[decision for decision in taken if decision.at >= since],
        lineup=state_of(taken),
        hold=state_of(all_decisions).hold,
        trainings=dict(Counter(str(event["details"]["result"]) for event in ended)),
        incidents=incidents,
        stale=sorted(sources),
    )
