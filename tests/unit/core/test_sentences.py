"""Text that remembers what it was made of."""

from __future__ import annotations

import copy
import pickle

import pytest

from core.errors import Conflict, InputError
from core.sentences import Sentence


def test_it_is_text_like_any_other() -> None:
    held = Sentence("{ref} is held by {by}.", ref="p1", by="Ann")
    assert held == "p1 is held by Ann."
    assert f"{held} Sorry." == "p1 is held by Ann. Sorry."
    assert "p1 is held by Ann." in {held}
    assert (held.template, held.values) == ("{ref} is held by {by}.", {"ref": "p1", "by": "Ann"})


@pytest.mark.parametrize(("rows", "text"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows")])
def test_a_count_decides_the_form(rows: int, text: str) -> None:
    assert Sentence("{number} row", many="{number} rows", number=rows) == text


def test_without_values_a_brace_is_a_brace() -> None:
    assert Sentence("{}") == "{}"


def test_a_place_without_a_value_is_refused() -> None:
    with pytest.raises(KeyError):
        Sentence("{ref} is held by {by}.", ref="p1")


@pytest.mark.parametrize("again", [copy.deepcopy, lambda held: pickle.loads(pickle.dumps(held))])
def test_it_crosses_processes_whole(again: object) -> None:
    inner = Sentence("{number} row", many="{number} rows", number=2)
    error = Conflict(Sentence("{ref}: {what}", ref="p1", what=inner), kept=Sentence("Nothing was recorded."))
    found = again(error)  # type: ignore[operator]
    assert (str(found), found.what.template) == ("p1: 2 rows. Nothing was recorded.", "{ref}: {what}")
    assert (found.what.values["what"].many, found.kept.template) == ("{number} rows", "Nothing was recorded.")


def test_an_input_error_says_where_in_a_sentence_of_its_own() -> None:
    rule = Sentence("is empty; must be {rule}", rule="a number")
    what = InputError(rule, row=3, column="age").what
    assert what == "row 3, column 'age': is empty; must be a number"
    assert isinstance(what, Sentence)
    assert what.values["rule"] is rule
    assert InputError(rule, row=3).what == "row 3: is empty; must be a number"
    assert InputError(rule, column="age").what == "column 'age': is empty; must be a number"
    assert InputError(rule).what is rule
