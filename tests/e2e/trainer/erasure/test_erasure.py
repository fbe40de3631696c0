"""A person is erased everywhere, with a receipt; nobody else is touched, and nothing is left half done."""

from __future__ import annotations

import logging
import os
from typing import Any

import pytest
from filelock import FileLock

from core.errors import Conflict, NotFound, Unavailable
from core.imports import kept_out
from core.models import upkeep
from core.privacy.requests import Status, get, history
from core.schema.person import Pseudonyms
from core.stores import event_log
from core.stores.data_registry import sha256
from tests.e2e.trainer.erasure import everywhere
from tests.e2e.trainer.erasure.conftest import KEY, ROWS, House
from tests.made_up_outcomes import made_up, store
from trainer.data.snapshot import PROSPECT
from trainer.pipeline.training import train
from trainer.privacy.flow import erase_people

pytestmark = pytest.mark.mongo


def erased(house: House) -> Any:
    """Ask, and make passes until it is done; the request as it then is."""
    request = house.ask()
    for _ in range(5):
        house.eraser.run()
        house.watch.later(minutes=3)
        if get(house.db, request.id).status is Status.DONE:
            return get(house.db, request.id)
    raise AssertionError(get(house.db, request.id))


def test_after_an_erasure_nothing_of_the_person_is_anywhere(house: House) -> None:
    frame, tag = house.snapshot()
    version = house.model(frame)
    traces = house.eraser.learning[0].traces
    # A model's rows have the values of the call, which the person's own record does not have.
    theirs = frame[frame[PROSPECT].str.endswith(house.ref)]
    known = traces.of_all({str(name): value for name, value in row.items()} for row in theirs.to_dict("records"))
    found = everywhere.where(house, house.ref)
    # The test itself: it sees the person in every kind of place before.
    for place in ("mongo prospects", "mongo calls", "mongo outcomes", "mongo predictions", "mongo do_not_call"):
        assert [one for one in found if one.startswith(place)], place
    for place in ("s3 dvc/", "s3 imports/", "registry/.dvc/cache", "registry/dataset.parquet", "spool/"):
        assert [one for one in found if place in one], place
    beside = {key.rsplit("/", 1)[1] for key in everywhere.rows(house, traces, known) if "artifacts" in key}
    assert beside >= {"proof.json", "reference.parquet", "input_example.json", "serving_input_example.json"}

    request = erased(house)

    assert everywhere.where(house, house.ref) == []
    assert everywhere.rows(house, traces, known) == []
    receipt = request.receipt
    assert receipt["removed"] | {"model rows": 0} == {
        "calls": 2, "outcomes": 2, "contacts": 2, "prospects": 2, "predictions": 3, "do_not_call": 1,
        "barred_numbers": 0, "spool": 0, "answers": 0, "changes": 0, "rejects": 1, "datasets": 2, "model rows": 0,
    }  # fmt: skip
    assert receipt["removed"]["model rows"] >= 4
    assert set(receipt["left"].values()) == {0}
    [gave] = receipt["datasets"]
    assert gave["old"] == tag
    assert receipt["models"] == [{"version": version, "role": "retired", "dataset": tag}]
    assert receipt["kept_out"]
    assert event_log.first_broken(house.db) is None
    [event] = house.db.events.find({"what": "person erased"})
    assert (event["who"], event["subject"]) == ("mia", request.id)


def test_the_neighbours_are_untouched(house: House) -> None:
    frame, _ = house.snapshot()
    version = house.model(frame)
    before = {place: text for place, text in everywhere.texts(house) if house.neighbour in text and "mongo" in place}
    erased(house)
    after = {place: text for place, text in everywhere.texts(house) if house.neighbour in text and "mongo" in place}
    assert after == before
    assert house.db.prospects.count_documents({}) == ROWS - 2
    assert house.store.get("imports/spring/0a1b2c3d-rejects.csv").decode().count(house.neighbour) == 1
    assert [one.document["request"] for one in house.spool.oldest(9)] == ["waits-too"]
    models = house.trainer.models
    assert len(models.load(models.version(version)).proof.inputs) > 100  # it still proves itself
    reference = models.reference(models.version(version))
    assert len(reference) == ROWS - 2


