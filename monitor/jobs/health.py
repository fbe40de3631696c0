"""The health page: `GET /health` answers 200 while all is well and 503 when it is not, with the reasons as JSON.

`GET /metrics` on the same port has the figures for Prometheus.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from core.oversight.probe_page import Answer, ProbePage

FIGURES = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Health:
    """Whether all is well, and the content of the page."""

    ok: bool
    details: dict[str, Any]


def health_page(host: str, port: int, look: Callable[[], Health], figures: Callable[[], bytes] = bytes) -> ProbePage:
    """Serve `look()` at /health and `figures()` at /metrics. Raises SettingsError."""

    def health() -> Answer:
        seen = look()
        status = HTTPStatus.OK if seen.ok else HTTPStatus.SERVICE_UNAVAILABLE
        return Answer.of({"ok": seen.ok, **seen.details}, status)

    answers = {"/health": health, "/metrics": lambda: Answer(figures(), FIGURES)}
    return ProbePage(host, port, answers, name="The health page", setting="CALLWISE_MONITOR_PORT")
