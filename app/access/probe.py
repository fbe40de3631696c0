"""`GET /status`: whether the appliance is well, for a probe outside, which has no account.

The answer is `{"ok": …, "wrong": […], "at": …}` with status 200 or 503. It names parts of the appliance, such as
`service:mlflow` or `disk`, and no figure, person, campaign or address. It is made at most once in `KEPT_SECONDS`, so
nobody can load the database with it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.access.door import Reception
from app.shell import condition
from core.clock import now
from core.errors import CallwiseError

KEPT_SECONDS = 5.0
WELL, UNAVAILABLE = 200, 503


class Probe:
    """Answers for one process. May be shared between threads."""

    def __init__(self, reception: Callable[[], Reception], passed: Callable[[], float] = time.monotonic) -> None:
        self._reception, self._passed = reception, passed
        self._lock = threading.Lock()
        self._made: tuple[float, dict[str, Any]] | None = None

    def answer(self) -> dict[str, Any]:
        """What `GET /status` says now."""
        with self._lock:
            if self._made is None or self._passed() - self._made[0] >= KEPT_SECONDS:
                found = self._look()
                # The time after the look: whoever waited for a slow look gets its answer, and looks not again.
                self._made = (self._passed(), found)
            return self._made[1]

    def _look(self) -> dict[str, Any]:
        at = now()
        try:
            wrong = condition.wrong(condition.read(self._reception().db), at)
        except CallwiseError:
            wrong = ["service:mongo"]
        return {"ok": not wrong, "wrong": wrong, "at": at.isoformat(timespec="seconds")}


def routes(reception: Callable[[], Reception]) -> list[Route]:
    """The probe's address."""
    probe = Probe(reception)

    async def status(_request: Request) -> Response:
        found = await run_in_threadpool(probe.answer)
        return JSONResponse(found, WELL if found["ok"] else UNAVAILABLE, headers={"Cache-Control": "no-store"})

    return [Route("/status", status, methods=["GET"])]
