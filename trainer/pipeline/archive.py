"""Archives versions: their files go, and their lineage stays.

Refreshes come every day, and each brings its files: the model, its proof, the rows that drift compares with, and the
pages of its gates. A version in use, one that a rollback can reach, and the newest `KEPT` keep theirs. Of any other
version the registry keeps its number, its tags and its run, with every figure, and the tag `archived`. To have it
again, train on its dataset with its code.
"""

from __future__ import annotations

import logging

from core.clock import Clock, now
from core.errors import NotFound, Unavailable
from core.models.decisions import SuccessionState
from core.models.registry import ModelRegistry

log = logging.getLogger(__name__)

KEPT = 40
"""The newest versions keep their files, used or not."""
AT_ONCE = 20
"""Versions that one training archives: after an upgrade there may be many."""
ARCHIVED = "archived"


def archive(models: ModelRegistry, state: SuccessionState, *, clock: Clock = now) -> list[str]:
    """Remove the files of the oldest versions that are out of use; returns the versions. Safe to repeat.

    A version whose files cannot be removed is logged and tried again by the next training: what comes after the
    hand-over must not make a training fail. Raises Unavailable where the registry does not name its versions.
    """
    old = [version for version in models.versions()[KEPT:] if ARCHIVED not in version.tags]
    out_of_use = [version for version in reversed(old) if version.version not in state.reachable][:AT_ONCE]
    archived = []
    for version in out_of_use:
        try:
            models.remove_files(version)
            models.remove_pages(version.run_id)
            models.tag(version.version, ARCHIVED, f"{clock():%Y-%m-%d}")
        except (NotFound, Unavailable) as error:
            log.warning("Version %s cannot be archived; it keeps its files for now: %s", version.version, error)
            continue
        log.info("Version %s is archived: its files are removed, its lineage stays.", version.version)
        archived.append(version.version)
    return archived
