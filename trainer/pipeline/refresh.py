"""What makes a new version a refresh of the champion: the same recipe, code, libraries and kind; newer outcomes.

A version carries its recipe as a tag. Versions of earlier releases have none, so the next training tries a new version.
"""

from __future__ import annotations

import json

from core.models.registry import ModelVersion
from core.schema import Schema
from trainer.data.lineage import lock_sha256
from trainer.fitting.candidates import Candidate

RECIPE, REFRESH_OF = "recipe", "refresh_of"
SAYS_SO = "it has the recipe in use, so it is a refresh"


def recipe_tag(candidate: Candidate) -> str:
    """The recipe as the text of a version's tag."""
    return json.dumps({"kind": candidate.kind, "params": dict(candidate.params)}, sort_keys=True)


def recipe_in_use(champion: ModelVersion | None, schema: Schema, code: str) -> Candidate | None:
    """The champion's recipe, where a model for `schema` by this `code` and these libraries is a refresh; else None."""
    if champion is None or RECIPE not in champion.tags:
        return None
    made = {"schema_sha256": schema.hash, "code_version": code, "lock_sha256": lock_sha256()}
    if any(champion.tags.get(key) != value for key, value in made.items()):
        return None
    return Candidate(**json.loads(champion.tags[RECIPE]))
