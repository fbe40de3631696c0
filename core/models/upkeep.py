"""Takes decisions about refreshes: which fit of the champion's recipe has a say in the list, and how much.

    refreshed   a training made it; it waits for the next list
    mixed in    it has a say from now on, with the weight that the decision names
    renewed     it is the champion now
    left out    the champion scores alone again

`monitor.trials.refresh` has the rules; `core.models.mixture` the arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import Conflict
from core.models.decisions import Decision, DecisionKind, SuccessionState
from core.models.succession import LOOK_AGAIN, Succession, Taken, refusal
from core.sentences import Sentence

Evidence = Mapping[str, Any] | None


def hand_in(
    succession: Succession, version: str, *, why: str, incident: str | None = None, champion: str | None = None
) -> Decision:
    """Let `version`, a refresh, wait for the next list; safe to repeat.

    Raises Conflict without a champion, and when another than `champion` (None: any) is champion; Unavailable.
    """

    def upon(present: SuccessionState) -> Taken | None:
        if present.champion is None:
            raise refusal(Sentence("There is no champion yet, so there is nothing to refresh."))
        if champion not in (None, present.champion):
            raise _no_refresh(version, str(champion))
        known = {present.champion, present.refresh, present.waiting.version if present.waiting else None}
        return None if version in known else (DecisionKind.REFRESHED, version)

    return succession.decide(upon, why, incident, None)


def take_canary(
    succession: Succession,
    canary: str,
    champion: str,
    *,
    why: str,
    incident: str | None = None,
    evidence: Evidence = None,
) -> Decision:
    """End the trial of `canary`, which has the recipe of `champion`, and let it wait for the next list as a refresh.

    Raises Conflict when another version is champion or on trial, Unavailable.
    """

    def upon(present: SuccessionState) -> Taken:
        if present.champion != champion or present.canary != canary:
            raise _no_refresh(canary, champion)
        return DecisionKind.REFRESHED, canary

    return succession.decide(upon, why, incident, evidence)


def mix(
    succession: Succession, champion: str, version: str, weight: float, *, why: str, evidence: Evidence = None
) -> Decision:
    """Mix `version` with `champion` from now on, with `weight` (0 to 1), instead of an earlier refresh.

    Raises Conflict during a hold, or when another version is champion, or `version` neither waits nor is mixed;
    Unavailable.
    """

    def upon(present: SuccessionState) -> Taken:
        _same(present, champion, version)
        if present.hold is not None:
            raise refusal(Sentence("{who} holds the champion already.", who=present.hold.by))
        return DecisionKind.MIXED, version

    incident = next((one.incident for one in succession.decisions() if one.version == version), None)
    return succession.decide(upon, why, incident, {**(evidence or {}), "weight": weight})


def renew(succession: Succession, champion: str, version: str, *, why: str, evidence: Evidence = None) -> Decision:
    """Make `version`, the refresh of `champion`, the champion; a canary stays on trial.

    Raises Conflict during a hold, or when another version is champion or mixed; Unavailable.
    """

    def upon(present: SuccessionState) -> Taken:
        _same(present, champion, version)
        if present.hold is not None:
            raise refusal(Sentence("{who} holds the champion already.", who=present.hold.by))
        return DecisionKind.RENEWED, version

    return succession.decide(upon, why, None, evidence)


def leave_out(succession: Succession, champion: str, version: str, *, why: str, evidence: Evidence = None) -> Decision:
    """Let `champion` score alone again, without `version`.

    Raises Conflict when another version is champion or mixed; Unavailable.
    """

    def upon(present: SuccessionState) -> Taken:
        _same(present, champion, version)
        return DecisionKind.LEFT_OUT, version

    return succession.decide(upon, why, None, evidence)


def _same(present: SuccessionState, champion: str, version: str) -> None:
    """Raise Conflict where somebody decided otherwise since the caller looked."""
    of_now = {present.refresh, present.waiting.version if present.waiting else None}
    if present.champion != champion or version not in of_now:
        raise _no_refresh(version, champion)


def _no_refresh(version: str, champion: str) -> Conflict:
    what = Sentence(
        "Version {version} is no refresh of version {champion} any more.", version=version, champion=champion
    )
    return refusal(what, next=LOOK_AGAIN)
