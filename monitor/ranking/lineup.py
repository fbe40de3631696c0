"""The line-up: which versions score a request, and by which scorer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.schema.column import Value
from core.scoring.protocol import Score
from core.stores.mongo import Document


class Scorer(Protocol):
    """The scoring service; `core.scoring.client.ScoringClient` is the real one."""

    def state(self) -> Mapping[str, str | int | float]:
        """The versions in service: `champion` and `canary`, each a version or empty. Raises Unavailable."""
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
    """The model versions that score now."""

    champion: str
    canary: str | None = None

    def __str__(self) -> str:
        return f"{self.champion}+{self.canary}" if self.canary else self.champion

    def outdated(self) -> dict[str, Any]:
        """The query of prospects that another line-up ranked.

        Without a canary the query asks for scores of other versions, so the champion's scores stay when a trial ends.
        """
        field, current = ("ranked_by", str(self)) if self.canary else ("score_version", self.champion)
        return {field: {"$nin": [None, current]}}


def lineup(scorer: Scorer) -> Lineup | None:
    """The line-up in service, or None before there is a champion. Raises Unavailable."""
    state = scorer.state()
    return Lineup(str(state["champion"]), str(state["canary"]) or None) if state["champion"] else None


def request_id(lineup: Lineup, prospects: Sequence[Document]) -> str:
    """The natural key of a request to `lineup` for these prospects: 32 hex digits of a sha256."""
    asked = [[p["_id"], p["features"], p.get("prediction")] for p in prospects]
    text = json.dumps(["rank", str(lineup), asked], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
