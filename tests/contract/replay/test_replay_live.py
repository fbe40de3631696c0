"""A history that is played to a running appliance ends where nobody is ranked, and says so."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from core.errors import Unavailable
from core.schema import Schema
from core.stores.mongo import Db, count
from replay import live
from replay.live import CAMPAIGN, Live
from replay.play import Protocol

pytestmark = pytest.mark.mongo


@pytest.fixture
def history(tmp_path: Path, person: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Path:
    """200 calls, and no patience."""
    monkeypatch.setattr(live, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.0)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "history.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(person))
        writer.writeheader()
        for number in range(200):
            writer.writerow({**person, "age": str(20 + number % 60), "y": "yes" if number % 3 == 0 else "no"})
    return path


def test_without_a_champion_it_ends_at_once(db: Db, schema: Schema, history: Path) -> None:
    said: list[str] = []
    with pytest.raises(Unavailable, match="Nobody was ranked"):
        Live(db, schema, "prospects", said.append).run(history, Protocol(50, 50, None))
    assert said[-1] == "after 0 calls nobody was ranked for a quarter of an hour; the replay ends"
    assert count(db.outcomes, {}) == 50, "nobody else was called"


def test_what_was_ranked_by_then_is_judged(db: Db, schema: Schema, history: Path) -> None:
    said: list[str] = []
    player = Live(db, schema, "prospects", said.append)
    ranked = player._scores

    def for_a_while(keys: list[str]) -> dict[str, float]:
        first = sorted(keys)[0]
        if first <= f"{CAMPAIGN}:0000101":
            db.prospects.update_many({"_id": {"$in": keys}}, {"$set": {"score": 0.4}})
        return ranked(keys)

    player._scores = for_a_while  # type: ignore[method-assign]
    found = player.run(history, Protocol(50, 50, None))
    assert found["calls"] == 100
    assert "after 100 calls nobody was ranked" in said[-1]