def test_a_dataset_gives_way_to_the_one_that_training_would_make_today(house: House, tmp_path: Any) -> None:
    _, old = house.snapshot()
    request = erased(house)
    new = request.receipt["datasets"][0]["new"]
    with pytest.raises(NotFound, match=f"{old} held a person"):
        house.trainer.data.checkout(old, tmp_path / "old.parquet")
    kept = house.trainer.data.checkout(new, tmp_path / "new.parquet")
    assert (kept.rows, sha256(tmp_path / "new.parquet")) == (ROWS - 2, kept.sha256)
    # Lineage still resolves: the tag is there and says which dataset to look at.
    assert {one.tag: one.successor for one in house.trainer.data.snapshots()} == {old: new, new: ""}
    frame, again = house.snapshot()
    assert again == new
    assert not frame["prospect"].str.contains(house.ref).any()


def test_content_that_no_dataset_refers_to_is_found_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training that was killed between storing its rows and noting them."""

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    house.trainer.data.ensure()
    with monkeypatch.context() as patch:
        patch.setattr("core.stores.data_registry.DataRegistry._commit", killed)
        with pytest.raises(KeyboardInterrupt):
            house.snapshot()
    assert house.trainer.data.snapshots() == []
    request = erased(house)
    assert request.receipt["removed"]["datasets"] == 2
    assert everywhere.where(house, house.ref) == []


@pytest.mark.parametrize("step", ["count", "erase"])
@pytest.mark.parametrize("number", range(9))
def test_whoever_dies_in_whichever_place_the_end_is_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch, number: int, step: str
) -> None:
    house.snapshot()
    request = house.ask()
    place = house.eraser.places[number]
    real = getattr(type(place), step)
    dead: list[str] = []

    def dies(self: Any, subject: Any) -> Any:
        done = real(self, subject)
        if self.name == place.name and not dead:
            dead.append(self.name)
            raise KeyboardInterrupt
        return done

    with monkeypatch.context() as patch:
        patch.setattr(type(place), step, dies)
        try:
            house.eraser.run()
        except KeyboardInterrupt:
            assert get(house.db, request.id).status is Status.ERASING
    for _ in range(3):
        house.eraser.run()
        house.watch.later(minutes=3)
    ended = get(house.db, request.id)
    assert ended.status is Status.DONE
    assert everywhere.where(house, house.ref) == []
    assert ended.receipt["removed"] == {
        "calls": 2, "outcomes": 2, "contacts": 2, "prospects": 2, "predictions": 3, "do_not_call": 1,
        "barred_numbers": 0, "spool": 0, "answers": 0, "changes": 0, "rejects": 1, "datasets": 2, "model rows": 0,
    }  # fmt: skip
    assert len(ended.receipt["datasets"]) == 1
    assert house.db.events.count_documents({"what": "person erased"}) == 1


@pytest.mark.parametrize("after", ["add", "retire", "remove"])
def test_whoever_dies_within_the_datasets_the_end_is_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    _, old = house.snapshot()
    owner = type(house.trainer.data) if after != "remove" else type(house.store)
    real = getattr(owner, after)

    def dies(self: Any, *given: Any, **named: Any) -> Any:
        real(self, *given, **named)
        raise KeyboardInterrupt

    house.ask()
    with monkeypatch.context() as patch:
        patch.setattr(owner, after, dies)
        with pytest.raises(KeyboardInterrupt):
            house.eraser.run()
    request = erased(house)
    assert [one["old"] for one in request.receipt["datasets"]] == [old]
    assert len(house.trainer.data.snapshots()) == 2
    assert everywhere.where(house, house.ref) == []


def test_what_comes_in_behind_the_first_pass_is_removed_by_the_next(house: House) -> None:
    request = house.ask()
    house.eraser.run()
    assert get(house.db, request.id).status is Status.WATCHING
    house.eraser.run()  # it is not time yet
    assert get(house.db, request.id).passes == 1
    house.db.predictions.insert_one(house.logs("was-under-way"))
    house.watch.later(minutes=3)
    house.eraser.run()
    assert get(house.db, request.id).status is Status.WATCHING
    house.watch.later(minutes=3)
    house.eraser.run()
    ended = get(house.db, request.id)
    assert (ended.status, ended.receipt["passes"], ended.receipt["removed"]["predictions"]) == (Status.DONE, 3, 4)


def test_a_scoring_service_that_is_away_holds_the_end_up_and_nothing_else(house: House) -> None:
    house.scoring.away = True
    request = house.ask()
    with pytest.raises(Unavailable, match="has not searched its spool"):
        house.eraser.run()
    held = get(house.db, request.id)
    assert (held.status, held.receipt) == (Status.ERASING, {})
    assert "has not searched" in held.problem
    assert house.db.prospects.count_documents({"ref": house.ref}) == 0
    house.scoring.away = False
    assert erased(house).problem == ""


def test_a_request_is_one_however_often_it_is_asked_and_the_next_is_another(house: House) -> None:
    first = house.ask()
    assert house.ask() == first
    done = erased(house)
    assert done.id == first.id
    again = house.ask()
    assert again.id != first.id
    found = history(house.db, Pseudonyms(KEY).pseudonym(house.person))
    assert [one.id for one in found] == [again.id, first.id]


def test_a_wish_not_to_be_called_outlives_the_person_who_had_it(house: House) -> None:
    request = house.ask(keep_out=False)
    house.eraser.run()
    assert kept_out.is_kept_out(house.db, request.pseudonym)


def test_a_receipt_says_of_later_erasures_too_which_models_have_learnt(house: House) -> None:
    frame, tag = house.snapshot()
    version = house.model(frame)
    erased(house)
    house.ref = house.neighbour
    second = erased(house)
    assert len(second.receipt["datasets"]) == 1
    assert second.receipt["models"] == [{"version": version, "role": "retired", "dataset": tag}]


def test_a_receipt_names_a_refresh_that_waits_for_the_next_list(house: House) -> None:
    frame, _ = house.snapshot()
    champion, waiting, other = (house.model(frame) for _ in range(3))
    house.trainer.succession.promote(champion, why="the first")
    upkeep.hand_in(house.trainer.succession, waiting, why="newer outcomes")
    roles = {one["version"]: one["role"] for one in erased(house).receipt["models"]}
    assert roles == {champion: "champion", waiting: "waiting", other: "retired"}


def test_a_training_afterwards_learns_from_everybody_else(house: House) -> None:
    erased(house)
    more = made_up(house.schema, 2_000, seed=3)
    more[PROSPECT] = [f"summer:{row:06d}" for row in range(len(more))]
    store(house.db, house.schema, more)
    outcome = train(house.trainer, reason="somebody was erased")
    assert outcome.result == "promoted"
    assert house.trainer.data.snapshots()[-1].rows == ROWS - 2 + len(more)
    assert everywhere.where(house, house.ref) == []


def test_nobody_is_erased_while_a_training_runs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It read the outcomes before; were the person removed now, it would register their rows afterwards."""
    monkeypatch.setattr("trainer.privacy.eraser.PATIENCE", 0.0)
    request = house.ask()
    with FileLock(house.trainer.lock), pytest.raises(Conflict, match="A training is running"):
        house.eraser.run()
    assert get(house.db, request.id).status is Status.ASKED
    assert house.db.prospects.count_documents({"ref": house.ref}) == 2
    erased(house)


