"""The hand-over of a validated model.

The first becomes champion. A refresh of the champion waits for the next list (`core.models.upkeep`). Every other one
goes on trial beside the champion; `monitor.trials.trial` decides on outcomes whether a canary is promoted. If the
process dies after the gates passed, the next run hands the version over. A version with a decision is never handed over
again.
"""

from __future__ import annotations

from core.models import trials, upkeep
from core.models.decisions import Decision
from core.models.registry import ModelRegistry, ModelVersion
from core.models.succession import Succession
from trainer.pipeline.refresh import KIND, RECIPE, REFRESH_OF, SAME_RECIPE
from trainer.pipeline.registration import PASSED


def hand_over(succession: Succession, registry: ModelRegistry, version: ModelVersion, *, why: str) -> Decision:
    """Make `version` champion if there is none, else a refresh or the canary. Safe to repeat.

    A refresh whose champion was replaced meanwhile, by a version with another recipe, goes on trial. Raises
    Unavailable, and Conflict where somebody decides otherwise at this moment.
    """
    incident, champion = version.tags.get("incident"), succession.state().champion
    if champion is None:
        return succession.promote(version.version, why=why, incident=incident)
    of_now = registry.version(champion).tags
    same_recipe = version.tags.get(RECIPE) == of_now.get(RECIPE) is not None
    if REFRESH_OF in version.tags and same_recipe:
        return upkeep.hand_in(succession, version.version, why=why, incident=incident, champion=champion)
    # The champion of now may be another one than that of the training.
    same_kind = version.tags.get(KIND) == of_now.get(KIND)
    evidence = {trials.SAME_RECIPE: True} if SAME_RECIPE in version.tags and same_recipe and same_kind else None
    return succession.start_trial(version.version, why=why, incident=incident, evidence=evidence)


def settle(succession: Succession, registry: ModelRegistry) -> Decision | None:
    """Bring the aliases in line, and hand over the newest version if its process died first; else None."""
    state = succession.sync()
    decided = {decision.version for decision in succession.decisions()}
    newest = next(iter(registry.versions()), None)
    if newest is None or newest.version in decided or newest.tags.get(PASSED) != "true":
        return None
    if state.champion is not None and int(newest.version) < int(state.champion):
        return None
    return hand_over(succession, registry, newest, why=newest.tags.get("why", "its hand-over was interrupted"))
