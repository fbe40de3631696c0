"""The models that answer: champion and canary, kept in step with the registry's aliases.

A thread looks at the aliases; a new version is loaded and proven there, then one reference is swapped. Requests take
that reference once and finish on it, so none is dropped and none sees half a change. A registry that does not answer
changes nothing, and a version that cannot be trusted is refused: what is loaded goes on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from core.errors import CallwiseError, ModelError, Unavailable
from core.models.decisions import CANARY, CHAMPION
from core.models.proof import Model, Scores, predict
from core.models.registry import Loaded, ModelVersion
from core.schema import Schema
from core.schema.column import Value
from serving.explain import Explainer

log = logging.getLogger(__name__)

# A refused version is tried again this often: what refused it may have been the network or a full disk.
RETRY_SECONDS = 15.0


class Registry(Protocol):
    """What is asked of the model registry."""

    def version_by_alias(self, alias: str) -> ModelVersion | None:
        """The version under `alias`, or None. Raises Unavailable."""
        ...

    def load(self, version: ModelVersion) -> Loaded:
        """The version's model, once it has reproduced its proof. Raises ModelError, Unavailable."""
        ...


@dataclass(frozen=True, eq=False)
class Served:
    """A loaded version. `key` also tells apart two models that both were version "1" of a registry made anew.

    `explainer` is None for a version whose scores cannot be explained, `unexplained` says why; it is no reason not to
    serve it.
    """

    version: str
    key: tuple[str, str]
    model: Model
    explainer: Explainer | None = None
    unexplained: str = ""

    def score(self, rows: Sequence[Mapping[str, Value]]) -> Scores:
        """Probabilities of a sale, shape [n]. Raises ModelError where one is not a probability."""
        scores = predict(self.model, rows)
        usable = (scores >= 0) & (scores <= 1)
        if not usable.all():
            row = int(np.argmin(usable))
            raise ModelError(f"Version {self.version} gave {scores[row]!r} for row {row + 1}.")
        return scores


@dataclass(frozen=True)
class Lineup:
    """Who answers. Never changed, only replaced."""

    champion: Served
    canary: Served | None = None


@dataclass(frozen=True)
class Refusal:
    """Why a version is not served, and when (monotonic seconds) it is looked at again."""

    version: str
    why: str
    again: float


class Models:
    """The current line-up, None until there is a champion; `looked` is set once the registry was asked."""

    def __init__(self, registry: Registry, schema: Schema, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._registry = registry
        self._schema = schema
        self._features = frozenset(schema.feature_names)
        self._clock = clock
        self._refused: dict[tuple[str, str], Refusal] = {}
        self._silence: Unavailable | None = None
        self.lineup: Lineup | None = None
        self.registry_answers = True
        self.looked = threading.Event()

    @property
    def refused(self) -> list[Refusal]:
        """Versions that have an alias and are not served."""
        return list(self._refused.values())

    def refresh(self) -> None:
        """Bring the line-up in step with the aliases, as far as the registry and the versions allow."""
        self._silence = None
        try:
            champion = self._registry.version_by_alias(CHAMPION)
            canary = self._registry.version_by_alias(CANARY)
            self._follow(champion, canary)
        except Unavailable as error:
            self._silence = error
        if self._silence and self.registry_answers:
            log.warning("the model registry does not answer; the models go on as they are: %s", self._silence)
        elif not self._silence and not self.registry_answers:
            log.info("the model registry answers again")
        self.registry_answers = self._silence is None

    def run(self, every_seconds: float, stop: threading.Event) -> None:
        """Look every `every_seconds` until `stop` is set."""
        while True:
            try:
                self.refresh()
            except Exception:  # the thread must outlive whatever one look meets
                log.exception("a look at the model registry failed; the models go on as they are")
            self.looked.set()
            if stop.wait(every_seconds):
                return

    def _follow(self, champion: ModelVersion | None, canary: ModelVersion | None) -> None:
        wanted = [version for version in (champion, canary) if version]
        self._refused = {key: why for key, why in self._refused.items() if key in map(_key, wanted)}
        held = self.lineup
        first = (self._served(champion) if champion else None) or (held.champion if held else None)
        if first is None:
            return
        second = self._served(canary) if canary and _key(canary) != first.key else None
        if held is None or (held.champion, held.canary) != (first, second):
            self.lineup = Lineup(first, second)
            log.info("champion is version %s, canary %s", first.version, second.version if second else "none")

    def _served(self, version: ModelVersion) -> Served | None:
        """`version` ready to answer: the one that is held, or else loaded; None where it is not to be had."""
        key = _key(version)
        held = self.lineup
        for served in (held.champion, held.canary) if held else ():
            if served and served.key == key:
                return served
        before = self._refused.get(key)
        if before and self._clock() < before.again:
            return None
        try:
            loaded = self._registry.load(version)
            self._check_features(version, loaded.model)
        except Unavailable as error:
            self._silence = error
            return None
        except Exception as error:  # noqa: BLE001  whatever a model's file does, the loaded one goes on
            self._refuse(key, version, error, before)
            return None
        self._refused.pop(key, None)
        served = Served(version.version, key, loaded.model)
        try:
            explainer = Explainer(loaded.model, loaded.reference, self._schema)
        except Exception as error:  # noqa: BLE001  whatever its reference is, the model gives scores
            why = f"{type(error).__name__}: {error}"
            log.warning("the scores of version %s come without reasons: %s", version.version, why)
            return replace(served, unexplained=why)
        log.info("version %s is explained %s", version.version, "exactly" if explainer.exact else "column by column")
        return replace(served, explainer=explainer)

    def _check_features(self, version: ModelVersion, model: Model) -> None:
        unknown = sorted(set(model.feature_names_in_) - self._features)
        if unknown:
            raise ModelError(f"Version {version.version} wants '{unknown[0]}', which the schema does not have.")

    def _refuse(self, key: tuple[str, str], version: ModelVersion, error: Exception, before: Refusal | None) -> None:
        why = str(error) if isinstance(error, CallwiseError) else f"{type(error).__name__}: {error}"
        self._refused[key] = Refusal(version.version, why, self._clock() + RETRY_SECONDS)
        if before is None or before.why != why:
            expected = isinstance(error, CallwiseError)
            log.error("version %s is refused: %s", version.version, why, exc_info=None if expected else error)


def _key(version: ModelVersion) -> tuple[str, str]:
    return version.version, version.run_id
