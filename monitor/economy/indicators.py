"""Keeps the economy's indicators up to date, and reports their age.

Each run asks the services for the newest values of every series and writes new ones as vintages. A value that is stored
already changes only the time it was last seen, so a run may be repeated, or killed anywhere. A source that is out of
reach or has changed does no harm: the last value stays in use. The series is stale once that value is older than its
list allows, or its source has been silent too long. Scores never wait for any of this.

A vintage counts as known one minute after it is written, so what was known at a moment never changes afterwards, even
if a write is under way at that moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from core.clock import Clock, now
from core.errors import InputError, Unavailable
from core.schema import Schema, economy
from core.schema.column import Column
from core.schema.economy import Figure
from core.sentences import Sentence, joined
from core.stores.mongo import Db, reachable
from monitor.economy.series import Series, SeriesList
from monitor.economy.statistics_service import format_error
from monitor.economy.vintages import SETTLING, write_vintages
from monitor.jobs.cause_states import WELL, record_state

STALE = "stale"


class Service(Protocol):
    """The source of series; `monitor.economy.statistics_service.StatisticsService` is the real one."""

    def observations(self, series: Series) -> dict[str, float]:
        """Values by period. Raises Unavailable, and InputError when the answer is not that series."""
        ...


@dataclass
class _Run:
    """One run over all series: the answers, the problems by column, and the number of vintages written."""

    at: datetime
    answers: dict[tuple[str, str, str, int], dict[str, float]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    written: int = 0


def refresh(
    db: Db, schema: Schema, series_list: SeriesList, connect: Callable[[str], Service] | None, *, clock: Clock = now
) -> str:
    """Bring every series up to date and judge its age; returns the result in words, with all ages.

    `connect` gives the service of a name. Without it nothing is fetched, and ages are judged only if a campaign leaves
    its indicators to the economy. Raises Unavailable when MongoDB is away.
    """
    if not series_list.series:
        return "no series feeds an indicator of the schema"
    run, services = _Run(clock()), dict[str, Service]()
    for series in series_list.series if connect else ():
        if connect and series.service not in services:
            services[series.service] = connect(series.service)
        _fetch(db, services[series.service], series, schema.by_name[series.column], run)
    with reachable():
        used = db.campaigns.find_one({"economy": True}) is not None
    known = economy.figures_at(db, schema, run.at + SETTLING).figures
    ages = []
    for series in series_list.series:
        figure, column = known.get(series.column), schema.by_name[series.column]
        seen, age = _last_seen(db, series.column), _age(figure, run.at)
        problem = _problem(series_list, series, figure, seen if connect else None, run)
        why: str
        if not (connect or used):
            state, why = WELL, Sentence("no campaign leaves {column} to the economy", column=column.label)
        elif problem:
            state, why = STALE, joined([column.label, problem], ": ")
        else:
            state, why = WELL, Sentence("{column} is up to date: {age}", column=column.label, age=age)
        # A series that was well in between was seen in between, so each change has a report of its own.
        report = f"{series.column}:{figure.period if figure else 'never'}:{seen.isoformat() if seen else 'never'}"
        record_state(db, f"economy:{series.column}", state, report, why)
        ages.append(f"{series.column} {age}")
    fetched = f"{run.written} new values" if connect else "nothing is fetched (CALLWISE_ECONOMY is off)"
    return "; ".join([fetched, *dict.fromkeys(run.problems.values()), "in use: " + ", ".join(ages)])


def _fetch(db: Db, service: Service, series: Series, column: Column, run: _Run) -> None:
    try:
        if series.request not in run.answers:
            run.answers[series.request] = service.observations(series)
        values = series.transform.apply(run.answers[series.request])
        for period, value in values.items():
            try:
                column.parse(value)
            except ValueError as error:
                raise format_error(series, f"in {period} {error}") from None
        if not values:
            raise format_error(series, "it does not reach a year back")
    except (Unavailable, InputError) as error:
        run.problems[series.column] = error.what.rstrip(".")
        return
    run.written += write_vintages(db, series, values, run.at)


def _problem(series_list: SeriesList, series: Series, figure: Figure | None, seen: datetime | None, run: _Run) -> str:
    """Why the series is stale, in words, or "". `seen` is None where nothing is fetched."""
    reasons: list[str] = []
    if figure is None:
        reasons.append(Sentence("no value is known"))
    elif figure.age(run.at) > timedelta(days=series.maximum_age):
        reasons.append(
            Sentence(
                "the newest value is {age}, at most {most} are usual",
                age=_age(figure, run.at),
                most=f"{series.maximum_age:g}",
            )
        )
    if seen is not None and run.at - seen > timedelta(days=series_list.silent_days):
        reasons.append(Sentence("its source has sent no value since {day}", day=f"{seen:%Y-%m-%d}"))
    failed = run.problems.get(series.column)
    return joined([*reasons, *([failed] if failed else [])]) if reasons else ""


def _last_seen(db: Db, column: str) -> datetime | None:
    with reachable():
        seen = [document["seen"]["at"] for document in db.indicators.find({"series": column})]
    return max(seen, default=None)


def _age(figure: Figure | None, at: datetime) -> str:
    if figure is None:
        return Sentence("unknown")
    return Sentence("of {period} ({days} days after its end)", period=figure.period, days=max(0, figure.age(at).days))
