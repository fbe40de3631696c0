"""What ends a trial at once, at the limit and one beyond it."""

from __future__ import annotations

import pytest

from monitor.trials.guardrails import GuardrailLimits, broken_guardrail

State = dict[str, str | int | float]
LIMITS = GuardrailLimits(errors=2, slowness=5.0, requests=20)


def state(**changed: str | float) -> State:
    """What the scoring service says of a canary that is well."""
    well: State = {
        "canary": "2", "refused_versions": "", "refused": "",
        "canary_requests": 100, "canary_errors": 0, "canary_seconds": 1.0, "champion_seconds": 1.0,
    }  # fmt: skip
    return well | changed


@pytest.mark.parametrize(
    "told",
    [
        state(),
        state(canary_errors=2),
        state(canary_seconds=5.0),
        state(canary_requests=19, canary_seconds=500.0),
        state(canary_requests=21, canary_errors=2, canary_seconds=500.0),
        state(canary="", canary_requests=0),
        state(canary="1", canary_errors=50),
        state(refused_versions="12,22", refused="version 12: torn"),
        state(canary_requests=0, canary_seconds=0.0, champion_seconds=0.0),
    ],
    ids=["well", "as many errors as allowed", "as slow as allowed", "too few to tell slow", "too few answered",
         "not loaded yet", "another is loaded", "others are refused", "never asked"],
)  # fmt: skip
def test_a_trial_may_go_on(told: State) -> None:
    assert broken_guardrail(told, "2", LIMITS) is None


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (state(canary_errors=3), "it failed 3 of 100 requests, where 2 are allowed"),
        (state(canary_requests=3, canary_errors=3), "it failed 3 of 3 requests, where 2 are allowed"),
        (
            state(canary_requests=20, canary_seconds=5.1),
            "it took 255.0 ms a request where the champion took 50.0, and 5 times that is allowed",
        ),
        (
            state(canary_requests=22, canary_errors=2, canary_seconds=5.1),
            "it took 255.0 ms a request where the champion took 50.0, and 5 times that is allowed",
        ),
        (state(canary="", refused_versions="2,9", refused="version 2: torn"), "serving refuses it: version 2: torn"),
    ],
    ids=["errors", "nothing but errors", "slow", "slow where it answered", "refused"],
)
def test_a_trial_ends(told: State, why: str) -> None:
    assert broken_guardrail(told, "2", LIMITS) == why


def test_no_error_at_all_can_be_asked_for() -> None:
    assert (
        broken_guardrail(state(canary_errors=1), "2", GuardrailLimits(errors=0))
        == "it failed 1 of 100 requests, where 0 are allowed"
    )


def test_a_state_that_says_nothing_of_a_canary_is_an_error_and_no_pass() -> None:
    with pytest.raises(KeyError):
        broken_guardrail({"champion": "1"}, "2", LIMITS)
