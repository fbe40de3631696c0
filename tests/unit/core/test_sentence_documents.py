"""A sentence in a store is the same sentence when it is read: another process shows it in its reader's language."""

from __future__ import annotations

import bson
import pytest

from core.sentences import Sentence, from_document, to_document

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
