"""The job that keeps the economy's indicators up to date."""

from __future__ import annotations

from core.schema import Schema
from core.stores.mongo import Db
from monitor.economy.series import read_series
from monitor.jobs.job import Job
from monitor.jobs.settings import Settings

JOBS = {"indicators": "fetch the economy's indicators, if they are live, and judge their age"}


def jobs(settings: Settings, db: Db, columns: Schema, *, strict: bool = True) -> list[Job]:
    """The job of `JOBS`. Raises SchemaError when the list of series does not fit the schema.

    Not `strict`: series of other schemas may be in the list, and feed nothing here.
    """
    live = settings.callwise_economy == "live"
    listed = read_series(settings.callwise_economy_series, columns, live=live and strict)

    def run_indicators() -> str:
        from monitor.economy import indicators  # noqa: PLC0415
        from monitor.economy.statistics_service import StatisticsService  # noqa: PLC0415

        def connect(name: str) -> StatisticsService:
            return StatisticsService(name, listed.services[name].url)

        return indicators.refresh(db, columns, listed, connect if live else None)

    return [Job("indicators", settings.callwise_indicators_seconds, run_indicators)]
