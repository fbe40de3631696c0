"""Slow answers are kept for longer, nobody waits for a second one, and a quick one may be forgotten."""

from __future__ import annotations

import threading
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from app.shell.adaptive_cache import TIMES, AdaptiveCache

DB: Any = SimpleNamespace(name="db")


class Server:
    """Answers with how often it was asked, and takes its time for it."""

    def __init__(self, takes: float) -> None:
        self.at, self.takes, self.asked, self.empty = 0.0, takes, 0, False

    def ask(self, _db: object, _campaign: str) -> int:
        self.at += self.takes
        self.asked += 1
        return 0 if self.empty else self.asked


def kept(server: Server) -> AdaptiveCache[int]:
    return AdaptiveCache(server.ask, timedelta(seconds=5), clock=lambda: server.at)


def test_a_quick_answer_is_kept_for_a_while_and_a_slow_one_for_as_long_as_it_took_many_times_over() -> None:
    for takes, holds in ((0.01, 5.0), (2.0, 2.0 * TIMES)):
        server = Server(takes)
        answers = kept(server)
        assert [answers.get(DB, "a"), answers.get(DB, "a"), answers.get(DB, "b")] == [1, 1, 2]
        server.at += holds - takes - 0.1  # b took its time, too
        assert answers.get(DB, "a") == 1
        server.at += 0.2
        assert answers.get(DB, "a") == 3


def test_what_is_forgotten_is_asked_again() -> None:
    server = Server(2.0)
    answers = kept(server)
    answers.get(DB, "a")
    answers.forget(DB, "a")
    answers.forget(DB, "never asked")
    assert answers.get(DB, "a") == 2


def test_an_empty_answer_is_asked_again_and_the_last_is_there_without_asking() -> None:
    server = Server(0.01)
    answers = kept(server)
    assert answers.last(DB, "a") is None
    server.empty = True
    assert (answers.get(DB, "a"), answers.last(DB, "a")) == (0, None)
    server.empty = False
    assert answers.get(DB, "a") == 2
    server.at += 1_000
    assert (answers.last(DB, "a"), server.asked) == (2, 2)


def test_who_comes_while_it_is_asked_anew_gets_the_last_answer_and_an_error_keeps_nobody_out() -> None:
    server = Server(0.01)
    began, go_on = threading.Event(), threading.Event()
    slow = False

    def ask(db: object, campaign: str) -> int:
        if slow:
            began.set()
            assert go_on.wait(10)
            raise OSError("the server went away")
        return server.ask(db, campaign)

    answers = AdaptiveCache(ask, timedelta(seconds=5), clock=lambda: server.at)
    assert answers.get(DB, "a") == 1
    server.at, slow = 100.0, True
    failed: list[Exception] = []

    def refresh() -> None:
        try:
            answers.get(DB, "a")
        except OSError as error:
            failed.append(error)

    asking = threading.Thread(target=refresh)
    asking.start()
    assert began.wait(10)
    assert answers.get(DB, "a") == 1, "without waiting"
    go_on.set()
    asking.join(10)
    assert len(failed) == 1
    slow = False
    assert answers.get(DB, "a") == 2
