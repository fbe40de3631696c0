"""Guardrails: what ends a trial at once, without waiting for outcomes.

The scoring service reports on its canary. A canary that fails, is much slower than the champion on the same requests,
or does not reproduce the scores it was validated with (serving refuses it: skew) is dropped at the next check.
`monitor.reports.parity` finds one that reproduces those scores and differs in logged ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.sentences import Sentence


@dataclass(frozen=True)
class GuardrailLimits:
    """`errors`: requests a canary may fail. `slowness`: how many times the champion's time it may take on average.

    Slowness counts from `requests` requests on: the first ones warm a model up.
    """

    errors: int = 2
    slowness: float = 5.0
    requests: int = 20


def broken_guardrail(state: Mapping[str, str | int | float], canary: str, limits: GuardrailLimits) -> str | None:
    """Why the trial of `canary` must end now, in words; None if it may continue. `state`: `ScoringClient.state`."""
    if canary in str(state["refused_versions"]).split(","):
        return Sentence("serving refuses it: {why}", why=state["refused"])
    if state["canary"] != canary:
        return None  # not loaded yet
    requests, errors = int(state["canary_requests"]), int(state["canary_errors"])
    if errors > limits.errors:
        return _failed(errors, requests, limits)
    took, beside = float(state["canary_seconds"]), float(state["champion_seconds"])
    answered = requests - errors
    if answered >= limits.requests and took > limits.slowness * beside:
        return Sentence(
            "it took {took} ms a request where the champion took {beside}, and {times} times that is allowed",
            took=f"{1000 * took / answered:.1f}",
            beside=f"{1000 * beside / answered:.1f}",
            times=f"{limits.slowness:g}",
        )
    return None


def broken_refresh(state: Mapping[str, str | int | float], refresh: str, limits: GuardrailLimits) -> str | None:
    """Why the mixture with `refresh` must end now, in words; None if it may go on. `state`: `ScoringClient.state`."""
    if refresh in str(state["refused_versions"]).split(","):
        return Sentence("serving refuses it: {why}", why=state["refused"])
    if state.get("refresh") != refresh:
        return None  # not loaded yet
    requests, errors = int(state["refresh_requests"]), int(state["refresh_errors"])
    if errors > limits.errors:
        return _failed(errors, requests, limits)
    return None


def _failed(errors: int, requests: int, limits: GuardrailLimits) -> Sentence:
    return Sentence(
        "it failed {errors} of {requests} requests, where {allowed} are allowed",
        errors=errors,
        requests=requests,
        allowed=limits.errors,
    )
