"""The models that answer, champion, canary and refresh, as the registry's aliases name them.

A thread follows the aliases: it loads and proves a new version, then swaps one reference. A request takes the reference
once and finishes with it, so no request is dropped or sees half a change. If the registry does not answer, or a version
cannot be trusted, the loaded models stay in service.

A canary that a process of this service died of is left out, and the champion answers alone (`serving.loading_mark`).
The service's state names it among the refused versions, so monitoring ends its trial. A champion is never left out.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from core.errors import CallwiseError, ModelError, Unavailable
from core.models.compiled.compilation import Compiled, proven
from core.models.decisions import CANARY, CHAMPION, REFRESH
from core.models.proof import Model, Scores, predict
from core.models.registry import Loaded, ModelVersion
from core.schema import Schema
from core.scoring.protocol import Rows
from serving.explain import Explainer
from serving.loading_mark import LoadingMark, ModelRefusal, Newcomer

log = logging.getLogger(__name__)

# Seconds until a refused version is tried again, because the network or a full disk may have been the reason.
RETRY_SECONDS = 15.0


class Registry(Protocol):
    """The part of the model registry that serving uses."""

    def version_by_alias(self, alias: str) -> ModelVersion | None:
        """The version under `alias`, or None. Raises Unavailable."""
        ...

    def load(self, version: ModelVersion) -> Loaded:
        """The version's model, with its proof checked. Raises ModelError, Unavailable."""
        ...


@dataclass(frozen=True, eq=False)
class ServedVersion:
    """A loaded version. Its `key` has the run too, because a registry made anew starts at version "1" again.

    `arithmetic` is the compiled form, without which the pipeline scores. Without an `explainer` its scores come without
    reasons; `unexplained` says why.
    """

    version: str
    key: tuple[str, str]
    model: Model
    arithmetic: Compiled | None = None
    explainer: Explainer | None = None
    unexplained: str = ""

    def score(self, rows: Rows) -> Scores:
        """Probabilities of a sale, shape [n]. Raises ModelError where one is not a probability."""
        if self.arithmetic:
            scores = self.arithmetic.score_columns(rows.columns, len(rows))
        else:
            scores = predict(self.model, rows.features)
        usable = (scores >= 0) & (scores <= 1)
        if not usable.all():
            row = int(np.argmin(usable))
            raise ModelError(f"Version {self.version} gave {scores[row]!r} for row {row + 1}.")
        return scores


@dataclass(frozen=True)
class Lineup:
    """The models that answer, and the `refresh` that may be mixed with the champion. Never changed, only replaced."""

    champion: ServedVersion
    canary: ServedVersion | None = None
    refresh: ServedVersion | None = None

    @property
    def served(self) -> list[ServedVersion]:
        """All of them."""
        return [model for model in (self.champion, self.canary, self.refresh) if model]


