"""The line-up: which versions score a request, and by which scorer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

from core.models.decisions import CANARY, CHAMPION, SuccessionState
from core.schema.column import Value
from core.scoring.protocol import Score
from core.stores.mongo import Document


class Scorer(Protocol):
    """The scoring service; `core.scoring.client.ScoringClient` is the real one."""

    def state(self) -> Mapping[str, str | int | float]:
        """What is in service: `champion`, `canary` and `refresh`, each a version or empty, and their figures.

        Raises Unavailable.
        """
        ...

    def score(
        self,
        rows: Sequence[Mapping[str, Value]],
        prospects: Sequence[str],
        *,
        request_id: str | None = None,
        with_reasons: bool = False,
    ) -> list[Score]:
        """The scores of n rows, in their order, with reasons if `with_reasons`. Raises InputError, Unavailable."""
        ...


@dataclass(frozen=True)
class Lineup:
    """The model versions that score now: champion, canary, and a refresh with its `weight` beside the champion.

    `share`: of the people, for the canary, at its `canary_level`; `levels`: of the champion, and of the refresh. These
    are known of what is in service only, not of what was decided, so they do not count where two line-ups are compared.
    """

    champion: str
    canary: str | None = None
    refresh: str | None = None
    weight: float = 0.0
    share: float = field(default=0.0, compare=False)
    levels: tuple[float, ...] = field(default=(), compare=False)
    canary_level: float = field(default=0.0, compare=False)

    @classmethod
    def of_state(cls, state: SuccessionState) -> Self | None:
        """The line-up that the decisions ask for; None before there is a champion."""
        if state.champion is None:
            return None
        return cls(state.champion, state.canary, state.refresh, state.weight)

    def __str__(self) -> str:
        together = self.speakers(CHAMPION)
        if not self.canary:
            return together
        share = f"@{self.share:.6g}" if self.share else ""  # a service of an earlier release does not say it
        level = f" {self.canary_level:+.6f}" if self.canary_level else ""
        return f"{together}+{self.canary}{share}{level}"

    @property
    def mixture(self) -> str | None:
        """The refresh, its weight and the levels; None where the champion scores alone, as it was trained."""
        refresh = f"{self.refresh}@{self.weight:.6g}" if self.refresh else ""
        levels = "/".join(f"{level:+.6f}" for level in self.levels) if any(self.levels) else ""
        return f"{refresh} {levels}".strip() or None

    @property
    def routes(self) -> set[tuple[str, str]]:
        """Each route and the version that answers on it. A canary that was promoted answers on the champion's."""
        return {(CHAMPION, self.champion), *([(CANARY, self.canary)] if self.canary else [])}

    @property
    def trial(self) -> str:
        """The canary and its share; "" without one."""
        return f"{self.canary}@{self.share:.6g}" if self.canary else ""

    def speakers(self, route: str) -> str:
        """What gives the scores of `route`: versions, weights and levels."""
        if route == CANARY:
            return f"canary {self.canary} {self.canary_level:+.6f}"
        return f"{self.champion}~{self.mixture}" if self.mixture else self.champion


def lineup(scorer: Scorer) -> Lineup | None:
    """The line-up in service, or None before there is a champion. Raises Unavailable."""
    state = scorer.state()
    if not state["champion"]:
        return None
    canary, refresh = str(state["canary"]) or None, str(state.get("refresh") or "") or None
    levels = ["champion_level", *(["refresh_level"] if refresh else [])]
    return Lineup(
        str(state["champion"]),
        canary,
        refresh,
        float(state.get("refresh_weight") or 0.0),
        float(state.get("canary_share") or 0.0),
        tuple(float(state.get(level) or 0.0) for level in levels),
        float(state.get("canary_level") or 0.0) if canary else 0.0,
    )


def request_id(lineup: Lineup, prospects: Sequence[Document]) -> str:
    """The natural key of a request to `lineup` for these prospects: 32 hex digits of a sha256."""
    asked = [[p["_id"], p["features"], p.get("prediction")] for p in prospects]
    text = json.dumps(["rank", str(lineup), asked], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
