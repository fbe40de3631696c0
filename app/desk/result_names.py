"""The names of results in the reader's language: the standard ones, and a campaign's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.language import _, translate
from core.calls.lifecycle import Result
from core.desk import own_results
from core.sentences import Sentence
from core.stores.mongo import Db, Document

NAMES = {
    Result.SOLD: Sentence("Sold"),
    Result.REFUSED: Sentence("Refused"),
    Result.CALLBACK: Sentence("Call back"),
    Result.NO_ANSWER: Sentence("No answer"),
    Result.WRONG_NUMBER: Sentence("Wrong number"),
    Result.DO_NOT_CALL: Sentence("Do not call"),
}

OwnNames = Mapping[tuple[str, str], str]
"""The name of an own result by its campaign and key."""


def result_name(result: Result) -> str:
    """The name of a standard result."""
    return translate(NAMES[result])


def own_names(db: Db, calls: Iterable[Document]) -> OwnNames:
    """The names of the own results that these `calls` have. Raises Unavailable."""
    campaigns = {str(call["campaign"]) for call in calls if call.get("own")}
    return own_results.names(db, sorted(campaigns)) if campaigns else {}


def call_name(call: Document, names: OwnNames) -> str:
    """The result of a call: its own name with the effect beside it, or the standard one; and who corrected it."""
    effect = result_name(Result(call["result"]))
    own = names.get((str(call["campaign"]), str(call.get("own"))))
    shown = _("{name} (counts as: {effect})").format(name=own, effect=effect) if own else effect
    if corrected := call.get("corrected"):
        last = corrected[-1]
        shown = _("{result}, corrected by {name}: {why}").format(result=shown, name=last["by"], why=last["why"])
    return shown
