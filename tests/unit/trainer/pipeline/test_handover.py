"""What a version becomes at its hand-over, by its tags and those of the champion of that moment."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.models.decisions import DecisionKind
from core.models.registry import ModelRegistry, ModelVersion
from core.models.succession import Succession
from core.stores.mongo import Db
from tests.aliases import Aliases
from trainer.pipeline.handover import hand_over
from trainer.pipeline.refresh import KIND, RECIPE, REFRESH_OF, SAME_RECIPE

pytestmark = pytest.mark.mongo

PLAIN, BOOSTED = '{"kind": "logistic regression"}', '{"kind": "gradient boosting"}'
OF_CHAMPION = {RECIPE: PLAIN, KIND: "a"}


@pytest.mark.parametrize(
    ("tags", "champion", "became", "evidence"),
    [
        ({RECIPE: BOOSTED, KIND: "a"}, OF_CHAMPION, DecisionKind.ON_TRIAL, {}),
        ({RECIPE: PLAIN, KIND: "a", SAME_RECIPE: "1"}, OF_CHAMPION, DecisionKind.ON_TRIAL, {"same_recipe": True}),
        ({RECIPE: PLAIN, KIND: "a", REFRESH_OF: "1"}, OF_CHAMPION, DecisionKind.REFRESHED, {}),
        # Another version became champion since the training.
        ({RECIPE: PLAIN, KIND: "a", SAME_RECIPE: "0"}, {RECIPE: BOOSTED, KIND: "a"}, DecisionKind.ON_TRIAL, {}),
        ({RECIPE: PLAIN, KIND: "a", SAME_RECIPE: "0"}, {RECIPE: PLAIN, KIND: "b"}, DecisionKind.ON_TRIAL, {}),
        ({RECIPE: PLAIN, KIND: "a", REFRESH_OF: "0"}, {RECIPE: BOOSTED, KIND: "a"}, DecisionKind.ON_TRIAL, {}),
        ({RECIPE: PLAIN, KIND: "a", REFRESH_OF: "0"}, {}, DecisionKind.ON_TRIAL, {}),
    ],
)
def test_it_depends_on_the_champion_of_now(
    db: Db, tags: dict[str, str], champion: dict[str, str], became: DecisionKind, evidence: dict[str, Any]
) -> None:
    line = Succession(db, "m", Aliases(), by="trainer")
    line.promote("1", why="the first")
    registry = cast(ModelRegistry, SimpleNamespace(version=lambda _version: SimpleNamespace(tags=champion)))
    version = cast(ModelVersion, SimpleNamespace(version="2", tags=tags))
    decision = hand_over(line, registry, version, why="it passed")
    assert (decision.what, decision.version, decision.evidence) == (became, "2", evidence)
