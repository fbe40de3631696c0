"""The keys of the desk belong to a person: changed, switched off, and refused where they would do two things."""

from __future__ import annotations

import pytest

from core.accounts.account import Account, Role
from core.accounts.directory import add
from core.accounts.shortcuts import STANDARD, Shortcuts, read_shortcuts, write_shortcuts
from core.errors import InputError, NotFound
from core.stores.mongo import Db

pytestmark = pytest.mark.mongo


@pytest.fixture
def ann(db: Db) -> Account:
    return add(db, "ann", "Ann", Role.AGENT, by="tests")


def test_everybody_begins_with_the_standard_keys(db: Db, ann: Account) -> None:
    keys = read_shortcuts(db, ann)
    assert keys == Shortcuts()
    assert (keys.key("sold"), keys.key("take"), keys.digits) == ("S", "N", True)


def test_keys_are_changed_and_switched_off_without_ending_a_session(db: Db, ann: Account) -> None:
    write_shortcuts(db, ann, {**STANDARD, "sold": " v "}, off=False)
    assert read_shortcuts(db, ann).key("sold") == "V"
    assert read_shortcuts(db, ann).keys == {"sold": "V"}, "what is standard is not stored"
    write_shortcuts(db, ann, {"sold": "V"}, off=True)
    off = read_shortcuts(db, ann)
    assert [off.key(action) for action in STANDARD] == [None] * len(STANDARD)
    assert not off.digits
    assert (db.users.find_one({"_id": "ann"}) or {})["epoch"] == ann.epoch


@pytest.mark.parametrize("key", ["", "SS", "C", "r", "1", "ß", "!", " "])
def test_a_key_that_cannot_be_is_refused(db: Db, ann: Account, key: str) -> None:
    with pytest.raises(InputError, match="one letter or digit"):
        write_shortcuts(db, ann, {"sold": key}, off=False)
    assert read_shortcuts(db, ann) == Shortcuts()


def test_two_actions_never_share_a_key(db: Db, ann: Account) -> None:
    with pytest.raises(InputError, match="Two actions have the key X"):
        write_shortcuts(db, ann, {"sold": "X"}, off=False)
    assert write_shortcuts(db, ann, {"sold": "X", "refused": "S"}, off=False).key("refused") == "S"


def test_nobodys_keys_are_made_up(db: Db) -> None:
    with pytest.raises(NotFound):
        write_shortcuts(db, Account("zoe", "Zoe", Role.AGENT), {}, off=True)
