"""The succession: which model version was champion or on trial at any moment, and why.

The collection `models` is a list of decisions that only grows. Who is champion, canary and `previous` now, or was at
any moment, is what the decisions up to then add up to; nothing is ever updated, so nothing can be half done. A decision
takes the next place in the list, and the place is its key: of two that were taken upon the same state, one is written,
and the other sees a changed state and is taken again or not at all.

The aliases in MLflow, which serving obeys, follow the decisions (`Succession.follow`). A process that dies after a
decision leaves aliases that are out of step until the next look; monitoring looks every few seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pymongo.errors import DuplicateKeyError

from core.clock import Clock, now
from core.errors import Conflict
from core.models.decisions import CANARY, CHAMPION, PREVIOUS, Decision, State, What, decisions, state
from core.sentences import Sentence
from core.stores import event_log
from core.stores.embedded_mongo import key_in_order
from core.stores.events import Event
from core.stores.mongo import Db, reachable


class Aliases(Protocol):
    """The aliases of a registered model; `core.models.registry.ModelRegistry` has the real ones."""

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
                raise Conflict(
                    Sentence("There is no champion to try a canary against."),
                    next=Sentence("Promote the first version."),
                )
            return None if version in (found.canary, found.champion) else What.ON_TRIAL

        return self._decide(upon, version, why, incident, evidence)

    def promote(
        self, version: str, *, why: str, incident: str | None = None, evidence: Mapping[str, Any] | None = None
    ) -> Decision:
        """Make `version` the champion and end its trial. Repeating it changes nothing. Raises Unavailable."""

        def upon(found: State) -> What | None:
            return None if found.champion == version else What.PROMOTED

        return self._decide(upon, version, why, incident, evidence)

    def promote_canary(
        self, version: str, *, why: str, incident: str | None = None, evidence: Mapping[str, Any] | None = None
    ) -> Decision:
        """Make `version`, which is on trial, the champion; its trial ends by it. A hold stands against it.

        Who decides on a trial has looked at it before: meanwhile a person may have gone back, or held the champion, and
        monitoring may have ended it. Raises Conflict when it is not on trial (any more), or held; Unavailable.
        """

        def upon(found: State) -> What:
            if found.canary != version:
                raise Conflict(
                    Sentence("Version {version} is the champion already.", version=version)
                    if found.champion == version
                    else Sentence("Version {version} is not on trial any more.", version=version),
                    kept=Sentence("Nothing was changed."),
                    next=Sentence("Look at the models again, then decide."),
                )
            if found.hold is not None:
                raise Conflict(
                    Sentence(
                        "{who} holds the champion: nothing is promoted until that is released.", who=found.hold.by
                    ),
                    kept=Sentence("Nothing was changed; the trial goes on."),
                    next=Sentence("Release it first, if that is agreed."),
                )
            return What.PROMOTED

        return self._decide(upon, version, why, incident, evidence)

    def hold(self, *, why: str) -> Decision:
        """Hold the champion of the moment: until `release`, nothing is promoted and no training asked for.

        What protects people goes on: guardrails and outcomes still end a trial, and a person may still go back. Raises
        Conflict without a champion, or when somebody holds it already; Unavailable.
        """
        champion = ""

        def upon(found: State) -> What:
            nonlocal champion
            if found.champion is None:
                raise Conflict(
                    Sentence("There is no champion yet, so there is nothing to hold."),
                    kept=Sentence("Nothing was changed."),
                )
            if found.hold is not None:
                raise Conflict(
                    Sentence("{who} holds the champion already.", who=found.hold.by),
                    kept=Sentence("Nothing was changed."),
                )
            champion = found.champion
            return What.HELD

        return self._decide(upon, lambda: champion, why, None, None)

    def release(self, held: int, *, why: str) -> Decision:
        """End the hold that is the decision at place `held`, named so that two who press release one hold.

        Raises Conflict when that hold is over; Unavailable.
        """
        champion = ""

        def upon(found: State) -> What:
            nonlocal champion
            if found.hold is None or found.hold.place != held:
                raise Conflict(Sentence("That hold was released already."), kept=Sentence("Nothing was changed."))
            champion = found.champion or found.hold.version
            return What.RELEASED

        return self._decide(upon, lambda: champion, why, None, {"held": held})

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
                    Sentence(
                        "Version {champion} is not the champion; {other} is.",
                        champion=champion,
                        other=_named(found.champion),
                    ),
                    kept=Sentence("Nothing was changed."),
                    next=Sentence("Look at the models again, then decide."),
                )
            if found.previous is None:
                raise Conflict(
                    Sentence(
                        "Version {champion} is the first champion there was; there is none to go back to.",
                        champion=champion,
                    ),
                    kept=Sentence("Nothing was changed."),
                    next=Sentence("Train another model."),
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
            key = f"{self._model}:{key_in_order(decision.place, 6)}"
            document = {"_id": key, "model": self._model, **vars(decision)}
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
        what, subject = Event.of_decision(decision.what), f"{self._model}:{decision.version}"
        event_log.append(
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


def _named(version: str | None) -> Sentence:
    return Sentence("version {version}", version=version) if version else Sentence("nobody")
