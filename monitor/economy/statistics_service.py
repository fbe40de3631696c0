"""Asks a statistical service for a series, over SDMX.

A service that does not answer, or cannot now, is asked again a few times, further and further apart, and then counts as
out of reach: `Unavailable`. A service that answers with anything else than the series has changed: `InputError`, which
says how. The first passes; the second takes a person and an edit of the list of series.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import requests
import sdmx
from requests.adapters import HTTPAdapter
from sdmx.message import DataMessage
from urllib3 import Retry

from core.errors import InputError, Unavailable
from monitor.economy.series import Series

TIME = "TIME_PERIOD"
LATER = frozenset({429, 500, 502, 503, 504})  # the service cannot answer now


class StatisticsService:
    """The service that sdmx1 knows as `name`, at `url`.

    Waits at most `timeout_seconds` for a connection and for each part of an answer. Asks up to `attempts` times: after
    `backoff_seconds`, and each time after twice as long.
    """

    def __init__(
        self, name: str, url: str, *, timeout_seconds: float = 30.0, attempts: int = 4, backoff_seconds: float = 2.0
    ) -> None:
        again = Retry(
            attempts - 1,
            backoff_factor=backoff_seconds,
            status_forcelist=LATER,
            allowed_methods=["GET"],
            respect_retry_after_header=False,  # a long wait is left to the next run
        )
        session = requests.Session()
        session.headers["User-Agent"] = "callwise-monitor"
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(max_retries=again))
        self.name, self._timeout = name, timeout_seconds
        self._client = sdmx.Client(name, session=session)
        self._client.source = copy.copy(self._client.source)  # sdmx1 shares one between all clients
        self._client.source.url = url

    def observations(self, series: Series) -> dict[str, float]:
        """The newest `series.periods` values by period, as published. Raises Unavailable and InputError."""
        values = dict(_rows(series, self._message(series)))
        if not values:
            raise format_error(series, "it has no observations")
        return values

    def _message(self, series: Series) -> DataMessage:
        newest = {"lastNObservations": series.periods}
        try:
            message = self._client.get(
                "data", series.flow, key=series.path, params=newest, timeout=(self._timeout, self._timeout)
            )
        except requests.HTTPError as error:
            raise format_error(series, f"it is an error ({error})") from error
        except requests.RequestException as error:
            raise Unavailable(
                f"{self.name} is out of reach: {type(error).__name__}.",
                kept="The last values stay in use.",
                next="The next run asks again.",
            ) from error
        except Exception as error:  # a reader of sdmx1 raises whatever its parser and its data model raise
            raise format_error(series, f"it cannot be read ({type(error).__name__}: {str(error)[:200]})") from error
        if not isinstance(message, DataMessage):
            raise format_error(series, f"it is a {type(message).__name__} instead of data")
        return message


def _rows(series: Series, message: DataMessage) -> Iterator[tuple[str, float]]:
    """Period and value of every observation that has one. Raises InputError where the key is another."""
    wanted = {name.upper(): code for name, code in series.key.items()}
    for data in message.data:
        for observation in data.obs:
            key = {str(name).upper(): str(value.value) for name, value in observation.key.values.items()}
            period = key.pop(TIME, None)
            if period is None or key != wanted:
                have = ", ".join(f"{name}={code}" for name, code in key.items())
                raise format_error(series, f"its key is {have or 'empty'}, {'with' if period else 'without'} a time")
            value = "" if observation.value is None else str(observation.value)
            if value and value.upper() != "NAN":
                yield period, _number(series, period, value)


def _number(series: Series, period: str, value: str) -> float:
    try:
        if not series.frequency.fits(period):
            raise format_error(series, f"{period!r} is not {series.frequency}")
        return float(value)
    except ValueError as error:
        raise format_error(series, str(error)) from None


def format_error(series: Series, how: str) -> InputError:
    """The error for an answer that is not what it was."""
    return InputError(
        f"the answer to {series.service} {series.flow}/{series.path} is not what it was: {how}", column=series.column
    )
