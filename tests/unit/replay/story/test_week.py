"""The signature under the story's week: by the function behind the page's button, once the week is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.errors import InputError
from core.models.succession import Succession
from core.oversight import reviews
from core.stores.mongo import Db
from replay.story.acts import MANAGER, Story
from replay.story.diary import Diary
from tests.aliases import Aliases

pytestmark = pytest.mark.mongo

BEGAN = datetime(2026, 3, 4, 9, tzinfo=UTC)  # a Wednesday, in 2026-W10
MONDAY = datetime(2026, 3, 9, 1, tzinfo=UTC)


@pytest.fixture
def view(db: Db) -> Any:
    Succession(db, "m", Aliases(), by="trainer", clock=lambda: BEGAN).promote("1", why="the first")
    return SimpleNamespace(db=db, model="m")


def story(view: Any, folder: Path, at: datetime) -> Story:
    diary = Diary(folder / "story.json", BEGAN)
    return Story(view, cast(Any, None), diary, 100, lambda: None, clock=lambda: at)


def test_it_is_signed_from_the_next_monday_on_and_once(db: Db, view: Any, tmp_path: Path) -> None:
    assert story(view, tmp_path, MONDAY).week() == f"{MANAGER} signed the review of 2026-W10."
    [(name, signers)] = reviews.signers_by_week(db, "m").items()
    assert (name, list(signers)) == ("2026-W10", [MANAGER])
    assert story(view, tmp_path, MONDAY).week() == "The review of 2026-W10 is signed already."


def test_on_its_first_day_there_is_no_week_to_sign(db: Db, view: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        story(view, tmp_path, BEGAN + timedelta(hours=1)).week()
    assert reviews.signers_by_week(db, "m") == {}
