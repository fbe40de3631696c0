"""Keeps the economy's indicators up to date, and says how old they are.

Each run asks the services for the newest values of every series and writes what is new as vintages. A value that was
seen before moves nothing but the time it was last seen, so a run may be repeated and killed anywhere. A source that is
out of reach or has changed harms nobody: the last value stays in use, and the series is stale once that value is older
than its list allows, or its source has been silent too long. Scores never wait for any of this.

A vintage counts as known one minute after it is written: whoever asks what is known at a moment then gets the same
answer ever after, also while a write is under way.
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
from core.stores.mongo import Db, reachable
from monitor.economy.series import Series, SeriesList
from monitor.economy.statistics_service import changed
from monitor.economy.vintages import SETTLING, write_vintages
from monitor.jobs.cause_states import WELL, turn

STALE = "stale"


class Service(Protocol):
    """What series are asked of; `monitor.economy.statistics_service.StatisticsService` is the real one."""

    def observations(self, series: Series) -> dict[str, float]:
        """Values by period. Raises Unavailable, and InputError when the answer is not that series."""
        ...


@dataclass
class _Run:
    """One look at all series: the answers so far, what went wrong by column, and how many vintages were written."""

    at: datetime
    answers: dict[tuple[str, str, str, int], dict[str, float]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    written: int = 0


def refresh(
    db: Db, schema: Schema, series_list: SeriesList, connect: Callable[[str], Service] | None, *, clock: Clock = now
) -> str:
    """Bring every series up to date and judge its age; returns what there is to say, with the age of each.

    `connect` gives the service of a name; without it nothing is fetched, and ages are judged only if some campaign
    leaves its indicators to the economy. Raises Unavailable when MongoDB is away.
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
    known = economy.known(db, schema, run.at + SETTLING).figures
    ages = []
    for series in series_list.series:
        figure, column = known.get(series.column), schema.by_name[series.column]
        seen, age = _last_seen(db, series.column), _age(figure, run.at)
        problem = _problem(series_list, series, figure, seen if connect else None, run)
        if not (connect or used):
            state, why = WELL, f"{column.label} is left to the economy by no campaign"
        elif problem:
            state, why = STALE, f"{column.label}: {problem}"
        else:
            state, why = WELL, f"{column.label} is up to date: {age}"
        # A series that was well in between was seen in between, so each turn has a report of its own.
        report = f"{series.column}:{figure.period if figure else 'never'}:{seen.isoformat() if seen else 'never'}"
        turn(db, f"economy:{series.column}", state, report, why)
        ages.append(f"{series.column} {age}")
    did = f"{run.written} new values" if connect else "nothing is fetched (CALLWISE_ECONOMY is off)"
    return "; ".join([did, *dict.fromkeys(run.problems.values()), "in use: " + ", ".join(ages)])


def _fetch(db: Db, service: Service, series: Series, column: Column, run: _Run) -> None:
    try:
        if series.request not in run.answers:
            run.answers[series.request] = service.observations(series)
        values = series.transform.apply(run.answers[series.request])
        for period, value in values.items():
            try:
                column.parse(value)
            except ValueError as error:
                raise changed(series, f"in {period} {error}") from None
        if not values:
            raise changed(series, "it does not reach a year back")
    except (Unavailable, InputError) as error:
        run.problems[series.column] = error.what
        return
    run.written += write_vintages(db, series, values, run.at)


def _problem(series_list: SeriesList, series: Series, figure: Figure | None, seen: datetime | None, run: _Run) -> str:
    """Why the series is stale, in words; empty when it is not. `seen` is None where its source is not asked."""
    because = []
    if figure is None:
        because.append("no value is known")
    elif figure.age(run.at) > timedelta(days=series.maximum_age):
        because.append(f"the newest value is {_age(figure, run.at)}, {series.maximum_age:g} are usual at most")
    if seen is not None and run.at - seen > timedelta(days=series_list.silent_days):
        because.append(f"its source has given none since {seen:%Y-%m-%d}")
    failed = run.problems.get(series.column)
    return "; ".join([*because, *([failed] if failed else [])]) if because else ""


def _last_seen(db: Db, column: str) -> datetime | None:
    with reachable():
        seen = [document["seen"]["at"] for document in db.indicators.find({"series": column})]
    return max(seen, default=None)


def _age(figure: Figure | None, at: datetime) -> str:
    if figure is None:
        return "unknown"
    return f"of {figure.period} ({max(0, figure.age(at).days)} days after its end)"
