"""Shows the start of the services: a live table on a terminal, elsewhere one line for each change."""

from __future__ import annotations

import time
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from bootstrap.embedded.services import Service
from bootstrap.embedded.watch import Status

MARKS = {"waiting": "[dim]·[/]", "starting": "[yellow]…[/]", "healthy": "[green]✓[/]", "ended": "[red]![/]"}


class Progress:
    """Use as a context manager around `Watch.wait_healthy(progress.report)`."""

    def __init__(self, services: Iterable[Service], console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._status = {service.name: Status(service, "waiting") for service in services}
        self._took: dict[str, float] = {}
        self._live = Live(get_renderable=self._table, console=console, refresh_per_second=4)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def report(self, status: Status) -> None:
        """Show a change."""
        self._status[status.service.name] = status
        seconds = time.monotonic() - self._began
        if status.state == "healthy":
            self._took[status.service.name] = seconds
        if not self._console.is_terminal and (status.state == "healthy" or "again" in status.detail):
            words = f"{status.state} {status.detail}".strip()
            self._console.print(f"[{seconds:5.1f} s] {status.service.label}: {words}", markup=False, highlight=False)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for name, status in self._status.items():
            seconds = self._took.get(name)
            words = f"{seconds:.0f} s" if seconds is not None else f"{status.state} {status.detail}"
            table.add_row(MARKS[status.state], status.service.label, f"[dim]{words}[/]")
        return table
