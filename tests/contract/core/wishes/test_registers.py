"""A public register: taken in from any spelling, exchanged as a whole, killed at any write and gone on with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from pymongo.collection import Collection

from core.calls import claims
from core.do_not_call.number_wishes import size, wishes_of_number
from core.do_not_call.wish_sweep import sweep
from core.errors import Conflict, InputError
from core.files.campaign_file import CampaignFile
from core.imports import number_file
from core.imports.number_file import NumberJob, number_column, remove_register, take_in
from core.lists import import_log
from core.lists.logged_import import Cancelled, State
from core.stores.mongo import COLLECTIONS, Db
from core.wishes import delivery, registers
from core.wishes.lookup import wish_of
from core.wishes.number_reading import read_number
from tests.contract.core.lists.conftest import WRITES, Killed
from tests.contract.core.wishes.conftest import ADA, BO, CHI, NUMBERS, SPELLINGS, Bring, Watch, statuses, stored

pytestmark = pytest.mark.mongo

OTHERS = [f"+4915125{number:06d}" for number in range(300)]


def job(path: Path, *numbers: str, register: str = "DNC", **more: Any) -> NumberJob:
    path.write_text("\n".join(["phone", *numbers]) + "\n", encoding="utf-8")
    how = {"who": "mia", "why": "May", "region": "DE", "register": register, **more}
    file = CampaignFile.open(path)
    return NumberJob(file, number_column(file, "DE"), **how)


def names(db: Db, number: str) -> list[str]:
    return [wish.source for wish, _ in wishes_of_number(db, NUMBERS, number)]


def test_whoever_is_in_the_register_is_not_called(listed: Db, tmp_path: Path, watch: Watch) -> None:
    entry = take_in(listed, NUMBERS, job(tmp_path / "may.csv", ADA, *OTHERS, "unknown", "", ADA), watch)
    report = entry.document["report"]
    assert (report["rows"], report["numbers"], report["new"]) == (303 + report["empty"], 302, 301)
    assert (report["unreadable"], report["lines"]) == (1, [303])
    held = claims.claim(listed, "spring", "ann", all_of_them=True, clock=watch)
    assert held is not None
    assert held["_id"] == "spring:b"
    assert sweep(listed, by_reference=True, clock=watch) >= 1
    assert statuses(listed) == {"autumn:a": "off", "autumn:b": "open", "spring:a": "off", "spring:b": "open"}
    assert sweep(listed, by_reference=True, clock=watch) == 0


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_register_may_spell_numbers_as_it_likes(db: Db, tmp_path: Path, spelling: str) -> None:
    take_in(db, NUMBERS, job(tmp_path / "may.txt", spelling))
    assert names(db, ADA) == ["register DNC"]
    assert names(db, BO) == []


def test_a_workbook_and_a_list_without_a_header_are_registers_too(db: Db, tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "may.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Since", "Number"])
        sheet.write_row(1, 0, ["May", 4915125550001])
        sheet.write_row(2, 0, ["May", "0151 2555 0002"])
    file = CampaignFile.open(tmp_path / "may.xlsx")
    assert number_column(file, "DE") == "Number"
    take_in(db, NUMBERS, NumberJob(file, "Number", "mia", "May", "DE", "DNC"))
    bare = tmp_path / "bare.txt"
    bare.write_text(f"{CHI}\n{OTHERS[0]}\n{OTHERS[1]}\n", encoding="utf-8")
    file = CampaignFile.open(bare)
    entry = take_in(db, NUMBERS, NumberJob(file, number_column(file), "mia", "May", "", "Other"))
    assert entry.document["report"]["new"] == 3
    assert [names(db, one) for one in (ADA, BO, CHI)] == [["register DNC"], ["register DNC"], ["register Other"]]


def test_a_new_delivery_takes_the_place_of_the_old_one(listed: Db, tmp_path: Path, watch: Watch) -> None:
    take_in(listed, NUMBERS, job(tmp_path / "may.csv", ADA, *OTHERS), watch)
    sweep(listed, by_reference=True, clock=watch)
    take_in(listed, NUMBERS, job(tmp_path / "june.csv", BO, *OTHERS), watch)
    assert (names(listed, ADA), names(listed, BO)) == ([], ["register DNC"])
    sweep(listed, by_reference=True, clock=watch)
    assert statuses(listed) == {"autumn:a": "open", "autumn:b": "off", "spring:a": "open", "spring:b": "off"}
    take_in(listed, NUMBERS, job(tmp_path / "july.csv", CHI), watch)
    keys = [one["_id"] for one in listed.register_buckets.find({}, {"_id": 1})]
    versions = {key.split(":")[1] for key in keys if ":" in key}
    assert len(versions) == 2, "the version before stays for a backup, and none before it"
    remove_register(listed, "DNC", by="mia", why="a mistake")
    sweep(listed, by_reference=True, clock=watch)
    assert set(statuses(listed).values()) == {"open"}
    assert [one["_id"] for one in listed.register_buckets.find()] == ["in force"]


def test_a_person_in_two_registers_stays_off_by_the_other(listed: Db, tmp_path: Path, watch: Watch) -> None:
    for name in ("DNC", "Other"):
        take_in(listed, NUMBERS, job(tmp_path / f"{name}.csv", ADA, *OTHERS[:5], register=name), watch)
    sweep(listed, by_reference=True, clock=watch)
    remove_register(listed, "DNC", by="mia", why="a mistake")
    sweep(listed, by_reference=True, clock=watch)
    assert stored(listed)["status"] == "off"
    assert stored(listed)["off"]["call"] == "register:Other"
    remove_register(listed, "Other", by="mia", why="a mistake")
    sweep(listed, by_reference=True, clock=watch)
    assert stored(listed)["status"] == "open"


def test_a_claim_in_the_middle_of_the_exchange_misses_nobody(
    listed: Db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(listed, NUMBERS, job(tmp_path / "may.csv", ADA, *OTHERS))
    assert wish_of(listed, stored(listed)) is not None  # from now on the process expects this version
    parts, left = registers._parts, ["june", "july"]

    def in_between(keys: Any) -> Any:
        while left:  # two deliveries: the version that is expected is cleared
            name = left.pop(0)
            take_in(listed, NUMBERS, job(tmp_path / f"{name}.csv", ADA, *OTHERS, CHI if name == "june" else BO))
        return parts(keys)

    monkeypatch.setattr(registers, "_parts", in_between)
    assert wish_of(listed, stored(listed)) is not None


def test_a_register_that_another_process_took_in_counts_at_once(listed: Db, tmp_path: Path) -> None:
    assert wish_of(listed, stored(listed)) is None
    take_in(listed, NUMBERS, job(tmp_path / "may.csv", ADA))
    assert wish_of(listed, stored(listed)) is not None
    remove_register(listed, "DNC", by="mia", why="a mistake")
    assert wish_of(listed, stored(listed)) is None


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], Any]], bool]:
    """Runs an action that is killed before its n-th write; returns whether it came to its end."""

    def dying(place: int, action: Callable[[], Any]) -> bool:
        left = [place]

        def counted(write: Any) -> Any:
            def run(self: Any, *args: Any, **more: Any) -> Any:
                left[0] -= 1
                if left[0] == 0:
                    raise Killed
                return write(self, *args, **more)

            return run

        with monkeypatch.context() as patched:
            for name in (*WRITES, "insert_many"):
                patched.setattr(Collection, name, counted(getattr(Collection, name)))
            try:
                action()
            except Killed:
                return False
        return True

    return dying


def test_a_killed_delivery_leaves_the_old_one_and_goes_on(
    db: Db, tmp_path: Path, dying: Callable[[int, Callable[[], Any]], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "WRITTEN_AT_ONCE", 50)
    monkeypatch.setattr(delivery, "remove_by_key", lambda *_: None)  # another test clears
    take_in(db, NUMBERS, job(tmp_path / "may.csv", ADA))
    place, ended = 1, False
    while not ended:
        ended = dying(place, lambda: take_in(db, NUMBERS, job(tmp_path / "june.csv", BO, *OTHERS, run="one")))
        counts = [names(db, one) for one in (ADA, BO)]
        assert counts in ([["register DNC"], []], [[], ["register DNC"]]), place
        place += 1
    assert place > 6
    assert [names(db, one) for one in (ADA, BO, OTHERS[-1])] == [[], ["register DNC"], ["register DNC"]]
    [register] = registers.of(db)
    assert (register["many"], register["delivered"]["file"]) == (301, "june.csv")


def test_a_person_ends_a_delivery(db: Db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_file, "OFTEN", 0.0)
    monkeypatch.setattr(number_file, "BATCH", 10)
    work = job(tmp_path / "may.csv", ADA, *OTHERS, run="one")
    place = number_file.begin(db, work)
    read = read_number

    def cancelling(text: str, region: str) -> str:
        import_log.cancel(db, place)
        return read(text, region)

    monkeypatch.setattr(number_file, "read_number", cancelling)
    with pytest.raises(Cancelled):
        take_in(db, NUMBERS, work)
    assert registers.of(db) == []
    assert import_log.require(db, place).state is State.CANCELLED


def test_two_deliveries_at_once_do_not_mix(db: Db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "remove_by_key", lambda *_: None)
    write, other = delivery.write, job(tmp_path / "june.csv", BO)

    def slow(*args: Any) -> int:
        monkeypatch.setattr(delivery, "write", write)
        take_in(db, NUMBERS, other)
        return write(*args)

    monkeypatch.setattr(delivery, "write", slow)
    with pytest.raises(Conflict, match="Another delivery"):
        take_in(db, NUMBERS, job(tmp_path / "may.csv", ADA))
    assert (names(db, ADA), names(db, BO)) == ([], ["register DNC"])


def test_a_stale_register_still_counts(db: Db, tmp_path: Path, watch: Watch) -> None:
    take_in(db, NUMBERS, job(tmp_path / "may.csv", ADA, until=watch.at + timedelta(days=31)), watch)
    [register] = registers.of(db)
    assert not registers.is_stale(register, watch.at)
    watch.pass_by(days=31)
    assert registers.is_stale(register, watch.at)
    assert names(db, ADA) == ["register DNC"]


def test_a_list_of_numbers_is_single_wishes(listed: Db, tmp_path: Path, watch: Watch) -> None:
    entry = take_in(listed, NUMBERS, job(tmp_path / "own.csv", ADA, CHI, "nobody", register=""), watch)
    report = entry.document["report"]
    assert (report["new"], report["people"], report["unreadable"]) == (2, 2, 1)
    assert names(listed, ADA) == ["file own.csv"]
    assert stored(listed)["status"] == "off"
    again = take_in(listed, NUMBERS, job(tmp_path / "own.csv", ADA, CHI, "nobody", register=""), watch)
    assert (again.document["report"]["new"], size(listed)) == (0, 2)


def test_an_import_after_the_delivery_asks_the_register(listed: Db, bring: Bring, tmp_path: Path) -> None:
    take_in(listed, NUMBERS, job(tmp_path / "may.csv", CHI))
    bring("june", {"c": CHI, "d": OTHERS[0]})
    assert [stored(listed, f"spring:{ref}")["status"] for ref in "cd"] == ["off", "open"]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"why": " "}, "reason"),
        ({"register": "a:b"}, "cannot name a register"),
        ({"register": "x" * 41}, "cannot name a register"),
    ],
)
def test_what_cannot_be_taken_in_is_refused(db: Db, tmp_path: Path, change: dict[str, str], rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        take_in(db, NUMBERS, job(tmp_path / "may.csv", ADA, **change))
    with pytest.raises(InputError, match="no column"):
        take_in(db, NUMBERS, NumberJob(CampaignFile.open(tmp_path / "may.csv"), "none", "mia", "May"))
    assert registers.of(db) == []


def test_no_number_of_a_file_is_stored(db: Db, tmp_path: Path) -> None:
    take_in(db, NUMBERS, job(tmp_path / "may.csv", ADA, "x 0151 25550001 y 12"))
    take_in(db, NUMBERS, job(tmp_path / "own.csv", BO, register=""))
    for name in COLLECTIONS:
        text = str(list(db[name].find()))
        assert "555000" not in text, name
