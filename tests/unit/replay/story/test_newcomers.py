"""The other people of the story."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bootstrap.check.journey import SAMPLE
from core.files.campaign_file import CampaignFile
from core.schema import Schema
from replay.story import newcomers


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    return pd.read_csv(SAMPLE, sep=";")


def test_the_same_file_comes_again(schema: Schema, sample: pd.DataFrame) -> None:
    one, again, other = (newcomers.draw(schema, sample, 50, seed) for seed in (1, 1, 2))
    assert one.equals(again)
    assert not one.equals(other)


def test_they_fit_the_schema_and_the_economy_is_that_of_the_sample(
    schema: Schema, sample: pd.DataFrame, tmp_path: Path
) -> None:
    people = newcomers.draw(schema, sample, 200, seed=1)
    for column in schema.features:
        if column.is_category:
            assert set(people[column.name]) <= set(column.categories)
    assert people["euribor3m"].nunique() == 1
    newcomers.write(schema, people, tmp_path / "people.csv")
    file = CampaignFile.open(tmp_path / "people.csv")
    assert list(file.header) == schema.feature_names


def test_they_buy_in_the_years_before_they_stop_to_work_and_neither_earlier_nor_later(
    schema: Schema, sample: pd.DataFrame
) -> None:
    people = newcomers.draw(schema, sample, 8_000, seed=1)
    rates = [people["positive"][np.abs(people["age"] - age) < 4].mean() for age in (35, 58, 80)]
    assert rates[1] > 0.6 > 0.3 > max(rates[0], rates[2])
