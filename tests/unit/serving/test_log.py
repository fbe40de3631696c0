"""The prediction log: acknowledged means durable, whatever fails and whenever it is killed."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import Conflict, SettingsError, Unavailable
from core.scoring.prediction import Prediction
from serving.prediction_log import log as log_module
from serving.prediction_log.log import STEP, PredictionLog
from serving.prediction_log.spool import FILE, Spool
from tests.scoring.fakes import AT, MemoryHome, prediction


class Killed(BaseException):
    """Stands for kill -9: nothing below it may clean up."""


@pytest.fixture
def home() -> MemoryHome:
    return MemoryHome()


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path / "spool", clock=lambda: AT + timedelta(seconds=30))
    yield made
    made.close()


def written(home: MemoryHome) -> list[Prediction]:
    return [Prediction.from_document(document) for document in home.held.values()]


def break_spool(tmp_path: Path) -> None:
    """Make every further write to the spool fail, as a disk that is full would."""
    with sqlite3.connect(tmp_path / "spool" / FILE) as sql:
        sql.execute("CREATE TRIGGER full BEFORE INSERT ON waiting BEGIN SELECT RAISE(ABORT, 'disk is full'); END")


def test_predictions_go_home_and_not_to_the_spool(home: MemoryHome, spool: Spool) -> None:
    assert PredictionLog(home, spool).write([prediction()]) == [prediction()]
    assert written(home) == [prediction()]
    assert spool.oldest(9) == []


def test_while_the_home_is_down_it_is_asked_once_and_the_spool_takes_all(home: MemoryHome, spool: Spool) -> None:
    log, home.down = PredictionLog(home, spool), True
    for row in range(5):
        assert log.write([prediction(f"r{row}")]) == [prediction(f"r{row}")]
    assert home.asked == 1
    assert (log.state().home, log.state().waiting, log.state().oldest_seconds) == (False, 5, 30.0)


def test_the_spool_drains_oldest_first_and_then_writes_go_home_again(home: MemoryHome, spool: Spool) -> None:
    log, home.down = PredictionLog(home, spool), True
    sent = [prediction(f"r{number}") for number in range(log_module.BATCH + STEP + 7)]
    for one in sent:
        log.write([one])
    with pytest.raises(Unavailable):
        log.drain()
    assert log.state().waiting == len(sent)
    home.down = False
    assert log.drain() == len(sent)
    assert written(home) == sent
    assert (log.state().home, log.state().waiting) == (True, 0)
    asked = home.asked
    log.write([prediction("after")])
    assert home.asked == asked + 1


def test_a_backlog_left_by_an_earlier_process_comes_first(home: MemoryHome, spool: Spool) -> None:
    spool.put([prediction("before").document()])
    log = PredictionLog(home, spool)
    log.write([prediction("after")])
    assert written(home) == []
    log.drain()
    assert written(home) == [prediction("before"), prediction("after")]


def test_killed_between_the_insert_and_the_delete_nothing_is_lost_or_twice(home: MemoryHome, spool: Spool) -> None:
    log, home.down = PredictionLog(home, spool), True
    log.write([prediction(row=0), prediction(row=1)])

    def die() -> None:
        raise Killed

    home.down, home.after = False, die
    with pytest.raises(Killed):
        log.drain()
    assert len(home.held) == 2
    assert spool.backlog().waiting == 2
    home.after = lambda: None
    assert PredictionLog(home, spool).drain() == 2
    assert written(home) == [prediction(row=0), prediction(row=1)]
    assert spool.backlog() == spool.backlog().__class__(0, 0.0, 0)


def test_an_answer_that_may_have_been_written_is_not_written_twice(home: MemoryHome, spool: Spool) -> None:
    def cut() -> None:
        raise Unavailable("the connection broke after the write")

    log, home.after = PredictionLog(home, spool), cut
    assert log.write([prediction()]) == [prediction()]
    home.after = lambda: None
    log.drain()
    assert written(home) == [prediction()]
    assert log.state().disputed == 0


def test_a_request_repeated_while_the_home_is_down_gets_its_first_answer(home: MemoryHome, spool: Spool) -> None:
    log, home.down = PredictionLog(home, spool), True
    log.write([prediction()])
    assert log.write([prediction(score=0.9, version="4")]) == [prediction()]
    with pytest.raises(Conflict, match="request id 'r'"):
        log.write([prediction(prospect="somebody else")])
    assert log.state().waiting == 1


def test_a_request_repeated_across_the_outage_with_the_same_answer_is_one_record(
    home: MemoryHome, spool: Spool
) -> None:
    log = PredictionLog(home, spool)
    log.write([prediction()])
    home.down = True
    log.write([prediction("other")])
    log.write([prediction(at=AT + timedelta(hours=1))])
    home.down = False
    log.drain()
    assert written(home) == [prediction(), prediction("other")]
    assert log.state().disputed == 0


def test_an_answer_that_contradicts_the_log_is_put_aside_and_seen(
    home: MemoryHome, spool: Spool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = PredictionLog(home, spool)
    log.write([prediction()])
    home.down = True
    log.write([prediction("other")])
    log.write([prediction(score=0.9, version="4")])
    home.down = False
    log.drain()
    assert written(home) == [prediction(), prediction("other")]
    assert (log.state().waiting, log.state().disputed) == (0, 1)
    assert "prediction r:0 contradicts the log" in caplog.text
    with sqlite3.connect(tmp_path / "spool" / FILE) as sql:
        assert sql.execute("SELECT id FROM disputed").fetchall() == [("r:0",)]


def test_nothing_is_acknowledged_when_neither_takes_it(home: MemoryHome, spool: Spool, tmp_path: Path) -> None:
    log, home.down = PredictionLog(home, spool), True
    break_spool(tmp_path)
    with pytest.raises(Unavailable, match="neither MongoDB nor the local spool takes it"):
        log.write([prediction()])
    with pytest.raises(Unavailable, match="neither MongoDB nor the local spool takes it"):
        log.write([prediction()])
    assert written(home) == []
    assert spool.backlog().waiting == 0


def test_a_full_disk_is_no_reason_to_refuse_while_the_home_answers(
    home: MemoryHome, spool: Spool, tmp_path: Path
) -> None:
    log, home.down = PredictionLog(home, spool), True
    log.write([prediction("waits")])
    break_spool(tmp_path)
    home.down = False
    assert log.write([prediction("direct")]) == [prediction("direct")]
    assert written(home) == [prediction("direct")]


def test_a_spooled_request_is_all_or_nothing(home: MemoryHome, spool: Spool) -> None:
    log, home.down = PredictionLog(home, spool), True
    log.write([prediction(row=1)])
    with pytest.raises(Conflict):
        log.write([prediction(row=0), prediction(row=1, prospect="somebody else")])
    assert [waiting.document["_id"] for waiting in spool.oldest(9)] == ["r:1"]


def test_records_that_arrive_while_the_spool_drains_are_kept(home: MemoryHome, spool: Spool) -> None:
    log, home.down = PredictionLog(home, spool), True
    log.write([prediction("first")])
    more = iter(range(3 * STEP))

    def arrive() -> None:
        for number in more:
            log.write([prediction(f"late{number}")])

    home.down, home.after = False, arrive
    log.drain()
    home.after = lambda: None
    while not log.state().home:
        log.drain()
    assert {one.id for one in written(home)} == {"first:0", *(f"late{number}:0" for number in range(3 * STEP))}


def test_the_thread_drains_by_itself_and_says_so_once(
    home: MemoryHome, spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    log, home.down = PredictionLog(home, spool), True
    for row in range(3):
        log.write([prediction(f"r{row}")])
    assert caplog.text.count("predictions go to the local spool") == 1
    caplog.set_level("INFO")
    stop, home.down = threading.Event(), False
    drained = threading.Event()
    home.after = drained.set
    thread = threading.Thread(target=log.run, args=(0.01, stop))
    thread.start()
    assert drained.wait(10)
    while not log.state().home:
        stop.wait(0.01)
    stop.set()
    thread.join()
    assert len(home.held) == 3
    assert caplog.text.count("MongoDB takes predictions again; 3 moved") == 1


def test_what_another_process_left_in_the_spool_is_found(home: MemoryHome, spool: Spool) -> None:
    log, moved = PredictionLog(home, spool), threading.Event()
    spool.put([prediction().document()])
    home.after = moved.set
    stop = threading.Event()
    thread = threading.Thread(target=log.run, args=(0.01, stop))
    thread.start()
    assert moved.wait(10)
    stop.set()
    thread.join()
    assert written(home) == [prediction()]


def test_the_spool_is_for_its_owner_alone_and_survives_power_loss(spool: Spool, tmp_path: Path) -> None:
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o700
    assert spool._sql.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert spool._sql.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_a_spool_that_cannot_be_kept_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(SettingsError, match="CALLWISE_SPOOL_DIR"):
        Spool(tmp_path / "file")
    assert os.listdir(tmp_path) == ["file"]


def test_steady_requests_do_not_keep_the_spool_from_running_empty(home: MemoryHome, spool: Spool) -> None:
    log, home.down = PredictionLog(home, spool), True
    log.write([prediction("first")])
    stop = threading.Event()

    def ask(thread: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            log.write([prediction(f"t{thread}-{number}")])

    threads = [threading.Thread(target=ask, args=(thread,)) for thread in range(3)]
    for one in threads:
        one.start()
    home.down = False
    log.drain()
    asked = home.asked
    while home.asked < asked + 20:  # requests write home by themselves, without another drain
        assert log.state().home
    stop.set()
    for one in threads:
        one.join()
    assert log.state().waiting == 0
