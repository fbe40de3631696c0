from datetime import UTC, datetime, timedelta

import pytest

from app import formats
from core.schema import Schema, Value


@pytest.mark.parametrize(
    ("column", "raw", "words"),
    [
        ("pdays", 999, "Never contacted before"),
        ("pdays", 3, "3 days"),
        ("pdays", 1, "1 day"),
        ("age", 41, "41 years"),
        ("job", "admin.", "Admin"),
        ("job", "blue-collar", "Blue-collar"),
        ("education", "university.degree", "University degree"),
        ("education", "basic.4y", "Basic 4y"),
        ("default", "unknown", "Unknown"),
        ("housing", "no", "No"),
        ("nr.employed", 4991.6, "4,991.6 thousands"),
        ("euribor3m", 4.857, "4.857%"),
        ("emp.var.rate", -0.1, "-0.1%"),
        ("previous", None, "not known"),
    ],
)
def test_values_are_words_and_codes_are_explained(schema: Schema, column: str, raw: Value | None, words: str) -> None:
    assert formats.value(schema.by_name[column], raw) == words


def test_scores_are_given_twice() -> None:
    assert (formats.percent(0.34214), formats.exact(0.34214)) == ("34.2%", "0.3421")


@pytest.mark.parametrize(
    ("seconds", "text"), [(900, "15 min"), (119, "1 min"), (60, "1 min"), (59.2, "1 min"), (45, "45 s"), (-3, "0 s")]
)
def test_time_left(seconds: float, text: str) -> None:
    assert formats.left(timedelta(seconds=seconds)) == text


def test_times_are_on_the_clock_of_the_person_who_looks() -> None:
    at = datetime(2026, 11, 3, 16, 5, tzinfo=UTC)
    assert formats.moment(at, "Europe/Lisbon") == "3 Nov 2026, 16:05"
    assert formats.moment(at, "Europe/Prague", day=False) == "17:05"
    assert formats.moment(at, None) == "3 Nov 2026, 16:05 UTC"
    assert formats.moment(at, "Not/AZone", day=False) == "16:05 UTC"


@pytest.mark.parametrize(("number", "text"), [(0, "0 rows"), (1, "1 row"), (41188, "41,188 rows")])
def test_nouns_agree_with_their_number(number: int, text: str) -> None:
    assert formats.plural(number, "row") == text


def test_what_somebody_typed_is_never_markdown() -> None:
    assert formats.plain("[a](http://b) **c** :red[d] $e$") == (r"\[a\]\(http\://b\) \*\*c\*\* \:red\[d\] \$e\$")
