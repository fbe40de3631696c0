"""The tab of the do-not-call list: one number, a file, a register, the table, and the export; and the card's box."""

from __future__ import annotations

import csv
import io
import subprocess
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.access import identity
from app.calls import contact_lines
from app.campaigns import number_process
from app.shell.appliance import Appliance
from core.calls.lifecycle import STANDARD
from core.clock import now
from core.do_not_call import wish_export
from core.do_not_call.do_not_call_list import add_people
from core.do_not_call.number_wishes import add_number, wishes_of_number
from core.files.campaign_file import CampaignFile
from core.imports.number_file import NumberJob, take_in
from core.lists import import_log
from core.lists.logged_import import State
from core.stores.mongo import Db
from core.wishes import registers
from tests.contract.core.wishes.conftest import (
    ADA,
    BO,
    CHI,
    ERASURE_KEY,
    KEYS,
    NUMBERS,
    SCHEMA,
    Watch,
    bring,
    listed,
    statuses,
    stored,
    watch,
)

pytestmark = pytest.mark.mongo
__all__ = ["bring", "listed", "watch"]  # fixtures

Screen = Callable[[], AppTest]


@pytest.fixture
def house(listed: Db, monkeypatch: pytest.MonkeyPatch) -> Appliance:
    made = Appliance(
        db=listed,
        store=cast(Any, None),
        schema=SCHEMA,
        rules=STANDARD,
        model="m",
        erasure_key=ERASURE_KEY,
        contact_keys=KEYS,
    )
    monkeypatch.setattr(identity, "require", lambda _role: SimpleNamespace(shown="mia"))
    monkeypatch.setattr(identity, "check", lambda: None)
    return made


@pytest.fixture
def screen(house: Appliance) -> Screen:
    def draw(house=None):  # type: ignore[no-untyped-def]
        from app.campaigns.do_not_call_form import draw_do_not_call_form
        from app.shell import notices

        notices.show_waiting()
        draw_do_not_call_form(house)

    def show() -> AppTest:
        return AppTest.from_function(draw, kwargs={"house": house}, default_timeout=120).run()

    return show


def words(test: AppTest) -> str:
    """Everything that the page says."""
    assert not test.exception
    kinds = (test.markdown, test.caption, test.info, test.warning, test.success, test.error)
    return "\n".join(str(element.value) for kind in kinds for element in kind).replace("\\", "")


def test_an_empty_list_says_so(screen: Screen) -> None:
    said = words(screen())
    assert "On the list: 0 people, 0 single numbers, 0 public registers." in said
    assert "No public register was taken in." in said


def test_a_number_is_put_on_shown_and_taken_off(screen: Screen, house: Appliance) -> None:
    test = screen()
    test.text_input(key="number_text").set_value("0151 2555 0001").run()
    assert "Not on the list." in words(test)
    test.button(key="number_put").click().run()
    assert "The reason is missing" in words(test), "nothing happens without a reason"
    test.text_input(key="number_why").set_value("letter of May")
    test.button(key="number_put").click().run()
    assert "2 people were taken off the call lists." in words(test)
    assert stored(house.db)["status"] == "off"
    test.text_input(key="number_text").set_value("+49 1512 5550001").run()
    said = words(test)
    assert "by mia; source: a manager; letter of May" in said
    test.text_input(key="number_why").set_value("a mistake")
    test.button(key="number_lift").click().run()
    assert "2 people can be called again." in words(test)
    assert set(statuses(house.db).values()) == {"open"}


def test_a_number_in_one_campaign(screen: Screen, house: Appliance) -> None:
    test = screen()
    test.text_input(key="number_text").set_value(ADA).run()
    test.selectbox(key="number_where").set_value("autumn").run()
    test.text_input(key="number_why").set_value("letter")
    test.button(key="number_put").click().run()
    assert (stored(house.db)["status"], stored(house.db, "autumn:a")["status"]) == ("open", "off")


def test_what_is_no_number_is_said(screen: Screen) -> None:
    test = screen()
    test.text_input(key="number_text").set_value("12").run()
    assert "is no phone number with its country" in words(test)


def test_a_person_in_one_campaign_is_off_there_alone_and_comes_back(screen: Screen, house: Appliance) -> None:
    test = screen()
    test.text_input(key="barred_ref").set_value("b").run()
    test.selectbox(key="barred_where").set_value("spring").run()
    test.text_input(key="barred_why").set_value("letter")
    test.button(key="barred_go").click().run()
    assert (stored(house.db, "spring:b")["status"], stored(house.db, "autumn:b")["status"]) == ("off", "open")
    test.selectbox(key="barred_where").set_value("spring").run()
    test.text_input(key="barred_why").set_value("a mistake")
    test.button(key="barred_go").click().run()
    assert set(statuses(house.db).values()) == {"open"}


