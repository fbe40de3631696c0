"""The script of a campaign: kept with who wrote it, filled in for a person, and never lost to somebody else's."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.calls import script as screen
from app.calls.script import filled_in
from core.calls.script import LONGEST, Script, check, fill_in, read_script, write_script
from core.errors import Conflict, InputError, NotFound
from core.schema import Schema
from core.stores.events import Event
from core.stores.mongo import Db

AT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
TEXT = "Good morning, {ref}.\nYou work as {job}, and you are {age}."
PERSON = {"ref": "p7", "features": {"job": "blue-collar", "age": 41, "pdays": 999}}


@pytest.fixture
def spring(db: Db) -> Db:
    db.campaigns.insert_one({"_id": "spring", "created_at": AT})
    return db


def test_it_is_kept_with_who_wrote_it_and_an_event_says_so(spring: Db, schema: Schema) -> None:
    assert read_script(spring, "spring") is None
    first = write_script(spring, schema, "spring", f"  {TEXT}\n", by="Mia", seen=None, clock=lambda: AT)
    assert first == read_script(spring, "spring") == Script(TEXT, "Mia", AT, 1)
    second = write_script(spring, schema, "spring", "Hello {ref}", by="Leo", seen=first, clock=lambda: AT)
    assert second == read_script(spring, "spring") == Script("Hello {ref}", "Leo", AT, 2)
    told = [(event["who"], event["what"], event["subject"]) for event in spring.events.find()]
    assert told == [("Mia", Event.SCRIPT_CHANGED, "spring"), ("Leo", Event.SCRIPT_CHANGED, "spring")]
    assert write_script(spring, schema, "spring", "", by="Leo", seen=second).text == ""


def test_the_same_text_again_changes_nothing(spring: Db, schema: Schema) -> None:
    first = write_script(spring, schema, "spring", TEXT, by="Mia", seen=None, clock=lambda: AT)
    assert write_script(spring, schema, "spring", TEXT, by="Leo", seen=None) == first
    assert spring.events.count_documents({}) == 1


def test_two_who_write_at_once_do_not_undo_each_other(spring: Db, schema: Schema) -> None:
    write_script(spring, schema, "spring", "Mia's", by="Mia", seen=None)
    with pytest.raises(Conflict, match="Mia has changed the script meanwhile"):
        write_script(spring, schema, "spring", "Leo's", by="Leo", seen=None)
    kept = read_script(spring, "spring")
    assert kept is not None
    write_script(spring, schema, "spring", "Mia's newer", by="Mia", seen=kept)
    with pytest.raises(Conflict):
        write_script(spring, schema, "spring", "Leo's", by="Leo", seen=kept)
    after = read_script(spring, "spring")
    assert after is not None
    assert after.text == "Mia's newer"


def test_a_campaign_that_is_not_there_has_no_script(db: Db, schema: Schema) -> None:
    with pytest.raises(NotFound, match="no campaign 'none'"):
        write_script(db, schema, "none", TEXT, by="Mia", seen=None)
    assert db.campaigns.count_documents({}) == 0


def test_a_place_that_nothing_fills_is_named_and_nothing_kept(spring: Db, schema: Schema) -> None:
    for text, place in (
        ("Dear {name}", "{name}"),
        ("{age} {duration}", "{duration}"),
        ("{ref.__class__}", "__class__"),
    ):
        with pytest.raises(InputError, match="There is no value for the place") as refused:
            write_script(spring, schema, "spring", text, by="Mia", seen=None)
        assert place in refused.value.what
        assert "{ref}, {age}, {job}" in refused.value.next
    with pytest.raises(InputError, match="at most 10,000"):
        check(schema, "x" * (LONGEST + 1))
    assert read_script(spring, "spring") is None


def test_places_are_filled_in_and_lone_braces_stay(schema: Schema) -> None:
    assert filled_in(schema, TEXT, PERSON) == "Good morning, p7.\nYou work as Blue-collar, and you are 41 years."
    assert filled_in(schema, "{marital} {pdays}", PERSON) == "not known Never contacted before"
    assert filled_in(schema, "{gone}", PERSON) == "{gone}", "the schema has changed since"
    assert fill_in("{} {\n} }{ {a}", lambda name: name.upper()) == "{} {\n} }{ A"


def test_it_is_shown_as_it_was_typed() -> None:
    shown = screen.as_markdown("1. *Hello*\n    <b>code</b>\n\n# [x](http://evil) &lt; $a$ :red[no]")
    assert shown.split("  \n") == [
        r"1\. \*Hello\*",
        r"\<b\>code\</b\>",
        "&nbsp;",
        r"\# \[x\]\(http\://evil\) &amp;lt; \$a\$ \:red\[no\]",
    ]
