"""A limit is the setting, or what chance alone reaches where few people are compared, or many words."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from monitor.reports.drift.limits import RARE, of_numbers, of_words

RUNS = 3_000


def test_with_full_windows_the_settings_hold() -> None:
    words = pd.Series(list("abcdefghij") * 200)
    assert of_words(0.1, words, words.head(1_000)) == 0.1
    numbers = pd.Series(np.arange(2_000.0))
    assert of_numbers(0.15, numbers, numbers.head(1_000)) == 0.15


def test_few_people_or_many_words_have_a_higher_limit() -> None:
    words = pd.Series(list("abcdefghij") * 60)
    assert of_words(0.1, words, words.head(300)) > 0.13
    towns = pd.Series([f"town {n % 100}" for n in range(2_000)])
    assert of_words(0.1, towns, towns.head(1_000)) > 0.15
    numbers = pd.Series(np.arange(600.0))
    assert of_numbers(0.18, numbers, numbers.head(300)) > 0.25


def test_blanks_are_nobody() -> None:
    numbers = pd.Series([1.0, np.nan] * 300)
    assert of_numbers(0.01, numbers, numbers) == of_numbers(0.01, numbers.dropna(), numbers.dropna())


@pytest.mark.parametrize("many", [(300, 600), (1_000, 2_000)])
@pytest.mark.parametrize("towns", [2, 60])
def test_chance_hardly_ever_reaches_the_limit_of_words(many: tuple[int, int], towns: int) -> None:
    rng = np.random.default_rng(towns)
    shares = rng.dirichlet(np.full(towns, 5.0))
    now, before = (rng.multinomial(size, shares, RUNS) for size in many)
    distances = jensenshannon(now, before, axis=1)
    everybody = pd.Series(np.arange(towns))
    rows = [pd.Series(np.resize(everybody, size)) for size in many]
    assert (distances >= of_words(0.0, rows[1], rows[0])).mean() <= 5 * RARE


@pytest.mark.parametrize("draw", ["normal", "exponential"])
def test_chance_hardly_ever_reaches_the_limit_of_numbers(draw: str) -> None:
    rng = np.random.default_rng(1)
    reached = 0
    for _ in range(RUNS):
        before, now = (getattr(rng, draw)(size=size) for size in (600, 300))
        distance = wasserstein_distance(before, now) / before.std()
        reached += distance >= of_numbers(0.0, pd.Series(before), pd.Series(now))
    assert reached / RUNS <= 10 * RARE
