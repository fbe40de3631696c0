"""The page about backups: `GET /health` answers as long as the service lives, and says as JSON what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.oversight.probe_page import Answer, ProbePage


def backup_page(host: str, port: int, report: Callable[[], Mapping[str, Any]]) -> ProbePage:
    """Serve `report()`. Raises SettingsError.

    The status is 200 also where a backup failed: a full disk for backups must keep no appliance from its start.
    """
    answers = {"/health": lambda: Answer.of(report())}
    return ProbePage(host, port, answers, name="The page about backups", setting="CALLWISE_BACKUP_PORT")
