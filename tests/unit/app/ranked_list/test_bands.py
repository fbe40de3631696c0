import pytest

from app.ranked_list.bands import BANDS, band_of, last_places


def floors(scores: list[float]) -> list[float]:
    best_first = sorted(scores, reverse=True)
    return [best_first[place] for place in last_places(len(scores))]


def test_the_shares_are_what_the_names_say() -> None:
    scores = [place / 1000 for place in range(1000)]
    limits = floors(scores)
    found = [band_of(score, limits).name for score in scores]
    assert {band.name: found.count(band.name) for band in BANDS} == {
        "Top 10%": 100,
        "Top 25%": 150,
        "Upper half": 250,
        "Lower half": 500,
    }


def test_people_of_equal_score_are_in_the_same_band() -> None:
    scores = [0.5] * 30 + [0.1] * 70
    limits = floors(scores)
    assert band_of(0.5, limits).name == "Top 10%"
    assert band_of(0.1, limits).name == "Upper half"


@pytest.mark.parametrize("people", [1, 2, 3, 7])
def test_the_best_of_a_few_is_in_the_top_band(people: int) -> None:
    scores = [place / 10 for place in range(people)]
    assert band_of(max(scores), floors(scores)).name == "Top 10%"


def test_without_floors_nobody_is_praised() -> None:
    assert band_of(0.9, []).name == "Lower half"