def test_content_that_comes_back_with_a_restored_backup_is_kept_and_erased_anew(house: House, tmp_path: Any) -> None:
    frame, old = house.snapshot()
    before = {name: list(house.db[name].find()) for name in ("outcomes", "prospects")}
    first = erased(house)
    for name, documents in before.items():
        house.db[name].drop()
        house.db[name].insert_many(documents)
    again, restored = house.snapshot()
    assert restored != old
    assert len(again) == len(frame)
    house.trainer.data.checkout(restored, tmp_path / "back.parquet")  # it is on S3 again, not only noted
    second = erased(house)
    assert second.id != first.id
    assert second.receipt["datasets"] == [{"old": restored, "new": first.receipt["datasets"][0]["new"]}]
    assert everywhere.where(house, house.ref) == []


def test_as_a_flow_it_names_nobody_and_fails_aloud(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if "PREFECT_API_URL" not in os.environ:
        pytest.skip("PREFECT_API_URL names no server; scripts/test starts one")
    for name, value in house.environment.items():
        monkeypatch.setenv(name, value)
    rested = erase_people(return_state=True)
    assert (rested.is_completed(), rested.message) == (True, "Nothing is due.")
    request = house.ask()  # its scoring service is an address at which nobody answers
    with caplog.at_level(logging.INFO):  # as services log
        failed = erase_people(return_state=True)
    assert failed.is_failed()
    assert "scoring service did not answer" in get(house.db, request.id).problem
    assert house.ref not in caplog.text + str(failed.message)
    monkeypatch.delenv("CALLWISE_ERASURE_KEY")
    assert "CALLWISE_ERASURE_KEY is not set" in str(erase_people(return_state=True).message)
