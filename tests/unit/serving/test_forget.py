"""People who are being erased leave the spool, the file included, and the service says for whom it has looked."""

from __future__ import annotations

from pathlib import Path

from core.errors import Unavailable
from core.privacy.place import Subject
from core.schema.person import Person
from serving.prediction_log.forget import Forgetting
from serving.prediction_log.spool import FILE, Spool
from tests.scoring.fakes import prediction

SUBJECT = Subject(Person("P-10427"), "a-1")


def held(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob(FILE + "*"))


def test_their_records_are_gone_from_the_file_and_the_others_wait(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    theirs = [prediction(name, prospect="spring:P-10427").document() for name in ("a", "b")]
    spool.put([*theirs, prediction("c", prospect="spring:P-1").document()])
    spool.settle([], [spool.oldest(1)[0].seq])
    assert b"P-10427" in held(tmp_path)
    forgetting = Forgetting(lambda: [SUBJECT], spool)
    forgetting.refresh()
    assert forgetting.forgotten == ("a-1",)
    assert [waiting.document["_id"] for waiting in spool.oldest(9)] == ["c:0"]
    assert spool.backlog().disputed == 0
    assert b"P-10427" not in held(tmp_path)
    spool.put([prediction("late", prospect="spring:P-10427").document()])  # as long as the request is open
    forgetting.refresh()
    assert len(spool.oldest(9)) == 1


def test_a_look_that_failed_is_not_told_as_one(tmp_path: Path) -> None:
    answers: list[list[Subject] | None] = [[SUBJECT], None, []]

    def subjects() -> list[Subject]:
        answer = answers.pop(0)
        if answer is None:
            raise Unavailable("MongoDB is away.")
        return answer

    forgetting, told = Forgetting(subjects, Spool(tmp_path)), []
    for _ in range(3):
        forgetting.refresh()
        told.append(forgetting.forgotten)
    assert told == [("a-1",), (), ()]
