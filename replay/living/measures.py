"""What one run shows: alarms, how soon a change was found, what was lost to an oracle, and what waited how long.

An alarm is a report on drift or quality that is bad. It is *new* where the report of the same cause before it was well,
or where there was none: an alarm that rings already finds nothing. Counted are people who arrived, and outcomes that
became known, from the onset of the world's change to the new alarm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from core.models.decisions import DecisionKind
from core.models.proof import Model
from monitor.incidents.facts import RunEnd
from monitor.incidents.lifecycle import Entry, Status
from replay.automation import Automation
from replay.life import NO_VERDICT, PROMOTED, ROLLED_BACK, Report, trials
from replay.living.centre import START, Day
from replay.living.people import NEW_WORD, Numbers
from replay.living.runs import FROZEN, LOOP, ORACLE, PUPIL, RANDOM, SOUND, Run
from replay.living.sabotage import Sabotage
from replay.living.today import DayList, Today
from replay.upkeep import Upkeep

NEAR = 1_000
"""People, or outcomes where the same people decide otherwise, within which a change is to be found."""
HALF = 0.5
Measures = dict[str, float | None]
"""Figures of one run by name; None where the run has none of that name."""
WAITING = frozenset({Status.OPEN, Status.RETRAINING, Status.CANARY})


def measures(run: Run) -> Measures:
    """All figures of `run`."""
    days, sales = run.days[LOOP], run.sales
    found: Measures = {
        **alarms(run.loop.reports, len(days) // 7),
        **life(run.loop),
        **upkeep(run.loop),
        **waits(run.loop, START + timedelta(days=len(days))),
        "auc": _mean_auc(days),
        "auc_lost_to_oracle": float(np.mean([_auc_lost(day) for day in days if day.order.size])),
        "first_model_refused": float(bool(run.loop.first_refused)),
        "rows_rejected": run.loop.people.rejected,
        "sales_of_oracles": sales[LOOP] / sales[ORACLE],
        "pupil_sales_of_oracles": sales[PUPIL] / sales[ORACLE],
        "frozen_sales_of_oracles": sales[FROZEN] / sales[ORACLE],
        "random_sales_of_oracles": sales[RANDOM] / sales[ORACLE],
    }
    found |= detection(run.loop.reports, days, run.world.onset, run.world.ramp, by_outcomes=_is_concept(run))
    if run.world.change == "new word":
        found["named"] = float(any(NEW_WORD in report.finding.why for report in run.loop.reports))
    if SOUND in sales:
        found |= {**say_of_broken(run.loop), "sales_lost": 1 - sales[LOOP] / sales[SOUND]}
    return found


def alarms(reports: Sequence[Report], weeks: int) -> Measures:
    """The share of the `weeks` in which a report was bad: any, on drift, on quality."""
    bad = [(report.cause, (report.at - START) // timedelta(days=7)) for report in reports if report.finding.bad]
    shares = {
        "weeks_with_alarm": {week for _, week in bad},
        "weeks_with_drift_alarm": {week for cause, week in bad if cause == "drift"},
        "weeks_with_quality_alarm": {week for cause, week in bad if cause == "quality"},
    }
    return {name: len(found & set(range(weeks))) / weeks for name, found in shares.items()}


def detection(reports: Sequence[Report], days: Sequence[Day], onset: int, ramp: int, *, by_outcomes: bool) -> Measures:
    """Whether the first new alarm after day `onset` comes soon enough, and how many arrived or were known by then."""
    start = START + timedelta(days=onset)
    before = [day for day in days if day.day < onset]
    count = {"arrivals": before[-1].arrived if before else 0, "outcomes": before[-1].known if before else 0}
    state = {report.cause: report.finding.bad for report in reports if report.at < start}
    new = next(_new_alarms([report for report in reports if report.at >= start], state), None)
    result: Measures = {"ringing_before": float(any(state.values())), "arrivals": None, "outcomes": None, "found": 0.0}
    if new is None:
        return result
    # A day's figures are those at its end; a file of the day itself is in before its report.
    by_then = [day for day in days if day.day <= (new.at - START) // timedelta(days=1)][-1]
    result |= {"arrivals": by_then.arrived - count["arrivals"], "outcomes": by_then.known - count["outcomes"]}
    in_full = [day for day in days if day.day < onset + ramp]
    late = (in_full[-1].arrived if in_full else 0) - count["arrivals"]
    soon = result["outcomes"] <= NEAR if by_outcomes else result["arrivals"] <= NEAR + late  # type: ignore[operator]
    return result | {"found": float(soon)}


def life(loop: Automation) -> Measures:
    """Trainings, and what became of them."""
    ends = [trial.became for trial in trials(loop.decisions)]
    return {
        "trainings": float(loop.retrainings),
        "refused": float(sum(one.run.end is RunEnd.REFUSED for one in loop.trainings.values())),
        "canaries": float(sum(one.what is DecisionKind.ON_TRIAL for one in loop.decisions)),
        "canaries_promoted": float(ends.count(PROMOTED)),
        "canaries_rolled_back": float(ends.count(ROLLED_BACK)),
        "canaries_without_verdict": float(ends.count(NO_VERDICT)),
        "incidents": float(len(loop.incidents)),
        "incidents_escalated": float(len({key for key, one in loop.history if one.status is Status.ESCALATED})),
    }


def upkeep(loop: Today) -> Measures:
    """The refreshes, and what became of them; the mean weight of a refresh in the lists that had one."""
    kept = loop.upkeep or Upkeep()
    weights = [one.weight for one in loop.lists if one.refresh is not None]
    return {
        "refreshes": float(sum(not one.refused for one in kept.refreshes)),
        "refreshes_refused": float(sum(one.refused for one in kept.refreshes)),
        "comparisons_won": float(kept.won),
        "shown_worse": float(kept.shown_worse),
        "mixture_weight": float(np.mean(weights)) if weights else None,
    }


def say_of_broken(loop: Today) -> Measures:
    """Of the sabotaged version: whether it ended with more than half of the say, and in how many lists it had that.

    It ends so where it became champion, by a trial or by a comparison, or where the last list still has it.
    """
    step = loop.setup.functions.step
    broken = step.model if isinstance(step, Sabotage) else None
    had = [_say_of(broken, one) > HALF for one in loop.lists]
    won = any(broken is one.champion.model for one in loop.lists)
    return {"over_half": float(won or (bool(had) and had[-1])), "lists_over_half": float(sum(had))}


def _say_of(model: Model | None, of_day: DayList) -> float:
    if model is of_day.champion.model:
        return 1 - of_day.weight
    return of_day.weight if of_day.refresh is not None and model is of_day.refresh.model else 0.0


def waits(loop: Automation, end: datetime) -> Measures:
    """The longest time, in days, that a trial took, and that an incident stayed in one state without a person."""
    tried = [(trial.end or end) - trial.start for trial in trials(loop.decisions)]
    stayed = list(_stays(loop.history, end))
    longest = [max(spans, default=timedelta()) / timedelta(days=1) for spans in (tried, stayed)]
    return {"longest_wait_days": max(longest), "longest_trial_days": longest[0], "longest_incident_days": longest[1]}


def auc_of_order(chances: Numbers) -> float:
    """The expected AUC of an order of n people, the best first, given the true chances of each; nan below 2."""
    if chances.size < 2:
        return float("nan")
    refusals = 1 - chances
    below = refusals.sum() - np.cumsum(refusals)
    others = refusals.sum() - refusals
    return float((chances * below).sum() / (chances * others).sum())


def _stays(history: Sequence[tuple[str, Entry]], end: datetime) -> Iterator[timedelta]:
    entries: dict[str, list[Entry]] = {}
    for incident, entry in history:
        entries.setdefault(incident, []).append(entry)
    for steps in entries.values():
        ends: list[tuple[Entry, datetime]] = [(one, after.at) for one, after in pairwise(steps)]
        for entry, until in [*ends, (steps[-1], end)]:
            if entry.status in WAITING:
                yield until - entry.at


def _new_alarms(reports: Sequence[Report], state: Mapping[str, bool]) -> Iterator[Report]:
    last = dict(state)
    for report in reports:
        if report.finding.bad and not last.get(report.cause, False):
            yield report
        last[report.cause] = report.finding.bad


def _auc_lost(day: Day) -> float:
    return auc_of_order(np.sort(day.order)[::-1]) - auc_of_order(day.order)


def _mean_auc(days: Sequence[Day]) -> float:
    return float(np.mean([auc_of_order(day.order) for day in days if day.order.size]))


def _is_concept(run: Run) -> bool:
    return run.world.change == "decisions"
