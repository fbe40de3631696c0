"""Takes decisions about model versions: which one is champion, on trial or held.

`core.models.decisions` adds the decisions up to a state. A decision's key is its place in the list, so of two processes
that decide on the same state, one writes its decision; the other sees the changed state and decides anew.

The aliases in MLflow, which serving obeys, follow the decisions (`Succession.sync`). A process that dies after a
decision leaves outdated aliases until monitoring, which checks every few seconds, corrects them.

MLflow cannot compare before it sets an alias, so a slow process can set one upon decisions that are no longer the
newest. Whoever has moved an alias therefore reads the decisions once more, and starts again if there is a newer one. So
when all writers are done, the aliases are those of the newest decision, whatever the order of their writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pymongo.errors import DuplicateKeyError

from core.clock import Clock, now
from core.errors import Conflict
from core.models.decisions import (
    CANARY,
    CHAMPION,
    PREVIOUS,
    REFRESH,
    Decision,
    DecisionKind,
    SuccessionState,
    decisions,
    state_of,
)
from core.sentences import Sentence, with_said
from core.stores import event_log
from core.stores.embedded_mongo import key_in_order
from core.stores.events import Event
from core.stores.mongo import Db, reachable

Taken = tuple[DecisionKind, str]
"""What is decided, and about which version."""
LOOK_AGAIN = Sentence("Look at the models again, then decide.")


class Aliases(Protocol):
    """The aliases of a registered model, as `core.models.registry.ModelRegistry` offers them."""

    def aliases(self) -> Mapping[str, str]:
        """Each alias with the version it names. Raises Unavailable."""
        ...

    def point(self, alias: str, version: str) -> None:
        """Set `alias` to `version`; safe to repeat. Raises Unavailable."""
        ...

    def unpoint(self, alias: str) -> None:
        """Remove `alias`; safe to repeat. Raises Unavailable."""
        ...


class Succession:
    """Takes decisions about `model` in the name of `by`, then updates the aliases. May be shared between threads.

    A screen does not use the registry: it passes no `aliases`, and monitoring updates them.
    """

    def __init__(self, db: Db, model: str, aliases: Aliases | None, *, by: str, clock: Clock = now) -> None:
        self._db, self._model, self._aliases, self._by, self._clock = db, model, aliases, by, clock
        self._logged = 0  # decisions that this process has put into the event log

    def decisions(self) -> list[Decision]:
        """All decisions, the oldest first. Raises Unavailable."""
        return decisions(self._db, self._model)

    def state(self) -> SuccessionState:
        """The present state. Raises Unavailable."""
        return state_of(self.decisions())

    def start_trial(
        self, version: str, *, why: str, incident: str | None = None, evidence: Mapping[str, Any] | None = None
    ) -> Decision:
        """Put `version` on trial instead of any canary; repeatable. Raises Conflict without a champion, Unavailable."""

        def upon(present: SuccessionState) -> Taken | None:
            if present.champion is None:
                raise Conflict(
                    Sentence("There is no champion to try a canary against."),
                    next=Sentence("Promote the first version."),
                )
            return None if version in (present.canary, present.champion) else (DecisionKind.ON_TRIAL, version)

        return self.decide(upon, why, incident, evidence)

    def promote(
        self, version: str, *, why: str, incident: str | None = None, evidence: Mapping[str, Any] | None = None
    ) -> Decision:
        """Make `version` the champion and end its trial; safe to repeat. Raises Unavailable."""

        def upon(present: SuccessionState) -> Taken | None:
            return None if present.champion == version else (DecisionKind.PROMOTED, version)

        return self.decide(upon, why, incident, evidence)

    def promote_canary(
        self, version: str, *, why: str, incident: str | None = None, evidence: Mapping[str, Any] | None = None
    ) -> Decision:
        """Make `version`, the canary, the champion and end its trial.

        Raises Unavailable, and Conflict when the version is not on trial or a hold is in force: since the caller read
        the trial, a person may have rolled back or held the champion, or monitoring may have ended the trial.
        """

        def upon(present: SuccessionState) -> Taken:
            if present.canary != version:
                what = (
                    Sentence("Version {version} is the champion already.", version=version)
                    if present.champion == version
                    else Sentence("Version {version} is not on trial any more.", version=version)
                )
                raise refusal(what, next=LOOK_AGAIN)
            if present.hold is not None:
                raise Conflict(
                    Sentence(
                        "{who} holds the champion: nothing is promoted until the hold is released.", who=present.hold.by
                    ),
                    kept=Sentence("Nothing was changed; the trial continues."),
                    next=Sentence("Release the hold first, if that is agreed."),
                )
            return DecisionKind.PROMOTED, version

        return self.decide(upon, why, incident, evidence)

    def hold(self, *, why: str) -> Decision:
        """Hold the current champion: until `release`, nothing is promoted and no training is requested.

        Protection stays: guardrails and outcomes still end a trial, and a person may still roll back. Raises Conflict
        without a champion or during another hold, Unavailable.
        """

        def upon(present: SuccessionState) -> Taken:
            if present.champion is None:
                raise refusal(Sentence("There is no champion yet, so there is nothing to hold."))
            if present.hold is not None:
                raise refusal(Sentence("{who} holds the champion already.", who=present.hold.by))
            return DecisionKind.HELD, present.champion

        return self.decide(upon, why, None, None)

    def release(self, held: int, *, why: str) -> Decision:
        """End the hold decided at place `held`. Raises Conflict when that hold is over, Unavailable.

        The place is named so that two people who press at once do not release two holds.
        """

        def upon(present: SuccessionState) -> Taken:
            if present.hold is None or present.hold.place != held:
                raise refusal(Sentence("That hold was released already."))
            return DecisionKind.RELEASED, present.champion or present.hold.version

        return self.decide(upon, why, None, {"held": held})

    def end_trial(
        self, version: str, *, why: str, incident: str | None = None, evidence: Mapping[str, Any] | None = None
    ) -> Decision | None:
        """End the trial of `version`; does nothing and returns None if it is not on trial. Raises Unavailable."""

        def upon(present: SuccessionState) -> Taken | None:
            return (DecisionKind.DROPPED, version) if present.canary == version else None

        if self.state().canary != version:
            return None
        decision = self.decide(upon, why, incident, evidence)
        return decision if (decision.what, decision.version) == (DecisionKind.DROPPED, version) else None

    def roll_back(self, newest: str, *, why: str, incident: str | None = None) -> Decision:
        """Take `newest`, the newest version in use, out of use.

        A refresh is left out, so the champion scores alone. Otherwise the champion before is champion again; a trial
        ends too, because it compared with the wrong champion. The version is named so that two requests go back once.
        Raises Conflict if it is not the newest in use or is the first champion, Unavailable.
        """

        def upon(present: SuccessionState) -> Taken:
            if present.newest != newest:
                who = Sentence("version {version}", version=present.newest) if present.newest else Sentence("nobody")
                what = Sentence("Version {champion} is not the champion; {other} is.", champion=newest, other=who)
                if present.refresh is not None:
                    what = Sentence("Version {newest} is not the newest in use; {other} is.", newest=newest, other=who)
                raise refusal(what, next=LOOK_AGAIN)
            if present.refresh is not None:
                return DecisionKind.LEFT_OUT, newest
            if present.previous is None and len(present.promotions) > 1:
                what = Sentence("No champion before version {champion} can be used again.", champion=newest)
                raise refusal(what, next=Sentence("Their files are archived. Train another model."))
            if present.previous is None:
                what = Sentence(
                    "Version {champion} is the first champion; there is none before it to go back to.",
                    champion=newest,
                )
                raise refusal(what, next=Sentence("Train another model."))
            return DecisionKind.ROLLED_BACK, present.previous

        return self.decide(upon, why, incident, {"from": newest})

    def begin_again(self, *, why: str) -> Decision | None:
        """Forget all versions, whose files were lost; None if there is no champion. Safe to repeat. Raises Unavailable.

        The next version that passes the gates is champion, like a first one.
        """

        def upon(present: SuccessionState) -> Taken | None:
            return (DecisionKind.LOST, present.champion) if present.champion else None

        return self.decide(upon, why, None, None) if self.state().champion else None

    def sync(self) -> SuccessionState:
        """Update the event log and the aliases to the decisions; returns their state. Raises Unavailable."""
        while True:
            # The aliases are read before the decisions: what is moved below is moved upon the newest that is known.
            named = self._aliases.aliases() if self._aliases is not None else {}
            taken = self.decisions()
            present = state_of(taken)
            for decision in taken[self._logged :]:
                self._log(decision)
            self._logged = len(taken)
            if self._aliases is None or present.champion is None:
                return present
            if not _move(self._aliases, named, present) or self.state().last == present.last:
                return present

    def decide(
        self,
        upon: Callable[[SuccessionState], Taken | None],
        why: str,
        incident: str | None,
        evidence: Mapping[str, Any] | None,
    ) -> Decision:
        """Write the decision that `upon` takes on the present state; if it takes none, return the last decision.

        Raises what `upon` raises, and Unavailable.
        """
        while True:
            taken = self.decisions()
            present = state_of(taken)
            decided = upon(present)
            if decided is None:
                self.sync()
                return taken[-1]
            what, about = decided
            decision = Decision(present.last + 1, what, about, self._clock(), self._by, why, incident, evidence or {})
            key = f"{self._model}:{key_in_order(decision.place, 6)}"
            document = {"_id": key, "model": self._model, **with_said(vars(decision), why), "what": what.value}
            with reachable():
                try:
                    self._db.models.insert_one(document)
                except DuplicateKeyError:
                    continue  # another decision took this place
            self.sync()
            return decision

    def _log(self, decision: Decision) -> None:
        """Log the event of `decision` once, even if the process that took the decision died before it could."""
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


def _move(aliases: Aliases, named: Mapping[str, str], present: SuccessionState) -> bool:
    """Let the aliases, which were `named` so, be those of `present`; whether any was moved."""
    wanted = {PREVIOUS: present.previous, CHAMPION: present.champion, CANARY: present.canary, REFRESH: present.refresh}
    moved = False
    for alias, version in wanted.items():
        if version is None and alias in named:
            aliases.unpoint(alias)
            moved = True
        elif version is not None and named.get(alias) != version:
            aliases.point(alias, version)
            moved = True
    return moved


def refusal(what: Sentence, next: Sentence | str = "") -> Conflict:
    """A decision that is not taken, and why."""
    return Conflict(what, kept=Sentence("Nothing was changed."), next=next)
