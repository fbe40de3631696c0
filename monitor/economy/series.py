"""The published series that feed the indicators: read from one YAML file and checked against the schema."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from core.errors import CallwiseError
from core.schema import Schema, checked_yaml, read_schema
from core.schema.checked_yaml import Strict
from core.schema.economy import indicators, period_bounds
from core.settings.addresses import SchemaSettings
from core.settings.loading import load
from core.settings.loop import MonitorSettings

_ADDRESS = r"https://[^/\s]+.*|http://(127\.0\.0\.1|localhost)(:\d+)?(/.*)?"


class Frequency(StrEnum):
    """How often a series has a value."""

    DAILY = "daily"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"

    def fits(self, period: str) -> bool:
        """Whether `period` is of this length. Raises ValueError when it is no period at all."""
        begins, ends = period_bounds(period)
        low, high = _DAYS[self]
        return low <= (ends - begins).days <= high


_DAYS = {Frequency.DAILY: (1, 1), Frequency.MONTHLY: (28, 31), Frequency.QUARTERLY: (90, 92)}


class Transform(StrEnum):
    """What to make of the published values."""

    NONE = "none"
    CHANGE_ON_YEAR = "change_on_year"

    def apply(self, values: dict[str, float]) -> dict[str, float]:
        """By period: the values, or their change in percent (3 decimals) where the year before has a value."""
        if self is Transform.NONE:
            return values
        before = {period: values.get(f"{int(period[:4]) - 1}{period[4:]}") for period in values}
        return {
            period: round(100 * (value / was - 1), 3) for period, value in values.items() if (was := before[period])
        }


class Service(Strict):
    """A service that speaks SDMX. `url` is https, or http on this machine."""

    url: str = Field(pattern=_ADDRESS)


class Series(Strict):
    """The series that feeds one column; `key` is by dimension, in the order of the flow's structure."""

    column: str
    service: str
    flow: str
    key: dict[str, str] = Field(min_length=1)
    frequency: Frequency
    periods: int = Field(ge=2, le=1000)
    transform: Transform = Transform.NONE
    unit: str
    maximum_age: float = Field(gt=0)

    @property
    def path(self) -> str:
        """The key, as addresses have it."""
        return ".".join(self.key.values())

    @property
    def request(self) -> tuple[str, str, str, int]:
        """What to ask for: one answer may feed two columns."""
        return self.service, self.flow, self.path, self.periods


class SeriesList(Strict):
    """The content of the file."""

    services: dict[str, Service]
    silent_days: float = Field(gt=0)
    series: tuple[Series, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        columns = [series.column for series in self.series]
        if twice := {name for name in columns if columns.count(name) > 1}:
            raise ValueError(f"{', '.join(sorted(twice))} is fed by more than one series")
        if strange := {series.service for series in self.series} - set(self.services):
            raise ValueError(f"{', '.join(sorted(strange))} is not among the services")
        return self

    @cached_property
    def by_column(self) -> dict[str, Series]:
        """The series by the column they feed."""
        return {series.column: series for series in self.series}


def read_series(path: Path, schema: Schema, *, live: bool) -> SeriesList:
    """The list in the YAML file at `path`, as far as it feeds indicators of `schema`.

    Where the economy is not `live`, nothing is fetched: the list may be another schema's, and a schema without
    indicators needs none. Raises SchemaError naming what is wrong with it.
    """
    columns = {column.name for column in indicators(schema)}
    if not live and not columns:
        return SeriesList(services={}, silent_days=1, series=())
    found = checked_yaml.read(path, SeriesList, "list of series")
    strange = [name for name in found.by_column if name not in columns]
    if strange and live:
        raise checked_yaml.unusable_file(
            f"CALLWISE_ECONOMY is live, and the list of series {path} feeds {', '.join(strange)}, no indicator of the "
            f"schema {schema.name}. Set CALLWISE_ECONOMY=off, or name this schema's list in CALLWISE_ECONOMY_SERIES."
        )
    return found.model_copy(update={"series": tuple(one for one in found.series if one.column in columns)})


def check(env: Mapping[str, str] | None = None) -> SeriesList:
    """The list that the environment names, under the schema that it names. Raises SettingsError, SchemaError."""
    settings = load(MonitorSettings, env)
    schema = read_schema(load(SchemaSettings, env).callwise_schema)
    return read_series(settings.callwise_economy_series, schema, live=settings.callwise_economy == "live")


if __name__ == "__main__":  # what bootstrap asks before it starts anything
    try:
        check()
    except CallwiseError as error:
        sys.exit(str(error))
