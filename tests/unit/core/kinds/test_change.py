"""What a change of a kind needs: nothing, a training, or that it be refused."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from core.kinds.change import Needs, change
from core.schema import Schema
from core.settings.group import ROOT

CONTENT = (ROOT / "tests" / "schemas" / "bank-full.yaml").read_text(encoding="utf-8")
Edit = Callable[[dict[str, Any]], Any]


def edited(edit: Edit) -> Schema:
    content = yaml.safe_load(CONTENT)
    edit(content)
    return Schema.model_validate(content)


def column(content: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in content["columns"] if one["name"] == name)
    return found


def without(name: str) -> Edit:
    return lambda content: content["columns"].remove(column(content, name))


INCOME = {"name": "income", "label": "Income", "type": "number", "role": "profile", "minimum": 0, "optional": True}
BEFORE = edited(lambda content: None)

FREE: dict[str, Edit] = {
    "nothing at all": lambda content: None,
    "a label": lambda content: column(content, "age").update(label="Years of age"),
    "a title": lambda content: content.update(title="Deposits"),
    "the words of a reason": lambda content: column(content, "age").update(reason={"raises": "{value} say yes"}),
    "more words of the outcome": lambda content: content["outcome"].update(
        negative=["no", "later"], undecided=["busy"]
    ),
    "how files are read": lambda content: column(content, "balance").update(decimal=",", note="in euros"),
    "segments": lambda content: content.update(segments=["job"]),
    "another first month": lambda content: content["calendar"].update(start="2009-01"),
    "a column that is no feature": lambda content: content["columns"].append({**INCOME, "role": "after_call"}),
    "without that column": without("duration"),
}
LEARNT: dict[str, Edit] = {
    "a new column": lambda content: content["columns"].append(INCOME),
    "a new word": lambda content: column(content, "job")["categories"].append("pilot"),
    "a wider range": lambda content: column(content, "age").update(maximum=120),
    "no range": lambda content: column(content, "age").pop("maximum"),
    "new bounds": lambda content: column(content, "age").update(bounds=[30, 60]),
    "a blank": lambda content: column(content, "balance").update(optional=True),
    "any word": lambda content: column(content, "job").update(open=True),
    "a column that counts calls": lambda content: content.update(calls={"column": "campaign", "first": 1}),
    "a month that files say": lambda content: content.pop("calendar"),
    "a new special value": lambda content: column(content, "age").update(special={-1: "not asked"}),
    "a column that becomes a feature": lambda content: column(content, "duration").update(
        role="history", optional=True
    ),
}
TAKEN: dict[str, tuple[Edit, str]] = {
    "a type": (lambda content: column(content, "balance").update(type="number"), "type from integer to number"),
    "a word": (lambda content: column(content, "job")["categories"].remove("student"), "the word 'student'"),
    "a special value": (lambda content: column(content, "pdays").pop("special"), "the special value -1"),
    "a part of the range": (lambda content: column(content, "age").update(maximum=90), "narrower range"),
    "what people cannot have": (
        lambda content: content["columns"].append({**INCOME, "optional": False}),
        "'income' is new and must be optional",
    ),
    "the reference": (lambda content: content.update(reference="customer"), "another person"),
    "what a word of the outcome means": (
        lambda content: content["outcome"].update(positive="no", negative=["refused", "yes"]),
        "the word 'yes' of the outcome would mean a refusal",
    ),
}


@pytest.mark.parametrize("name", FREE)
def test_what_no_model_sees_needs_nothing(name: str) -> None:
    assert change(BEFORE, edited(FREE[name]), BEFORE).needs is Needs.NOTHING


@pytest.mark.parametrize("name", LEARNT)
def test_what_is_added_needs_a_training_and_says_what_it_is(name: str) -> None:
    found = change(BEFORE, edited(LEARNT[name]), BEFORE)
    assert found.needs is Needs.TRAINING
    assert len(found.why) == 1
    assert found.why[0].startswith("column '")


@pytest.mark.parametrize("name", TAKEN)
def test_what_people_may_have_is_not_taken_away(name: str) -> None:
    edit, said = TAKEN[name]
    found = change(BEFORE, edited(edit), None)
    assert found.needs is Needs.REFUSED
    assert said in found.why[0]


def test_a_feature_goes_only_when_no_champion_needs_it() -> None:
    after = edited(without("balance"))
    assert change(BEFORE, after, None).needs is Needs.NOTHING
    kept = change(BEFORE, after, champion=BEFORE)
    assert (kept.needs, kept.why) == (
        Needs.REFUSED,
        ("column 'balance' would be no feature any more, and the champion needs it",),
    )
    # The champion was made with an earlier version, which knew nothing of the column.
    assert change(BEFORE, after, champion=after).needs is Needs.NOTHING


def test_a_feature_that_is_known_too_late_is_none_any_more() -> None:
    after = edited(lambda content: column(content, "balance").update(role="after_call"))
    assert change(BEFORE, after, champion=BEFORE).needs is Needs.REFUSED


def test_a_column_that_counts_calls_says_so_when_it_comes_and_when_it_goes() -> None:
    def counted(first: int | None) -> Schema:
        def edit(content: dict[str, Any]) -> None:
            column(content, "campaign").update(minimum=0)
            content.update(calls=None if first is None else {"column": "campaign", "first": first})

        return edited(edit)

    said = [change(counted(was), counted(now)).why for was, now in ((None, 1), (1, 0), (0, None))]
    assert [why[0].split(";")[0] for why in said] == [
        "column 'campaign' would be the number of calls (1 at the first) at each call",
        "column 'campaign' would be the number of calls (0 at the first) at each call",
        "column 'campaign' would be what files say at each call",
    ]
