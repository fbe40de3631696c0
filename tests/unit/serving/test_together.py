"""Requests that wait at the same time write together, and each has its own answer."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from core.errors import Conflict, Unavailable
from core.stores.mongo import Document
from serving.prediction_log.store import CHUNK
from serving.prediction_log.together import WritesTogether
from tests.scoring.fakes import MemoryHome, prediction


class SlowHome(MemoryHome):
    """Counts its round trips; the first waits until it `may_go_on`."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self.begun, self.may_go_on = threading.Event(), threading.Event()
        self.fails: Callable[[Sequence[Document]], BaseException | None] = lambda _documents: None

    def put(self, documents: Sequence[Document]) -> list[Document]:
        self.sizes.append(len(documents))
        self.begun.set()
        assert self.may_go_on.wait(20)
        if error := self.fails(documents):
            raise error
        return super().put(documents)


def request(name: str, many: int = 1, **changed: object) -> list[Document]:
    return [prediction(name, row, **changed).document() for row in range(many)]


def while_the_first_writes(home: SlowHome, *others: list[Document]) -> list[Future[list[Document]]]:
    """What comes of the request `first` and of `others`, which come while it is written."""
    together = WritesTogether(home)
    with ThreadPoolExecutor(len(others) + 1) as threads:
        futures = [threads.submit(together.put, request("first"))]
        assert home.begun.wait(20)
        for number, documents in enumerate(others, 1):
            futures.append(threads.submit(together.put, documents))
            waiting(together, number)
        home.may_go_on.set()
    return futures


def waiting(together: WritesTogether, many: int) -> None:
    turn = threading.Event()
    for _ in range(2000):
        if len(together._waiting) == many:
            return
        turn.wait(0.01)
    pytest.fail(f"{many} requests were to wait")


def test_whoever_waits_writes_with_the_others() -> None:
    home = SlowHome()
    others = [request(f"r{number}", 2) for number in range(5)]
    futures = while_the_first_writes(home, *others)
    assert [future.result() for future in futures[1:]] == others
    assert home.sizes == [1, 10]


def test_one_round_trip_takes_no_more_than_its_limit() -> None:
    home = SlowHome()
    others = [request(f"r{number}", CHUNK // 2) for number in range(3)]
    futures = while_the_first_writes(home, *others, request("large", 2 * CHUNK))
    assert [future.result() for future in futures[1:]] == [*others, request("large", 2 * CHUNK)]
    assert home.sizes == [1, CHUNK, CHUNK // 2, 2 * CHUNK]


def test_a_conflict_is_that_of_one_request_alone() -> None:
    home = SlowHome()
    for document in request("used"):
        home.held[document["_id"]] = document
    good, used, again = request("good"), request("used", prospect="p:other"), request("used", score=0.9)
    futures = while_the_first_writes(home, good, used, again)
    assert futures[1].result() == good
    with pytest.raises(Conflict, match="row 1 differs"):
        futures[2].result()
    assert futures[3].result() == request("used"), "the first answer stands"


def test_where_the_home_is_away_nobody_waits_for_it_twice() -> None:
    home = SlowHome()
    home.down = True
    for future in while_the_first_writes(home, request("r1"), request("r2")):
        with pytest.raises(Unavailable, match="The home is down"):
            future.result()
    assert home.sizes == [1]


def test_a_home_that_goes_away_after_a_conflict_is_waited_for_once() -> None:
    home = SlowHome()
    home.held["used:0"] = request("used")[0]
    seen: list[int] = []

    def fails(documents: Sequence[Document]) -> BaseException | None:
        seen.append(len(documents))
        return Unavailable("It is away.") if len(seen) > 2 else None

    home.fails = fails
    used = request("used", prospect="p:other")
    _, *others = while_the_first_writes(home, used, *(request(f"r{number}") for number in range(5)))
    assert {type(future.exception()) for future in others} == {Unavailable}
    assert seen == [1, 6, 1], "the common write, and one request alone"


def test_a_write_that_is_cut_off_leaves_nobody_waiting_or_answered() -> None:
    home = SlowHome()
    home.fails = lambda documents: MemoryError() if len(documents) > 1 else None
    first, *others = while_the_first_writes(home, request("r1"), request("r2"))
    assert first.result() == request("first")
    errors = [type(future.exception()) for future in others]
    assert set(errors) <= {MemoryError, Unavailable}
    assert home.held.keys() == {"first:0"}
