"""What makes a new version a refresh of the champion: the same recipe, code, libraries and kind; newer outcomes.

A version carries its recipe as a tag. Versions of earlier releases have none, so the next training tries a new version.
"""

from __future__ import annotations

import json

from core.models.registry import ModelVersion
from trainer.data.lineage import Lineage
from trainer.fitting.candidates import Candidate

RECIPE, REFRESH_OF = "recipe", "refresh_of"
WHAT_MAKES_A_RECIPE = ("schema_sha256", "code_version", "lock_sha256")
SAYS_SO = "it has the recipe in use, so it is a refresh"


def recipe_tag(candidate: Candidate) -> str:
    """The recipe as the text of a version's tag."""
    return json.dumps({"kind": candidate.kind, "params": dict(candidate.params)}, sort_keys=True)


def recipe_in_use(champion: ModelVersion | None, lineage: Lineage) -> Candidate | None:
    """The champion's recipe, where a model of `lineage` may be a refresh of it; else None."""
    if champion is None or RECIPE not in champion.tags:
        return None
    made = lineage.tags()
    if any(champion.tags.get(key) != made[key] for key in WHAT_MAKES_A_RECIPE):
        return None
    return Candidate(**json.loads(champion.tags[RECIPE]))
