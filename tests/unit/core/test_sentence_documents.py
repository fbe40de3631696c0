"""A sentence in a store is the same sentence when it is read: another process shows it in its reader's language."""

from __future__ import annotations

import bson
import pytest

from core.sentences import Sentence, from_document, joined, said_in, to_document, with_said

INNER = Sentence("{room} is full", room="C: {x}")


@pytest.mark.parametrize(
    "sentence",
    [
        Sentence("plain, with {braces}"),
        Sentence("{inner}; {times} times", inner=INNER, times=3),
        Sentence("{number} person", many="{number} people", number=2),
    ],
)
def test_a_sentence_comes_back_whole(sentence: Sentence) -> None:
    found = from_document(bson.decode(bson.encode({"said": to_document(sentence)}))["said"])
    assert isinstance(found, Sentence)
    assert found == sentence
    assert (found.template, found.many, found.number) == (sentence.template, sentence.many, sentence.number)
    assert found.values.keys() == sentence.values.keys()
    assert isinstance(found.values.get("inner", INNER), Sentence)


def test_other_text_stays_as_it_is() -> None:
    assert from_document(to_document("{a} b")) == "{a} b"
    assert not isinstance(from_document("{a} b"), Sentence)


def test_a_reason_is_kept_in_english_and_as_a_sentence_and_a_typed_one_as_it_is() -> None:
    kept = bson.decode(bson.encode(with_said({"by": "monitor"}, INNER)))
    assert kept["why"] == "C: {x} is full"
    assert said_in(kept) == kept["why"]
    assert isinstance(said_in(kept), Sentence)
    assert with_said({}, "as I {like}") == {"why": "as I {like}"}
    assert said_in({"why": "as I {like}"}) == "as I {like}"


def test_parts_that_are_joined_can_each_be_translated() -> None:
    whole = joined([INNER, "as typed {so}", INNER], ", ")
    assert whole == "C: {x} is full, as typed {so}, C: {x} is full"
    assert isinstance(whole, Sentence)
    assert isinstance(next(iter(whole.values.values())), Sentence)
    assert (joined([]), joined(["one"])) == ("", "one")