def test_registers_are_shown_and_a_stale_one_is_said(screen: Screen, house: Appliance, tmp_path: Path) -> None:
    path = tmp_path / "may.csv"
    path.write_text(f"phone\n{ADA}\nnobody\n", encoding="utf-8")
    job = NumberJob(CampaignFile.open(path), "phone", "mia", "May", "DE", "DNC", now() + timedelta(seconds=2))
    take_in(house.db, NUMBERS, job)
    test = screen()
    said = words(test)
    assert "1 public register." in said
    assert "No phone number with its country is in lines 3." in said
    mark = house.db.register_buckets.find_one({"_id": registers.IN_FORCE})
    assert mark is not None
    mark["registers"]["DNC"]["stale"] = 1
    house.db.register_buckets.update_one({"_id": mark["_id"]}, {"$set": {"registers": mark["registers"]}})
    test = screen()
    assert "The register DNC is out of date. It still counts" in words(test)
    test.text_input(key="register_why").set_value("a mistake")
    test.button(key="register_remove").click().run()
    assert "The register DNC counts no more." in words(test)
    assert registers.of(house.db) == []


def test_a_file_that_stopped_is_said_with_what_to_do(screen: Screen, house: Appliance) -> None:
    place = import_log.begin(house.db, "", "may.csv", "ab" * 32, by="mia", run="one")
    import_log.stopped(house.db, place, "one")
    said = words(screen())
    assert "Taking in may.csv stopped half way" in said
    assert "choose the same file again" in said


def test_the_process_takes_a_file_in_and_removes_it(
    house: Appliance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Path] = []

    class Process:
        def __init__(self, command: list[str], **_: Any) -> None:
            started.append(Path(command[-1]))

        def wait(self) -> None:
            pass

    class Thread:
        def __init__(self, **_: Any) -> None:
            pass

        def start(self) -> None:
            pass

    monkeypatch.setattr(subprocess, "Popen", Process)
    monkeypatch.setattr(threading, "Thread", Thread)
    monkeypatch.setattr(
        number_process, "choose", lambda settings, _kind: SimpleNamespace(db=house.db, settings=settings)
    )
    monkeypatch.setenv("CALLWISE_ERASURE_KEY", ERASURE_KEY)
    path = tmp_path / "may.csv"
    path.write_text(f"phone\n{ADA}\n", encoding="utf-8")
    place = number_process.start(house.db, NumberJob(CampaignFile.open(path), "phone", "mia", "May", "", "DNC"))
    assert import_log.require(house.db, place).state is State.RUNNING
    assert not path.exists()
    assert number_process.main(started[0]) == 0
    assert not started[0].exists(), "the plain numbers go with the folder"
    assert import_log.require(house.db, place).state is State.DONE
    assert len(wishes_of_number(house.db, NUMBERS, ADA)) == 1


def test_the_export_has_sources_and_times_and_no_number(house: Appliance, watch: Watch) -> None:
    add_people(house.db, ["b"], by="mia", why="=letter", clock=watch)
    add_number(house.db, NUMBERS, CHI, by="mia", why="phone", until=now() + timedelta(days=400))
    table = wish_export.export(house.db, by="mia").decode("utf-8-sig")
    person, number = csv.DictReader(io.StringIO(table))
    assert (person["what"], person["reference"], person["source"]) == ("person", "b", "manager")
    assert person["reason"] == "'=letter", "a spreadsheet runs no cell"
    assert (number["what"], number["reference"], number["reason"]) == ("number", "", "phone")
    assert number["until"]
    assert NUMBERS.hash(CHI) not in table
    assert house.db.events.find_one({"what": "do-not-call list exported"})["who"] == "mia"  # type: ignore[index]


def test_the_box_of_the_card_is_ticked_where_there_is_a_number(
    house: Appliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(st, "session_state", {})
    assert contact_lines.numbers_to_bar(house, stored(house.db)) == (NUMBERS.hash(ADA),)
    monkeypatch.setattr(st, "session_state", {"bar-numbers-spring:a": False})
    assert contact_lines.numbers_to_bar(house, stored(house.db)) == ()
    assert contact_lines.numbers_to_bar(house, stored(house.db, "spring:b")) == (NUMBERS.hash(BO),)
