"""A kind from a whole file: outcome, reference, leaks, order of time, segments."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from core.errors import InputError
from core.proposal.outcome import OutcomeUnknownError
from core.proposal.proposal import Proposal
from core.proposal.rules.outcome_words import Result

Make = Callable[..., Proposal]
ROWS = 600
DICE = random.Random(3)
SOLD = [DICE.random() < 0.3 for _ in range(ROWS)]
TOWN = [DICE.choice(["Here", "There", "Home"]) for _ in range(ROWS)]


def words(yes: str, no: str) -> list[str]:
    """The outcomes in these words."""
    return [yes if sold else no for sold in SOLD]


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        ("y", "yes", "no"),
        ("Converted", "1", "0"),
        ("deal won", "TRUE", "FALSE"),
        ("Abgeschlossen", "ja", "nein"),
        ("vendido", "sí", "no"),
        ("outcome", "sold", "refused"),
        ("Response", "Accepted", "Declined"),
    ],
)
def test_the_outcome_is_found_by_its_name_and_its_two_values(make: Make, name: str, yes: str, no: str) -> None:
    found = make({"town": TOWN, "loan": ["yes", "no"] * (ROWS // 2), name: words(yes, no)}, outcome_column="")
    assert (found.schema.outcome.column, found.schema.outcome.positive, found.outcome.sales) == (
        name,
        (yes,),
        sum(SOLD),
    )


def test_the_rarer_value_is_the_sale_where_words_do_not_tell(make: Make) -> None:
    found = make({"town": TOWN, "outcome": words("B", "A")}, outcome_column="")
    assert found.schema.outcome.positive == ("B",)
    assert any("rarer" in question for question in found.questions)


@pytest.mark.parametrize(
    "columns",
    [
        {"sold": words("1", "0"), "converted": words("1", "0")},
        {"loan": words("yes", "no"), "house": words("yes", "no")},
        {"flag": words("yes", "no"), "town": TOWN},
    ],
)
def test_columns_that_are_as_likely_are_asked_about(make: Make, columns: dict[str, Sequence[Any]]) -> None:
    with pytest.raises(OutcomeUnknownError) as raised:
        make({"age": list(range(ROWS)), **columns}, outcome_column="")
    assert set(raised.value.candidates) == set(columns) - {"town"}


def test_no_column_of_two_values_is_said(make: Make) -> None:
    with pytest.raises(OutcomeUnknownError, match="No column has two values"):
        make({"town": TOWN}, outcome_column="")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"outcome_column": "no such"}, "has no column 'no such'"),
        ({"outcome_column": "town"}, "3 different words, and only you know which are a sale .*--sale WORD"),
        ({"outcome_column": "number"}, "600 different values, not two"),
        ({"reference_column": "no such"}, "has no column 'no such'"),
        ({"reference_column": "y"}, "both the outcome and the reference"),
    ],
)
def test_a_wrong_choice_is_refused(make: Make, asked: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        make({"number": list(range(ROWS)), "town": TOWN, "y": words("yes", "no")}, **asked)


RESULTS = [DICE.choice(["sold", "Upsold"] if sold else ["refused", "moved away", "gone quiet"]) for sold in SOLD]


def test_people_say_which_words_are_a_sale_and_which_a_refusal(make: Make) -> None:
    result = [*RESULTS[:500], *["call back"] * 60, *["???"] * 30, *["n/a"] * 10]
    said = {"SOLD": Result.SALE, "upsold": Result.SALE, "refused": Result.REFUSAL, "moved away": Result.REFUSAL}
    found = make({"town": TOWN, "result": result}, outcome_column="result", results=said)
    outcome = found.schema.outcome
    assert set(outcome.positive) == {"sold", "Upsold"}
    assert set(outcome.negative) == {"refused", "moved away"}
    assert outcome.undecided == ("n/a",), "what says that nothing is known is no outcome"
    rows = [word for word in result if word.casefold() in {text.casefold() for text in said}]
    assert (found.outcome.calls, found.outcome.sales) == (len(rows), sum(SOLD[:500]))
    assert found.outcome.unfit == ROWS - len(rows) - 10
    assert f"{found.outcome.unfit} rows have another value and will be rejected." in found.outcome.remarks


def test_words_whose_meaning_is_known_need_no_explanation(make: Make) -> None:
    result = [*words("won", "lost")[:500], *["not reached"] * 100]
    found = make({"town": TOWN, "result": result}, outcome_column="result")
    outcome = found.schema.outcome
    assert (outcome.positive, outcome.negative, outcome.undecided) == (("won",), ("lost",), ("not reached",))
    assert any("Please check" in question for question in found.questions)


def test_cells_that_say_that_nothing_is_known_are_no_outcome_yet(make: Make) -> None:
    found = make({"town": TOWN, "converted": [*words("yes", "no")[:500], *["n/a"] * 100]}, outcome_column="")
    assert found.schema.outcome.undecided == ("n/a",)
    assert (found.outcome.calls, found.outcome.unfit) == (500, 0)


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ({"sold": Result.SALE, "Upsold": Result.SALE}, "not both a sale and a refusal"),
        ({"bought": Result.SALE, "refused": Result.REFUSAL}, "no word 'bought'"),
        ({"sold": Result.SALE, "SOLD": Result.REFUSAL, "refused": Result.REFUSAL}, "cannot mean two things"),
    ],
)
def test_an_explanation_that_cannot_be_is_refused(make: Make, said: dict[str, Result], rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        make({"town": TOWN, "result": RESULTS}, outcome_column="result", results=said)


def test_of_yes_and_no_people_may_say_the_other_way_round(make: Make) -> None:
    said = {"FALSE": Result.SALE, "true": Result.REFUSAL}
    found = make({"town": TOWN, "churned": words("1", "0")}, outcome_column="churned", results=said)
    assert (found.schema.outcome.positive, found.outcome.sales) == (("0",), ROWS - sum(SOLD))


def test_a_column_of_several_words_that_is_called_an_outcome_is_named(make: Make) -> None:
    with pytest.raises(OutcomeUnknownError, match="--sale WORD") as raised:
        make({"town": TOWN, "Call result": RESULTS}, outcome_column="")
    assert raised.value.candidates == ["Call result"]


def test_the_previous_outcome_is_no_outcome(make: Make) -> None:
    before = [DICE.choice(["won", "lost"]) for _ in range(ROWS)]
    found = make({"town": TOWN, "previous outcome": before, "won": words("1", "0")}, outcome_column="")
    assert found.schema.outcome.column == "won"
    assert found.schema.by_name["previous outcome"].role == "history"


def test_the_reference_is_the_customers_key_and_another_key_stays_beside_it(make: Make) -> None:
    found = make({
        "row": list(range(1, ROWS + 1)), "Customer ID": [f"C-{n:05d}" for n in range(ROWS)],
        "contract no": [str(900_000 + 7 * n) for n in range(ROWS)], "town": TOWN, "y": words("yes", "no"),
    })  # fmt: skip
    assert found.schema.reference == "Customer ID"
    assert [column.role.value for column in found.schema.columns if column.name in ("row", "contract no")] == [
        "reference"
    ] * 2


def test_a_chosen_reference_is_taken(make: Make) -> None:
    columns = {"customer id": [f"C-{n:05d}" for n in range(ROWS)], "mail": [f"a{n}@b.example" for n in range(ROWS)]}
    found = make({**columns, "town": TOWN, "y": words("yes", "no")}, reference_column="mail")
    assert found.schema.reference == "mail"
    assert found.schema.by_name["customer id"].role == "reference"


def test_doubles_and_damaged_keys_are_counted(make: Make) -> None:
    keys = [f"{n:05d}" for n in range(100, 100 + ROWS)]
    keys[1], keys[2], keys[3], keys[4] = keys[0], "100.0", "4.47701E+11", ""
    found = make({"customer": keys, "town": TOWN, "y": words("yes", "no")})
    told = " ".join(found.warnings)
    assert "1 row has a key in 'customer' that an earlier row has" in told
    assert "1 key in 'customer' is the same as another one" in told
    assert "1 key in 'customer' was rounded" in told
    assert "empty in 1 row" in told


@pytest.mark.parametrize(
    "name",
    ["duration", "status after call", "Disposition", "closed at", "Revenue (EUR)", "Gesprächsdauer", "lost reason"],
)
def test_a_name_of_what_is_known_after_the_call_keeps_a_column_out(make: Make, name: str) -> None:
    found = make({"town": TOWN, name: [DICE.randrange(100) for _ in range(ROWS)], "y": words("yes", "no")})
    assert found.schema.by_name[name].role == "after_call"
    assert any(name in warning for warning in found.warnings)


@pytest.mark.parametrize(
    "leak",
    [
        [DICE.uniform(5, 9) if sold else DICE.uniform(0, 5) for sold in SOLD],
        ["ordered" if sold else "" for sold in SOLD],
        [f"2026-0{DICE.randrange(1, 9)}-11" if sold else "" for sold in SOLD],
        [DICE.choice(["gold", "blue"]) if sold else DICE.choice(["red", "pink"]) for sold in SOLD],
    ],
    ids=["numbers", "blanks", "dates", "words"],
)
def test_a_column_that_alone_predicts_too_well_is_kept_out_with_its_figure(make: Make, leak: list[Any]) -> None:
    found = make({"town": TOWN, "secret": leak, "y": words("yes", "no")})
    assert found.schema.by_name["secret"].role == "after_call"
    (told,) = [warning for warning in found.warnings if "secret" in warning]
    assert "AUC of 0.9" in told or "AUC of 1.0" in told


def test_chance_is_no_leak_however_many_words_there_are(make: Make) -> None:
    found = make({"town": [f"Town {DICE.randrange(150)}" for _ in range(ROWS)], "y": words("yes", "no")})
    assert found.schema.by_name["town"].is_feature
    assert not found.warnings


def test_what_only_called_people_have_is_known_after_the_call(make: Make) -> None:
    sold = [*words("yes", "no")[:300], *[""] * 300]
    mood = [*[DICE.choice(["warm", "cold"]) for _ in range(300)], *[""] * 300]
    found = make({"town": TOWN, "mood": mood, "y": sold})
    assert found.schema.by_name["mood"].role == "after_call"


def test_months_in_order_of_time_make_a_calendar_that_ends_before_today(make: Make) -> None:
    months = [m for m in ("oct", "nov", "dec", "jan", "feb", "mar") for _ in range(100)]
    found = make({"town": TOWN, "month": months, "y": words("yes", "no")})
    assert found.schema.calendar is not None
    assert (found.schema.calendar.month, found.schema.calendar.start) == ("month", "2025-10")
    shuffled = make({"town": TOWN, "month": DICE.sample(months, ROWS), "y": words("yes", "no")})
    assert shuffled.schema.calendar is None


def test_segments_are_a_few_groups_of_people(make: Make) -> None:
    found = make({"age": [DICE.randrange(18, 90) for _ in range(ROWS)], "town": TOWN, "y": words("yes", "no")})
    assert found.schema.segments == ("town", "age")
    assert 2 <= len(found.schema.by_name["age"].bounds) <= 4


def test_the_title_and_the_name_come_from_the_files_name(make: Make) -> None:
    found = make({"town": TOWN, "y": words("yes", "no")}, name="Kunden_Frühjahr 2026.csv")
    assert (found.schema.title, found.schema.name) == ("Kunden Frühjahr 2026", "kunden-fruhjahr-2026")
