"""An incident's life: every transition, once each, and that repeating one gives the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.models.gates import Gate
from core.sentences import Sentence
from monitor.incidents.facts import Facts, Finding, IncidentRules, Run, RunEnd, Trial, TrialState
from monitor.incidents.lifecycle import Incident, Status, Step, TrainingRequest, after_request, next_step, opening_step

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
RULES = IncidentRules(attempts=2, refusals=1, fresh_outcomes=100, patience=timedelta(days=10))
BAD_OF_1 = Finding(True, "drift:1:r9", "1", "3 of 20 columns moved")
WELL_OF_1 = replace(BAD_OF_1, bad=False, report="drift:1:r10", why="0 of 20 columns moved")
BAD_OF_2, WELL_OF_2 = replace(BAD_OF_1, version="2"), replace(WELL_OF_1, version="2")
CALM = Facts(at=T0, finding=BAD_OF_1, champion="1", outcomes=1000)

OPEN = opening_step("drift", BAD_OF_1, T0, "drift:drift:1:r9").incident
TRAINING = replace(OPEN, status=Status.RETRAINING, attempts=1, run="run-1", asked_at=1000, steps=2)
ON_TRIAL = replace(TRAINING, status=Status.CANARY, version="2", steps=3)
WAITING = replace(TRAINING, status=Status.OPEN, refusals=1, steps=3)
SECOND = replace(TRAINING, attempts=2, run="run-2", asked_at=1100, earlier=("2",), steps=5)
STALE = replace(OPEN, cause="economy:euribor3m")
ESCALATED = replace(TRAINING, status=Status.ESCALATED, steps=3)

TRIAL = Trial("2", TrialState.ON_TRIAL, "passed")
PROMOTED = Trial("2", TrialState.PROMOTED, "version 2 was promoted: better by 0.01")
AT_ONCE = replace(PROMOTED, tried=False)
DROPPED = Trial("2", TrialState.ENDED, "version 2 was dropped: worse")
NEW_CHAMPION = replace(CALM, champion="2")
ENOUGH = replace(CALM, outcomes=1100)
OF_NO_MODEL = replace(CALM, champion=None, finding=replace(WELL_OF_1, version=""))
LATE = T0 + timedelta(days=10)
STALE_FOR_LONG = replace(STALE, status=Status.ESCALATED, since=LATE, steps=2)


def ended(end: RunEnd, why: str = "because", gate: str = "") -> Facts:
    return replace(CALM, run=Run(end, why, gate))


# What it is in, what is known, and what then: the status it goes to with a word of the reason; a training that is
# asked for, by its number; or nothing.
TABLE: dict[str, tuple[Incident, Facts, tuple[Status, str] | int | None]] = {
    "open, bad: a training is asked for": (OPEN, CALM, 1),
    "open, well by itself": (OPEN, replace(CALM, finding=WELL_OF_1), (Status.RESOLVED, "well again")),
    "open, another training or trial is in the way": (OPEN, replace(CALM, busy=True), None),
    "open, the report is on a model that is champion no more": (OPEN, NEW_CHAMPION, None),
    "open, well on a model that is champion no more": (OPEN, replace(NEW_CHAMPION, finding=WELL_OF_1), None),
    "open, never judged": (OPEN, replace(CALM, finding=None), None),
    "open, a source out of date": (STALE, CALM, None),
    "open, a source out of date, for not quite long enough": (
        STALE,
        replace(CALM, at=LATE - timedelta(seconds=1)),
        None,
    ),
    "open, a source out of date for long": (
        STALE,
        replace(CALM, at=LATE),
        (Status.ESCALATED, "it has lasted for 10 days, since 2026-03-02 09:00 UTC: 3 of 20 columns moved"),
    ),
    "open, data that a gate refused, nobody looked for long": (
        replace(OPEN, cause="data"),
        replace(CALM, at=LATE + timedelta(days=30)),
        (Status.ESCALATED, "it has lasted for 40 days, since 2026-03-02"),
    ),
    "open, scores that are not training's for long": (
        replace(OPEN, cause="skew"),
        replace(CALM, at=LATE),
        (Status.ESCALATED, "it has lasted for 10 days"),
    ),
    "open, a source in date again": (STALE, OF_NO_MODEL, (Status.RESOLVED, "well again")),
    "open, a source in date again after long": (STALE, replace(OF_NO_MODEL, at=LATE), (Status.RESOLVED, "well again")),
    "open for long, drift that another's trial holds up": (OPEN, replace(CALM, at=LATE, busy=True), None),
    "escalated, a source still out of date": (STALE_FOR_LONG, replace(CALM, at=LATE + timedelta(days=10)), None),
    "escalated, a source in date at last": (STALE_FOR_LONG, OF_NO_MODEL, (Status.RESOLVED, "well again")),
    "open after a refusal, too few new outcomes": (WAITING, replace(CALM, outcomes=1099), None),
    "open after a refusal, enough new outcomes": (WAITING, ENOUGH, 2),
    "open after a refusal, in vain for long": (
        WAITING,
        replace(CALM, at=T0 + timedelta(days=10)),
        (Status.ESCALATED, "within 10 days too few outcomes"),
    ),
    "open after the last attempt": (replace(WAITING, attempts=2), ENOUGH, (Status.ESCALATED, "2 trainings did not")),
    "training goes on": (TRAINING, ended(RunEnd.NOT_YET), None),
    "training goes on, though it is well": (TRAINING, replace(ended(RunEnd.NOT_YET), finding=WELL_OF_1), None),
    "training ended, its model is not seen yet": (TRAINING, ended(RunEnd.HANDED_OVER), None),
    "training crashed": (TRAINING, ended(RunEnd.CRASHED), 2),
    "training crashed, another is in the way": (TRAINING, replace(ended(RunEnd.CRASHED), busy=True), None),
    "training crashed, for the last time": (
        SECOND,
        ended(RunEnd.CRASHED, "out of memory"),
        (Status.ESCALATED, "the training crashed: out of memory"),
    ),
    "training crashed, but it is well": (
        TRAINING,
        replace(ended(RunEnd.CRASHED), finding=WELL_OF_1),
        (Status.RESOLVED, "well again"),
    ),
    "training crashed after its model was handed over": (
        TRAINING,
        replace(ended(RunEnd.CRASHED), trial=TRIAL),
        (Status.CANARY, "version 2"),
    ),
    "training cancelled by a person": (TRAINING, ended(RunEnd.CANCELLED), (Status.ESCALATED, "cancelled")),
    "refused by a data gate": (
        TRAINING,
        ended(RunEnd.REFUSED, "column 'euribor3m' breaks the rule", Gate.DATA),
        (Status.ESCALATED, "Great Expectations refused it: column 'euribor3m'"),
    ),
    "refused by a gate on the model": (
        TRAINING,
        ended(RunEnd.REFUSED, "not better", Gate.CHAMPION),
        (Status.OPEN, "once 100 more outcomes are in"),
    ),
    "refused by Deepchecks": (TRAINING, ended(RunEnd.REFUSED, "weak", Gate.MODEL), (Status.OPEN, Gate.MODEL)),
    "nothing new to learn from": (
        TRAINING,
        ended(RunEnd.UNCHANGED),
        (Status.OPEN, "nothing new to learn from: because"),
    ),
    "refused again": (
        replace(SECOND, attempts=1, refusals=1),
        ended(RunEnd.REFUSED, "not better", Gate.CHAMPION),
        (Status.ESCALATED, "champion gate refused it: not better"),
    ),
    "nothing new to learn from, after a refusal": (
        replace(SECOND, attempts=1, refusals=1),
        ended(RunEnd.UNCHANGED),
        (Status.OPEN, "nothing new to learn from"),
    ),
    "refused at the last attempt": (SECOND, ended(RunEnd.UNCHANGED), (Status.ESCALATED, "nothing new to learn from")),
    "passed, and on trial": (TRAINING, replace(CALM, trial=TRIAL), (Status.CANARY, "version 2")),
    "tried and promoted before anybody looked": (TRAINING, replace(NEW_CHAMPION, trial=PROMOTED), (Status.CANARY, "2")),
    "into use at once, well": (
        TRAINING,
        replace(NEW_CHAMPION, finding=WELL_OF_2, trial=AT_ONCE),
        (Status.RESOLVED, "well with version 2"),
    ),
    "into use at once, not judged yet": (TRAINING, replace(NEW_CHAMPION, trial=AT_ONCE), None),
    "trial goes on": (ON_TRIAL, replace(CALM, trial=TRIAL), None),
    "trial goes on, though it is well": (ON_TRIAL, replace(CALM, trial=TRIAL, finding=WELL_OF_1), None),
    "promoted, not judged yet": (ON_TRIAL, replace(NEW_CHAMPION, trial=PROMOTED), None),
    "promoted, the old model was well": (ON_TRIAL, replace(NEW_CHAMPION, trial=PROMOTED, finding=WELL_OF_1), None),
    "promoted and well": (
        ON_TRIAL,
        replace(NEW_CHAMPION, trial=PROMOTED, finding=WELL_OF_2),
        (Status.RESOLVED, "well with version 2; version 2 was promoted"),
    ),
    "promoted and still bad, new outcomes are in": (
        ON_TRIAL,
        replace(ENOUGH, champion="2", trial=PROMOTED, finding=BAD_OF_2),
        2,
    ),
    "promoted and still bad, no new outcomes": (
        ON_TRIAL,
        replace(NEW_CHAMPION, trial=PROMOTED, finding=BAD_OF_2),
        (Status.OPEN, "with version 2 it is still bad: 3 of 20 columns moved; it is trained again once 100 more"),
    ),
    "promoted and still bad, for the last time": (
        replace(ON_TRIAL, attempts=2),
        replace(ENOUGH, champion="2", trial=PROMOTED, finding=BAD_OF_2),
        (Status.ESCALATED, "2 trainings did not mend it: with version 2 it is still bad"),
    ),
    "promoted, then another took over and is well": (
        ON_TRIAL,
        replace(CALM, champion="3", trial=PROMOTED, finding=replace(WELL_OF_1, version="3")),
        (Status.RESOLVED, "well with version 3"),
    ),
    "dropped, well meanwhile": (
        ON_TRIAL,
        replace(CALM, trial=DROPPED, finding=WELL_OF_1),
        (Status.RESOLVED, "meanwhile; version 2 was dropped: worse"),
    ),
    "dropped, still bad, new outcomes are in": (ON_TRIAL, replace(ENOUGH, trial=DROPPED), 2),
    "dropped, still bad, no new outcomes": (ON_TRIAL, replace(CALM, trial=DROPPED), (Status.OPEN, "dropped: worse")),
    "dropped, still bad, for the last time": (
        replace(ON_TRIAL, attempts=2),
        replace(ENOUGH, trial=DROPPED),
        (Status.ESCALATED, "2 trainings did not mend it: version 2 was dropped"),
    ),
    "rolled back, the old champion is not judged yet": (
        ON_TRIAL,
        replace(CALM, trial=DROPPED, finding=WELL_OF_2),
        None,
    ),
    "escalated, still bad": (ESCALATED, ENOUGH, None),
    "escalated, well at last": (ESCALATED, replace(CALM, finding=WELL_OF_1), (Status.RESOLVED, "well again")),
    "resolved, whatever comes": (replace(OPEN, status=Status.RESOLVED), CALM, None),
}


@pytest.mark.parametrize(("incident", "facts", "then"), TABLE.values(), ids=TABLE.keys())
def test_transition(incident: Incident, facts: Facts, then: tuple[Status, str] | int | None) -> None:
    todo = next_step(incident, facts, RULES)
    assert next_step(incident, facts, RULES) == todo  # a killed monitor decides the same again
    if then is None:
        assert todo is None
    elif isinstance(then, int):
        assert isinstance(todo, TrainingRequest)
        assert (todo.attempt, todo.key) == (then, f"drift:drift:1:r9:{then}")
    else:
        assert isinstance(todo, Step)
        assert (todo.incident.status, todo.entry.status) == (then[0], then[0])
        assert then[1] in todo.entry.why
        assert isinstance(todo.entry.why, Sentence), "a screen shows it in its reader's language"
        assert todo.entry.tell
        assert todo.incident.steps == incident.steps + 1
        # And the step is not taken a second time.
        assert next_step(todo.incident, facts, RULES) != todo


def test_asking_makes_it_retraining_and_forgets_the_model_of_the_last_attempt() -> None:
    facts = replace(ENOUGH, trial=DROPPED)
    ask = next_step(ON_TRIAL, facts, RULES)
    assert isinstance(ask, TrainingRequest)
    step = after_request(ON_TRIAL, ask, "run-2", facts)
    after = step.incident
    assert (after.status, after.attempts, after.run, after.version) == (Status.RETRAINING, 2, "run-2", None)
    assert (after.earlier, after.asked_at) == (("2",), 1100)
    assert step.entry.evidence == {"run": "run-2"}


def test_people_are_told_of_a_status_once() -> None:
    facts = ended(RunEnd.CRASHED)
    ask = next_step(TRAINING, facts, RULES)
    assert isinstance(ask, TrainingRequest)
    assert not after_request(TRAINING, ask, "run-2", facts).entry.tell
    first = next_step(OPEN, CALM, RULES)
    assert isinstance(first, TrainingRequest)
    assert after_request(OPEN, first, "run-1", CALM).entry.tell


RESPONSES = {
    "unchanged": Run(RunEnd.UNCHANGED, "made from these outcomes"),
    "refused": Run(RunEnd.REFUSED, "no better", Gate.CHAMPION),
}


def live(*ends: str, attempts: int) -> list[tuple[Status, int]]:
    """The states of an incident whose trainings end so, with 100 new outcomes before each; and its refusals."""
    facts, incident, path, rules = CALM, OPEN, [], replace(RULES, attempts=attempts)
    for place, end in enumerate(ends):
        facts = replace(CALM, outcomes=1000 + 100 * place, at=T0 + timedelta(days=place))
        ask = next_step(incident, facts, rules)
        assert isinstance(ask, TrainingRequest)
        incident = after_request(incident, ask, f"run-{ask.attempt}", facts).incident
        step = next_step(incident, replace(facts, run=RESPONSES[end]), rules)
        assert isinstance(step, Step)
        incident = step.incident
        path.append((incident.status, incident.refusals))
    return path


def test_a_refusal_is_answered_once_and_then_by_a_person() -> None:
    assert live("refused", "refused", attempts=9) == [(Status.OPEN, 1), (Status.ESCALATED, 1)]


def test_nothing_new_to_learn_from_uses_up_no_refusal() -> None:
    """Drift comes before its outcomes do: the first trainings find nothing new, the later ones what came in."""
    assert live("unchanged", "unchanged", "refused", "unchanged", "refused", attempts=9) == [
        *[(Status.OPEN, 0)] * 2, *[(Status.OPEN, 1)] * 2, (Status.ESCALATED, 1)
    ]  # fmt: skip


def test_nothing_new_to_learn_from_uses_up_an_attempt() -> None:
    assert live("unchanged", "unchanged", "unchanged", attempts=3) == [*[(Status.OPEN, 0)] * 2, (Status.ESCALATED, 0)]
    assert live("unchanged", "refused", attempts=2) == [(Status.OPEN, 0), (Status.ESCALATED, 0)]


def test_nothing_new_to_learn_from_is_asked_again_only_with_new_outcomes_and_not_waited_for_without_end() -> None:
    step = next_step(TRAINING, ended(RunEnd.UNCHANGED), RULES)
    assert isinstance(step, Step)
    waiting = step.incident
    assert next_step(waiting, replace(CALM, outcomes=1099), RULES) is None
    ask = next_step(waiting, ENOUGH, RULES)
    assert isinstance(ask, TrainingRequest)
    assert ask.attempt == 2
    late = next_step(waiting, replace(CALM, outcomes=1099, at=LATE), RULES)
    assert isinstance(late, Step)
    assert late.incident.status is Status.ESCALATED
    assert "within 10 days too few outcomes came in" in late.entry.why
