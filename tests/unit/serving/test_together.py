"""Requests that wait at the same time are written together, and each has its own answer."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from core.errors import Conflict, Unavailable
from core.scoring.prediction import Prediction
from core.stores.mongo import Document
from serving.prediction_log.log import PredictionLog
from serving.prediction_log.spool import Spool
from serving.prediction_log.store import CHUNK
from serving.prediction_log.together import WritesTogether
from tests.scoring.fakes import MemoryHome, prediction

Answers = list[Sequence[Prediction] | BaseException]


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


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    opened = Spool(tmp_path)
    yield opened
    opened.close()


def request(name: str, many: int = 1, **changed: object) -> list[Prediction]:
    return [prediction(name, row, **changed) for row in range(many)]


def in_the_log(*requests: list[Prediction]) -> dict[str, Document]:
    return {one.id: one.document() for predictions in requests for one in predictions}


def while_the_first_writes(home: SlowHome, spool: Spool, *others: list[Prediction]) -> Answers:
    """What comes of the request `first` and of `others`, which come while it is written."""

    async def ask() -> Answers:
        together = WritesTogether(PredictionLog(home, spool))
        first = asyncio.create_task(together.write(request("first")))
        assert await asyncio.to_thread(home.begun.wait, 20)
        tasks = [asyncio.create_task(together.write(predictions)) for predictions in others]
        while len(together._waiting) < len(others):
            await asyncio.sleep(0)
        home.may_go_on.set()
        return await asyncio.gather(first, *tasks, return_exceptions=True)

    return asyncio.run(ask())


def test_whoever_waits_is_written_with_the_others(spool: Spool) -> None:
    home = SlowHome()
    others = [request(f"r{number}", 2) for number in range(5)]
    assert while_the_first_writes(home, spool, *others) == [request("first"), *others]
    assert home.sizes == [1, 10]
    assert home.held.keys() == in_the_log(request("first"), *others).keys()


def test_one_round_trip_takes_no_more_than_its_limit(spool: Spool) -> None:
    home = SlowHome()
    others = [request(f"r{number}", 7) for number in range(CHUNK // 7 + 1)]
    large = request("large", CHUNK * 60)
    assert while_the_first_writes(home, spool, *others, large)[1:] == [*others, large]
    fit = CHUNK // 7 * 7
    assert home.sizes == [1, fit, 7, len(large) // 50], "a large request is packed, and is never parted"


def test_a_conflict_is_that_of_one_request_alone(spool: Spool) -> None:
    home = SlowHome()
    home.held |= in_the_log(request("used"))
    good, used, again = request("good"), request("used", prospect="p:other"), request("used", score=0.9)
    _, well, conflict, first_answer = while_the_first_writes(home, spool, good, used, again)
    assert well == good
    assert isinstance(conflict, Conflict)
    assert "row 1 differs" in str(conflict)
    assert first_answer == request("used"), "the first answer stands"


def test_where_the_home_is_away_nobody_waits_for_it_twice(spool: Spool) -> None:
    home = SlowHome()
    home.down = True
    assert while_the_first_writes(home, spool, request("r1"), request("r2")) == [
        request("first"),
        request("r1"),
        request("r2"),
    ]
    assert home.sizes == [1]
    assert [one.document["_id"] for one in spool.oldest(9)] == ["first:0", "r1:0", "r2:0"]


def test_a_home_that_goes_away_during_a_common_write_is_waited_for_once(spool: Spool) -> None:
    home = SlowHome()
    home.fails = lambda documents: Unavailable("It is away.") if documents[0]["request"] == "r1" else None
    answers = while_the_first_writes(home, spool, request("r1"), request("r2"), request("r3"))
    assert answers[1:] == [request("r1"), request("r2"), request("r3")]
    assert home.sizes == [1, 3]
    assert spool.backlog().waiting == 3


def test_a_home_that_goes_away_after_a_conflict_is_waited_for_once(spool: Spool) -> None:
    home = SlowHome()
    home.held |= in_the_log(request("used"))

    def fails(_documents: Sequence[Document]) -> BaseException | None:
        return Unavailable("It is away.") if len(home.sizes) > 2 else None

    home.fails = fails
    used, others = request("used", prospect="p:other"), [request(f"r{number}") for number in range(5)]
    assert while_the_first_writes(home, spool, used, *others)[2:] == others
    assert home.sizes == [1, 6, 1], "the common write, and one request alone"
    assert spool.backlog().waiting == 6, "the request whose home went away before it could be judged is kept, too"


def test_where_neither_takes_them_each_is_told(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_documents: Sequence[Document]) -> list[Document]:
        raise Unavailable("The disk is full.")

    monkeypatch.setattr(spool, "put", full)
    home = SlowHome()
    home.down = True
    for answer in while_the_first_writes(home, spool, request("r1"), request("r2")):
        assert isinstance(answer, Unavailable)
        assert "neither MongoDB nor the local spool" in str(answer)


def test_a_failure_that_nobody_expected_is_that_of_one_request_alone(spool: Spool) -> None:
    home = SlowHome()
    home.fails = lambda documents: MemoryError() if any(one["request"] == "r2" for one in documents) else None
    first, well, failed = while_the_first_writes(home, spool, request("r1"), request("r2"))
    assert (first, well) == (request("first"), request("r1"))
    assert isinstance(failed, MemoryError)
    assert home.held.keys() == {"first:0", "r1:0"}


def test_who_hangs_up_is_written_all_the_same_and_keeps_nobody_waiting(spool: Spool) -> None:
    home = SlowHome()

    async def ask() -> Sequence[Prediction]:
        together = WritesTogether(PredictionLog(home, spool))
        first = asyncio.create_task(together.write(request("first")))
        assert await asyncio.to_thread(home.begun.wait, 20)
        gone, stays = (asyncio.create_task(together.write(request(name))) for name in ("gone", "stays"))
        await asyncio.sleep(0)
        first.cancel()
        gone.cancel()
        home.may_go_on.set()
        return await stays

    assert asyncio.run(ask()) == request("stays")
    assert home.held.keys() == {"first:0", "gone:0", "stays:0"}


def test_an_end_of_the_service_leaves_nobody_waiting(spool: Spool) -> None:
    home = SlowHome()

    async def ask() -> Answers:
        together = WritesTogether(PredictionLog(home, spool))
        tasks = [asyncio.create_task(together.write(request("first")))]
        assert await asyncio.to_thread(home.begun.wait, 20)
        tasks.append(asyncio.create_task(together.write(request("r1"))))
        await asyncio.sleep(0)
        assert together._writing is not None
        together._writing.cancel()
        home.may_go_on.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    for answer in asyncio.run(ask()):
        assert isinstance(answer, Unavailable)
