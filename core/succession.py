"""The succession: which model version was champion or on trial at any moment, and why.

The collection `models` is a list of decisions that only grows. Who is champion, canary and `previous` now, or was at
any moment, is what the decisions up to then add up to; nothing is ever updated, so nothing can be half done. A decision
takes the next place in the list, and the place is its key: of two that were taken upon the same state, one is written,
and the other sees a changed state and is taken again or not at all.

The aliases in MLflow, which serving obeys, follow the decisions (`Succession.follow`). A process that dies after a
decision leaves aliases that are out of step until the next look; monitoring looks every few seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, Self

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from core import events
from core.clock import Clock, now
from core.errors import Conflict
from core.mongo import Db, Document, reachable

CHAMPION, CANARY, PREVIOUS = "champion", "canary", "previous"


class What(StrEnum):
    """What was decided about a version."""

    PROMOTED = "promoted"
    ON_TRIAL = "on trial"
    DROPPED = "dropped"
    ROLLED_BACK = "rolled back"


@dataclass(frozen=True)
class Decision:
    """One decision. `version` is the version it is about: the new champion, the canary, or the one that goes back.

    Of a rollback, `version` is the one that is champion again. `evidence` holds the figures it rests on.
    """

    place: int
    what: What
    version: str
    at: datetime
    by: str
    why: str
    incident: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Document) -> Self:
        """The decision in a document of `models`."""
        names = ("place", "version", "at", "by", "why", "incident", "evidence")
        return cls(what=What(document["what"]), **{name: document[name] for name in names})


@dataclass(frozen=True)
class State:
    """What the decisions add up to.

    `reigns` are the decisions that made the champions one could go back to, the present one last; `trial` is the
    decision that put the canary on trial; `last` is the last decision's place.
    """

    reigns: tuple[Decision, ...] = ()
    trial: Decision | None = None
    last: int = 0

    @property
    def champion(self) -> str | None:
        """The version in use."""
        return self.reigns[-1].version if self.reigns else None

    @property
    def previous(self) -> str | None:
        """The version that a rollback goes back to."""
        return self.reigns[-2].version if len(self.reigns) > 1 else None

    @property
    def canary(self) -> str | None:
        """The version on trial."""
        return self.trial.version if self.trial else None

    def after(self, decision: Decision) -> State:
        """The state once `decision` was taken."""
        match decision.what:
            case What.PROMOTED:
                return State((*self.reigns, decision), None, decision.place)
            case What.ON_TRIAL:
                return State(self.reigns, decision, decision.place)
            case What.DROPPED:
                return State(self.reigns, None, decision.place)
            case What.ROLLED_BACK:
                # The version that failed is gone from the line: another rollback goes further back, not forth again.
                return State((*self.reigns[:-2], self.reigns[-2]), None, decision.place)


def state(decisions: Sequence[Decision], at: datetime | None = None) -> State:
    """What `decisions`, in their order, added up to `at` a moment (or by now)."""
    found = State()
    for decision in decisions:
        if at is None or decision.at <= at:
            found = found.after(decision)
    return found


def decisions(db: Db, model: str) -> list[Decision]:
    """All decisions about `model`, the oldest first. Raises Unavailable."""
    with reachable():
        return [Decision.of(found) for found in db.models.find({"model": model}).sort([("_id", ASCENDING)])]


class Aliases(Protocol):
    """The aliases of a registered model; `core.model_registry.ModelRegistry` has the real ones."""

    def aliases(self) -> Mapping[str, str]:
        """Each alias with the version it names. Raises Unavailable."""
        ...

    def point(self, alias: str, version: str) -> None:
        """Let `alias` name `version`; safe to repeat. Raises Unavailable."""
        ...

    def unpoint(self, alias: str) -> None:
        """Let `alias` name nothing; safe to repeat. Raises Unavailable."""
        ...


class Succession:
    """Takes decisions about `model`, each as `by`, and lets the aliases follow. May be shared between threads.

    A screen has no business with the registry: without `aliases` it decides, and monitoring lets them follow.
    """

    def __init__(self, db: Db, model: str, aliases: Aliases | None, *, by: str, clock: Clock = now) -> None:
        self._db, self._model, self._aliases, self._by, self._clock = db, model, aliases, by, clock
        self._told = 0

    def decisions(self) -> list[Decision]:
        """All decisions, the oldest first. Raises Unavailable."""
        return decisions(self._db, self._model)

    def state(self) -> State:
        """Who is what now. Raises Unavailable."""
        return state(self.decisions())

    def try_out(
        self, version: str, *, why: str, incident: str | None = None, evidence: Mapping[str, Any] | None = None
    ) -> Decision:
        """Put `version` on trial beside the champion; a canary that is on trial already makes room for it.

        Repeating it changes nothing. Raises Conflict without a champion, Unavailable.
        """

        def upon(found: State) -> What | None:
            if found.champion is None:
                raise Conflict("There is no champion to try a canary against.", next="Promote the first version.")
            return None if version in (found.canary, found.champion) else What.ON_TRIAL

        return self._decide(upon, version, why, incident, evidence)

    def promote(
        self, version: str, *, why: str, incident: str | None = None, evidence: Mapping[str, Any] | None = None
    ) -> Decision:
        """Make `version` the champion and end its trial. Repeating it changes nothing. Raises Unavailable."""

        def upon(found: State) -> What | None:
            return None if found.champion == version else What.PROMOTED

        return self._decide(upon, version, why, incident, evidence)

    def drop(
        self, version: str, *, why: str, incident: str | None = None, evidence: Mapping[str, Any] | None = None
    ) -> Decision | None:
        """End the trial of `version`; None, and nothing is done, if it is not on trial. Raises Unavailable."""

        def upon(found: State) -> What | None:
            return What.DROPPED if found.canary == version else None

        if self.state().canary != version:
            return None
        decision = self._decide(upon, version, why, incident, evidence)
        return decision if (decision.what, decision.version) == (What.DROPPED, version) else None

    def roll_back(self, champion: str, *, why: str, incident: str | None = None) -> Decision:
        """Go back from `champion` to the champion before it, and end a trial: it was held against the wrong one.

        `champion` is named so that asking twice goes back once. Raises Conflict when another version is champion, or
        when there is none to go back to; Unavailable.
        """
        goes_back_to = ""

        def upon(found: State) -> What:
            nonlocal goes_back_to
            if found.champion != champion:
                raise Conflict(
                    f"Version {champion} is not the champion; {_named(found.champion)} is.",
                    kept="Nothing was changed.",
                    next="Look at the models again, then decide.",
                )
            if found.previous is None:
                raise Conflict(
                    f"Version {champion} is the first champion there was; there is none to go back to.",
                    kept="Nothing was changed.",
                    next="Train another model.",
                )
            goes_back_to = found.previous
            return What.ROLLED_BACK

        return self._decide(upon, lambda: goes_back_to, why, incident, {"from": champion})

    def follow(self) -> State:
        """Bring the aliases and the event log in step with the decisions; returns the state they follow.

        Raises Unavailable.
        """
        taken = self.decisions()
        found = state(taken)
        for decision in taken[self._told :]:
            self._tell(decision)
        self._told = len(taken)
        if found.champion is None or self._aliases is None:
            return found
        named = self._aliases.aliases()
        for alias, version in {PREVIOUS: found.previous, CHAMPION: found.champion, CANARY: found.canary}.items():
            if version is None and alias in named:
                self._aliases.unpoint(alias)
            elif version is not None and named.get(alias) != version:
                self._aliases.point(alias, version)
        return found

    def _decide(
        self,
        upon: Callable[[State], What | None],
        version: str | Callable[[], str],
        why: str,
        incident: str | None,
        evidence: Mapping[str, Any] | None,
    ) -> Decision:
        """Write what `upon` says of the present state, unless it says None; then the last decision is returned."""
        while True:
            taken = self.decisions()
            found = state(taken)
            what = upon(found)
            if what is None:
                self.follow()
                return taken[-1]
            about = version if isinstance(version, str) else version()
            decision = Decision(found.last + 1, what, about, self._clock(), self._by, why, incident, evidence or {})
            document = {"_id": f"{self._model}:{decision.place:06d}", "model": self._model, **vars(decision)}
            document["what"] = what.value
            with reachable():
                try:
                    self._db.models.insert_one(document)
                except DuplicateKeyError:
                    continue  # another decision took this place
            self.follow()
            return decision

    def _tell(self, decision: Decision) -> None:
        """The event of `decision`, once, also if the process that took it died before it could tell."""
        what, subject = f"model {decision.what}", f"{self._model}:{decision.version}"
        events.append(
            self._db,
            who=decision.by,
            what=what,
            subject=subject,
            why=decision.why,
            clock=lambda: decision.at,
            once={"what": what, "subject": subject, "details.decision": decision.place},
            decision=decision.place,
            incident=decision.incident,
        )


def _named(version: str | None) -> str:
    return f"version {version}" if version else "nobody"
