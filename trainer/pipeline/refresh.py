"""What makes a new version a refresh of the champion: the same recipe, code, libraries and kind; newer outcomes.

A version carries its recipe as a tag. Versions of earlier releases have none, so the next training tries a new version.

After an upgrade the code is another one, so the next version goes on trial, though its recipe and kind are the
champion's. If outcomes do not show it to be worse, it ends as a refresh (`monitor.trials.trial`): otherwise a champion
of earlier code would never be fitted again, because equal versions hardly ever win a trial.
"""

from __future__ import annotations

import json

from core.models.registry import ModelVersion
from core.schema import Schema
from trainer.data.lineage import lock_sha256
from trainer.fitting.candidates import Candidate

RECIPE, REFRESH_OF, SAME_RECIPE, KIND = "recipe", "refresh_of", "same_recipe_as", "schema_sha256"
SAYS_SO = "it has the recipe in use, so it is a refresh"


def recipe_tag(candidate: Candidate) -> str:
    """The recipe as the text of a version's tag."""
    return json.dumps({"kind": candidate.kind, "params": dict(candidate.params)}, sort_keys=True)


def recipe_in_use(champion: ModelVersion | None, schema: Schema, code: str) -> Candidate | None:
    """The champion's recipe, where a model for `schema` by this `code` and these libraries is a refresh; else None."""
    if champion is None or RECIPE not in champion.tags:
        return None
    made = {KIND: schema.hash, "code_version": code, "lock_sha256": lock_sha256()}
    if any(champion.tags.get(key) != value for key, value in made.items()):
        return None
    return Candidate(**json.loads(champion.tags[RECIPE]))


def has_recipe_of(champion: ModelVersion | None, schema: Schema, candidate: Candidate) -> bool:
    """Whether `candidate` is the champion's recipe for the same kind, whatever code and libraries made the champion."""
    if champion is None or champion.tags.get(KIND) != schema.hash:
        return False
    return champion.tags.get(RECIPE) == recipe_tag(candidate)
