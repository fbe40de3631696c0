"""Every error of the tree, whole on the other side of a process."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from core import errors
from core.calling_rules.promise import ForbiddenTime, SkippedTime
from core.errors import CallwiseError, GateRefused, InputError
from core.sentences import Sentence
from core.stores.dask_cluster import ClusterLost
from serving.scorer import NoChampion

MONDAY = datetime(2026, 11, 30, 8, tzinfo=UTC)


def tree(kind: type[CallwiseError] = CallwiseError) -> Iterator[type[CallwiseError]]:
    for below in kind.__subclasses__():
        yield below
        yield from tree(below)


OWN = (InputError, GateRefused, NoChampion, ForbiddenTime, SkippedTime)
PLAIN = [kind for kind in tree() if kind not in OWN]
RAISED: list[CallwiseError] = [
    *(kind("It broke.", kept="Nothing was lost.", next="Try again.") for kind in PLAIN),
    InputError("not a number", row=7, column="age", kept="6 rows.", next="Correct it."),
    InputError("empty"),
    GateRefused("Deepchecks", "it guesses.", report="runs:/1/report.html"),
    NoChampion(),
    ForbiddenTime(Sentence("On a Sunday nobody is called"), MONDAY, ZoneInfo("Europe/Berlin")),
    SkippedTime(MONDAY.replace(tzinfo=None), MONDAY, ZoneInfo("Europe/Berlin")),
    ClusterLost.at("tcp://cluster:8786", "TimeoutError: no answer"),
]


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_crosses_a_process_whole(error: CallwiseError, protocol: int) -> None:
    came = pickle.loads(pickle.dumps(error, protocol))
    assert type(came) is type(error)
    assert (str(came), came.args, vars(came)) == (str(error), error.args, vars(error))
    assert (came.what, came.kept, came.next) == (error.what, error.kept, error.next)


def test_what_is_known_of_a_refusal_and_of_bad_input_comes_along() -> None:
    refused = pickle.loads(pickle.dumps(GateRefused("Deepchecks", "it guesses.", report="r.html")))
    assert (refused.gate, refused.why, refused.report) == ("Deepchecks", "it guesses.", "r.html")
    assert str(refused) == "Deepchecks refused: it guesses. The champion is unchanged. The evidence is in r.html."
    wrong = pickle.loads(pickle.dumps(InputError("not a number", row=7, column="age")))
    assert (wrong.row, wrong.column, wrong.rule) == (7, "age", "not a number")
    assert str(wrong) == "row 7, column 'age': not a number"


def test_a_rule_that_is_no_sentence_does_not_run_into_the_next() -> None:
    assert str(InputError("not a number", kept="6 rows.", next="Correct it.")) == "not a number. 6 rows. Correct it."


def test_the_tree_is_the_one_that_is_drawn() -> None:
    drawn = errors.__doc__ or ""
    direct = {kind.__name__ for kind in CallwiseError.__subclasses__() if kind.__module__ == "core.errors"}
    assert direct == {word for line in drawn.splitlines() if "──" in line for word in [line.split()[1]]}
