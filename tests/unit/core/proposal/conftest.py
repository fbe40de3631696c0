"""Files made by code, and the proposals that come of them."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.files.campaign_file import CampaignFile
from core.proposal.evidence import look
from core.proposal.proposal import Proposal, propose

TODAY = datetime(2026, 11, 28, tzinfo=UTC)
Make = Callable[..., Proposal]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Proposes a kind from columns of cells, each by its name; one of outcomes by chance is added if there is none."""

    def made(columns: dict[str, Sequence[Any]], *, name: str = "leads.csv", **asked: Any) -> Proposal:
        rows = len(next(iter(columns.values())))
        if not asked and not {"y", "converted"} & set(columns):
            chance = random.Random(7)
            columns = {**columns, "converted": [chance.choice(["yes", "no", "no"]) for _ in range(rows)]}
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file)
            lines.writerow(columns)
            lines.writerows(zip(*columns.values(), strict=True))
        return propose(look(CampaignFile.open(path)), clock=lambda: TODAY, **asked)

    return made


@pytest.fixture
def column(make: Make) -> Callable[..., Any]:
    """Proposes a column from its cells, which are repeated until there are `rows`."""

    def made(name: str, cells: Sequence[Any], *, rows: int = 400, **others: Sequence[Any]) -> Any:
        many = [cells[number % len(cells)] for number in range(rows)]
        filler = {"town": ["Here", "There", "Home"] * rows}
        proposal = make({name: many, **others, "town": filler["town"][:rows]})
        return next(column for column in proposal.columns if column.name == name)

    return made