class Models:
    """The current line-up, None until there is a champion; `looked` is set after the first attempt to read."""

    def __init__(
        self, registry: Registry, schema: Schema, mark: LoadingMark, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._registry = registry
        self._canary, self._refresh = Newcomer(mark, clock), Newcomer(mark.beside("refresh"), clock)
        self._schema = schema
        self._features = frozenset(schema.feature_names)
        self._clock = clock
        self._refused: dict[tuple[str, str], ModelRefusal] = {}
        self._silence: Unavailable | None = None
        self.lineup: Lineup | None = None
        self.registry_answers = True
        self.looked = threading.Event()

    @property
    def refused(self) -> list[ModelRefusal]:
        """Versions that have an alias and are not served."""
        left_out = [newcomer.left_out for newcomer in (self._canary, self._refresh) if newcomer.left_out]
        return [*self._refused.values(), *left_out]

    def end(self) -> None:
        """The process was told to end, and does not die of a newcomer."""
        self._canary.end()
        self._refresh.end()

    def refresh(self) -> None:
        """Update the line-up to the aliases, as far as the registry and the versions allow."""
        self._silence = None
        self._canary.look()
        self._refresh.look()
        try:
            champion = self._registry.version_by_alias(CHAMPION)
            canary = self._registry.version_by_alias(CANARY)
            refresh = self._registry.version_by_alias(REFRESH)
            self._follow(champion, canary, refresh)
        except Unavailable as error:
            self._silence = error
        if self._silence and self.registry_answers:
            log.warning("the model registry does not answer; the loaded models stay in service: %s", self._silence)
        elif not self._silence and not self.registry_answers:
            log.info("the model registry answers again")
        self.registry_answers = self._silence is None

    def run(self, every_seconds: float, stop: threading.Event) -> None:
        """Refresh every `every_seconds` until `stop` is set."""
        while True:
            try:
                self.refresh()
            except Exception:  # the thread must survive any error
                log.exception("the models could not be refreshed; the loaded ones stay in service")
            self.looked.set()
            if stop.wait(every_seconds):
                return

    def _follow(self, champion: ModelVersion | None, canary: ModelVersion | None, refresh: ModelVersion | None) -> None:
        aliased = {_key(version) for version in (champion, canary, refresh) if version}
        self._refused = {key: refusal for key, refusal in self._refused.items() if key in aliased}
        present = self.lineup
        first = (self._served(champion) if champion else None) or (present.champion if present else None)
        if first is None:
            return
        if present is None:
            self._put(Lineup(first))  # a newcomer's load must not keep the champion from answering
        second = self._beside(self._canary, canary if canary and _key(canary) != first.key else None)
        third = self._beside(self._refresh, refresh if refresh and _key(refresh) != first.key else None)
        self._put(Lineup(first, second, third))

    def _put(self, lineup: Lineup) -> None:
        if self.lineup != lineup:
            self.lineup = lineup
            others = [model.version if model else "none" for model in (lineup.canary, lineup.refresh)]
            log.info("champion is version %s, canary %s, refresh %s", lineup.champion.version, *others)

    def _beside(self, newcomer: Newcomer, version: ModelVersion | None) -> ServedVersion | None:
        """The version ready to answer; None where there is none, or it cannot be served, or it is left out."""
        if newcomer.is_left_out(version) or version is None:
            return None
        key = _key(version)
        if self._held(key) or not self._may_load(key):
            return self._held(key)
        newcomer.begins(key)
        served = self._served(version)
        newcomer.ended(loaded=served is not None)
        return served

    @property
    def is_compiled(self) -> bool:
        """Whether all models of the line-up score by their compiled form."""
        return self.lineup is not None and all(served.arithmetic is not None for served in self.lineup.served)

    def _held(self, key: tuple[str, str]) -> ServedVersion | None:
        """The version of the line-up that has `key`."""
        return next((served for served in (self.lineup.served if self.lineup else ()) if served.key == key), None)

    def _may_load(self, key: tuple[str, str]) -> bool:
        refusal = self._refused.get(key)
        return refusal is None or self._clock() >= refusal.again

    def _served(self, version: ModelVersion) -> ServedVersion | None:
        """`version` ready to answer, from the line-up or newly loaded; None where it cannot be served."""
        key = _key(version)
        if served := self._held(key):
            return served
        if not self._may_load(key):
            return None
        try:
            loaded = self._registry.load(version)
            self._check_features(version, loaded.model)
        except Unavailable as error:
            self._silence = error
            return None
        except Exception as error:  # noqa: BLE001  whatever a model's file does, the loaded model stays in service
            self._refuse(key, version, error)
            return None
        self._refused.pop(key, None)
        arithmetic = proven(loaded.model, loaded.proof, f"version {version.version}")
        served = ServedVersion(version.version, key, loaded.model, arithmetic)
        try:
            explainer = Explainer(loaded.model, loaded.reference, self._schema, arithmetic)
        except Exception as error:  # noqa: BLE001  a model scores even if its reference is unusable
            why = f"{type(error).__name__}: {error}"
            log.warning("the scores of version %s come without reasons: %s", version.version, why)
            return replace(served, unexplained=why)
        log.info("version %s is explained %s", version.version, "exactly" if explainer.exact else "column by column")
        return replace(served, explainer=explainer)

    def _check_features(self, version: ModelVersion, model: Model) -> None:
        unknown = sorted(set(model.feature_names_in_) - self._features)
        if unknown:
            raise ModelError(f"Version {version.version} needs '{unknown[0]}', which the schema does not have.")

    def _refuse(self, key: tuple[str, str], version: ModelVersion, error: Exception) -> None:
        before = self._refused.get(key)
        why = str(error) if isinstance(error, CallwiseError) else f"{type(error).__name__}: {error}"
        self._refused[key] = ModelRefusal(version.version, why, self._clock() + RETRY_SECONDS)
        if before is None or before.why != why:
            expected = isinstance(error, CallwiseError)
            log.error("version %s is refused: %s", version.version, why, exc_info=None if expected else error)


def _key(version: ModelVersion) -> tuple[str, str]:
    return version.version, version.run_id
