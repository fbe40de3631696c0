"""The decisions about a model, and the state they add up to: which version was champion or on trial when, and why.

The collection `models` only grows. No entry is ever updated, so a crash leaves none half written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pymongo import ASCENDING

from core.sentences import Sentence, said_in
from core.stores.mongo import Db, Document, reachable

CHAMPION, CANARY, PREVIOUS, REFRESH = "champion", "canary", "previous", "refresh"


class DecisionKind(StrEnum):
    """What was decided about a version."""

    PROMOTED = "promoted"
    ON_TRIAL = "on trial"
    DROPPED = "dropped"
    ROLLED_BACK = "rolled back"
    HELD = "held"
    RELEASED = "released"
    REFRESHED = "refreshed"
    MIXED = "mixed in"
    RENEWED = "renewed"
    LEFT_OUT = "left out"
    LOST = "lost"

    @property
    def words(self) -> Sentence:
        """The word for it on the screens."""
        return _WORDS[self]


_WORDS = {
    DecisionKind.PROMOTED: Sentence("promoted"),
    DecisionKind.ON_TRIAL: Sentence("on trial"),
    DecisionKind.DROPPED: Sentence("dropped"),
    DecisionKind.ROLLED_BACK: Sentence("champion again"),
    DecisionKind.HELD: Sentence("held"),
    DecisionKind.RELEASED: Sentence("released"),
    DecisionKind.REFRESHED: Sentence("refresh, for the next list"),
    DecisionKind.MIXED: Sentence("mixed with the champion"),
    DecisionKind.RENEWED: Sentence("champion, by refreshes"),
    DecisionKind.LEFT_OUT: Sentence("left out of the mixture"),
    DecisionKind.LOST: Sentence("lost with its files"),
}

REACH = 30
"""Rollbacks in a row, of champions that refreshes made, too; the files of earlier champions may be archived."""
HOLDS = frozenset({DecisionKind.HELD, DecisionKind.RELEASED})
"""Decisions about the succession as a whole. They make no version champion or canary."""


@dataclass(frozen=True)
class Decision:
    """A decision on `version` (rollback: the restored champion; hold: the current one) with its figures, `evidence`."""

    place: int
    what: DecisionKind
    version: str
    at: datetime
    by: str
    why: str
    incident: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """The decision in a document of `models`."""
        names = ("place", "version", "at", "by", "incident", "evidence")
        what, why = DecisionKind(document["what"]), said_in(document)
        return cls(what=what, why=why, **{name: document[name] for name in names})


@dataclass(frozen=True)
class SuccessionState:
    """What the decisions add up to.

    `promotions`: the decisions that made the champions, without those rolled back, the current one last. `steps_back`:
    how many rollbacks in a row are possible, at most `REACH`. `trial`: the decision that put the canary on trial.
    `last`: the last decision's place. `hold`: stops promotions and requests for training.

    `brought_in`: the promotions and refreshes that brought a version into use, the last one last, without those that
    were left out or rolled back since.

    `waiting`: the decision on a refresh that the next list uses. `mixed`: the newest decision on the refresh that is
    mixed with the champion, and its weight. `compared`: the decision with which the champion's comparison with its
    refreshes began.
    """

    promotions: tuple[Decision, ...] = ()
    brought_in: tuple[Decision, ...] = ()
    steps_back: int = 0
    trial: Decision | None = None
    last: int = 0
    hold: Decision | None = None
    waiting: Decision | None = None
    mixed: Decision | None = None
    compared: Decision | None = None

    @property
    def champion(self) -> str | None:
        """The version in use."""
        return self.promotions[-1].version if self.promotions else None

    @property
    def accepted(self) -> Decision | None:
        """The last decision that accepted a model which was not taken out since: somebody or something looked at it.

        Promotions, and the refreshes that trainings for incidents made; the upkeep's own refreshes accept nothing.
        """
        looked_at = [one for one in self.brought_in if one.what is DecisionKind.PROMOTED or one.incident]
        return looked_at[-1] if looked_at else None

    @property
    def lineage(self) -> tuple[str, ...]:
        """The version that was last accepted, and those that its upkeep has brought in since, the newest first."""
        since = self.accepted.place if self.accepted else 0
        return tuple(one.version for one in reversed(self.brought_in) if one.place >= since)

    def _brought_in_up_to(self, champion: str | None) -> tuple[Decision, ...]:
        """Those up to `champion`, which remains: the refreshes that came after it go together."""
        places = [place for place, one in enumerate(self.brought_in, 1) if one.version == champion]
        return self.brought_in[: places[-1]] if places else self.brought_in

    @property
    def previous(self) -> str | None:
        """The version that a rollback goes back to."""
        return self.promotions[-2].version if self.steps_back else None

    @property
    def canary(self) -> str | None:
        """The version on trial."""
        return self.trial.version if self.trial else None

    @property
    def refresh(self) -> str | None:
        """The version that is mixed with the champion."""
        return self.mixed.version if self.mixed else None

    @property
    def weight(self) -> float:
        """The weight of the refresh in the mixture, from 0 to 1; 0 without one."""
        return float(self.mixed.evidence["weight"]) if self.mixed else 0.0

    @property
    def reachable(self) -> frozenset[str]:
        """The versions that are in use, wait for the next list, or can be champion again by a rollback."""
        taken = (*self.promotions[-1 - self.steps_back :], self.trial, self.waiting, self.mixed)
        return frozenset(decision.version for decision in taken if decision)

    @property
    def newest(self) -> str | None:
        """The newest version in use, which a rollback takes out: the refresh, or else the champion."""
        return self.refresh or self.champion

    def after(self, decision: Decision) -> SuccessionState:
        """The state once `decision` was taken."""
        return replace(self, **self._changed(decision), last=decision.place)

    def _changed(self, decision: Decision) -> dict[str, Any]:
        alone: dict[str, Any] = {"mixed": None, "compared": None}  # the champion, without a refresh
        anew = {**alone, "trial": None, "waiting": None}
        steps = min(self.steps_back + 1, REACH) if self.promotions else 0
        promoted = {"promotions": (*self.promotions, decision), "steps_back": steps}
        changed: dict[DecisionKind, dict[str, Any]] = {
            DecisionKind.PROMOTED: {
                **anew,
                **promoted,
                "brought_in": (*self._brought_in_up_to(self.champion), decision),
            },
            DecisionKind.ON_TRIAL: {"trial": decision},
            DecisionKind.DROPPED: {"trial": None},
            # The failed version leaves the list, so another rollback goes further back and not forward to it.
            DecisionKind.ROLLED_BACK: {
                **anew,
                "promotions": self.promotions[:-1],
                "brought_in": self._brought_in_up_to(decision.version),
                "steps_back": max(0, self.steps_back - 1),
            },
            DecisionKind.HELD: {"hold": decision},
            DecisionKind.RELEASED: {"hold": None},
            # A canary that becomes a refresh is on trial no longer: outcomes did not show it to be worse.
            DecisionKind.REFRESHED: {
                "waiting": decision,
                "brought_in": (*self.brought_in, decision),
                "trial": self.trial if self.canary != decision.version else None,
            },
            DecisionKind.MIXED: {
                "mixed": decision,
                "compared": self.compared or decision,
                "waiting": self.waiting if self.waiting and self.waiting.version != decision.version else None,
            },
            # A canary stays on trial: what it is compared with is the champion as it is kept fresh.
            DecisionKind.RENEWED: {**alone, **promoted},
            DecisionKind.LEFT_OUT: {
                **alone,
                "waiting": None,
                "brought_in": self._brought_in_up_to(self.champion),
            },
            # The files of all versions are gone: the next that passes the gates is a first champion.
            DecisionKind.LOST: {**anew, "promotions": (), "brought_in": (), "steps_back": 0},
        }
        return changed[decision.what]


def state_of(decisions: Sequence[Decision], at: datetime | None = None) -> SuccessionState:
    """The state that `decisions`, in their order, add up to at the moment `at` (default: now)."""
    result = SuccessionState()
    for decision in decisions:
        if at is None or decision.at <= at:
            result = result.after(decision)
    return result


def decisions(db: Db, model: str) -> list[Decision]:
    """All decisions about `model`, the oldest first. Raises Unavailable."""
    with reachable():
        return [
            Decision.from_document(document) for document in db.models.find({"model": model}).sort([("_id", ASCENDING)])
        ]
