"""Old datasets: those of models that can still be used stay, and the last one of each month; of the others the facts.

Each training stores a dataset, and the next one has most of the outcomes of the one before. So a dataset that goes is
marked as replaced by the next one that stays: its tag, its size and what was made of it can still be followed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.clock import Clock, now
from core.models.registry import ModelRegistry
from core.stores.data_registry import CONTENT, RETENTION, DataRegistry, Snapshot
from core.stores.object_store import ObjectStore
from trainer.pipeline.archive import ARCHIVED

REMOTE = "dvc/"
Retired = Mapping[str, Mapping[str, str]]
"""As `DataRegistry.retired` gives them."""


@dataclass(frozen=True)
class OldDatasets:
    """The datasets in `data` that are more than `days` days old; `store` is the bucket with their content."""

    data: DataRegistry
    store: ObjectStore
    models: ModelRegistry
    days: int
    clock: Clock = now

    def step(self) -> int | None:
        """Remove the content of old datasets that no usable model was made from; returns of how many, None without one.

        Safe to interrupt and repeat: a dataset is marked before its content goes, and what is left of marked ones goes
        the next time. Raises Unavailable.
        """
        self.data.ensure()  # a kind may never have been trained
        used = {one.tags.get("dataset_tag", "") for one in self.models.versions() if ARCHIVED not in one.tags}
        with self.data.writing():
            retired, live = self.data.retired(), [one for one in self.data.snapshots() if not one.successor]
            needed = {live_tag(tag, retired) for tag in used}
            old = sorted(live, key=lambda one: (made_at(one.tag, retired), one.tag))
            replaced = replacements(old, needed, retired, before=self.clock() - timedelta(days=self.days))
            self.data.retire(replaced, receipt=RETENTION, clock=self.clock)
            self._remove_unmarked()
        return len(replaced) or None

    def _remove_unmarked(self) -> None:
        """Remove content, here and on S3, that belonged to cleared datasets alone."""
        kept = self.data.contents()
        cleared = self.data.contents(receipt=RETENTION).keys() - kept.keys()
        for key in self.store.keys(REMOTE):
            if _md5(key) in cleared:
                self.store.remove(key)
        for path in self.data.local():
            if _md5(str(path)) in cleared:
                path.unlink(missing_ok=True)


def replacements(
    live: Sequence[Snapshot], needed: Collection[str], retired: Retired, *, before: datetime
) -> dict[str, str]:
    """The datasets of `live` (the oldest first) that may go, each with the one that replaces it.

    The newest one stays, those with a tag in `needed`, those that are not older than `before`, and the last one of each
    month.
    """
    replaced: dict[str, str] = {}
    stays: Snapshot | None = None
    for snapshot in reversed(live):
        made = made_at(snapshot.tag, retired)
        is_last = stays is None or f"{made:%Y-%m}" != f"{made_at(stays.tag, retired):%Y-%m}"
        if stays is None or is_last or snapshot.tag in needed or made >= before:
            stays = snapshot
        else:
            replaced[snapshot.tag] = stays.tag
    return replaced


def live_tag(tag: str, retired: Retired) -> str:
    """The dataset that has the rows of `tag` now: an erasure gives a dataset a successor."""
    while tag in retired:
        tag = retired[tag]["successor"]
    return tag


def made_at(tag: str, retired: Retired) -> datetime:
    """When the dataset was stored first, as its tag says: without an erased person it is as old as it was with them."""
    before = {one["successor"]: earlier for earlier, one in retired.items() if one["receipt"] != RETENTION}
    while tag in before:
        tag = before[tag]
    return datetime.strptime(tag.split("-")[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _md5(place: str) -> str:
    """The md5 under which DVC stores the content of a key or path; "" for other files."""
    _, known, name = place.rpartition(f"{CONTENT}/")
    return name.replace("/", "") if known else ""
