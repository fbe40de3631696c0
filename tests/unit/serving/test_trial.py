"""What serving counts of a canary."""

from __future__ import annotations

import threading

from serving.trial import Figures, TrialCounts


def test_requests_errors_and_seconds_add_up() -> None:
    trial = TrialCounts()
    trial.record("2", failed=False, champion_seconds=0.5, canary_seconds=1.0)
    trial.record("2", failed=False, champion_seconds=0.25, canary_seconds=0.5)
    assert trial.figures("2") == Figures("2", 2, 0, 0.75, 1.5)


def test_what_a_failure_took_is_of_neither() -> None:
    trial = TrialCounts()
    trial.record("2", failed=True, champion_seconds=9.0, canary_seconds=9.0)
    trial.record("2", failed=False, champion_seconds=0.5, canary_seconds=1.0)
    assert trial.figures("2") == Figures("2", 2, 1, 0.5, 1.0)


def test_another_version_begins_anew_and_one_that_was_never_asked_has_nothing() -> None:
    trial = TrialCounts()
    assert trial.figures("2") == Figures("2")
    trial.record("2", failed=True, champion_seconds=1.0, canary_seconds=1.0)
    assert trial.figures("3") == Figures("3")
    trial.record("3", failed=False, champion_seconds=1.0, canary_seconds=1.0)
    assert trial.figures("3") == Figures("3", 1, 0, 1.0, 1.0)
    assert trial.figures("2") == Figures("2"), "its trial is over"


def test_no_request_is_lost_between_threads() -> None:
    trial = TrialCounts()

    def ask() -> None:
        for number in range(500):
            trial.record("2", failed=number % 5 == 0, champion_seconds=1.0, canary_seconds=2.0)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trial.figures("2") == Figures("2", 4000, 800, 3200.0, 6400.0)
