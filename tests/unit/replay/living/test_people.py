"""The simulated people: as hard to tell apart as real ones, and changed as their world says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.schema.column import BLANK, ColumnType
from replay.living.call_list import CallList
from replay.living.centre import START
from replay.living.files import BROKEN, MIXED_UP, SCHEMA, Entry, delivery
from replay.living.measures import auc_of_order
from replay.living.people import NEW_WORD, NEW_WORD_SHARE, Numbers, Person, Population, chances
from replay.living.worlds import WORLDS, World

MANY = 4_000


def drawn(world: World, day: int, seed: int = 1) -> list[Person]:
    return Population(world, seed).arrive(MANY, START, day)


def chance(world: World, people: list[Person], day: int) -> Numbers:
    return chances(world, people, [0] * len(people), START, day)


def column(people: list[Person], name: str) -> Any:
    return np.array([person.values[name] for person in people])


def read(world: World, people: list[Person], day: int) -> tuple[list[dict[str, Any]], CallList]:
    """The features that an import makes of the file, in its order."""
    called = CallList(SCHEMA)
    called.read(delivery(world, [Entry(person) for person in people], START, day), START)
    return [prospect["features"] for prospect in called.prospects.values()], called


def test_the_best_order_and_the_base_rate_are_those_of_real_campaigns() -> None:
    found = chance(WORLDS["stationary"], drawn(WORLDS["stationary"], 0), 0)
    assert 0.085 < found.mean() < 0.115
    assert 0.63 < auc_of_order(np.sort(found)[::-1]) < 0.67


def test_the_kind_has_a_dozen_columns_of_every_sort() -> None:
    own = [one for one in SCHEMA.columns if one.role != "call_context"]
    assert len(own) == 12
    assert {one.type for one in own} == set(ColumnType) - {ColumnType.TEXT}
    assert any(one.optional for one in own)
    assert any(one.open for one in own)


def test_a_file_is_read_as_what_is_true() -> None:
    people = drawn(WORLDS["stationary"], 0)[:300]
    rows, called = read(WORLDS["stationary"], people, 0)
    assert called.rejected == 0
    for person, features in zip(people, rows, strict=True):
        assert {name: features[name] for name in person.values} == dict(person.values)
        assert (features["month"], features["weekday"], features["calls"]) == ("mar", "mon", 0)


@pytest.mark.parametrize("name", [name for name, world in WORLDS.items() if world.onset])
def test_before_its_onset_every_world_is_the_stationary_one(name: str) -> None:
    world = replace(WORLDS[name], warm_up=WORLDS["stationary"].warm_up)
    here, there = drawn(world, world.onset - 1)[:200], drawn(WORLDS["stationary"], world.onset - 1)[:200]
    assert [person.values for person in here] == [person.values for person in there]
    assert np.array_equal(chance(world, here, world.onset - 1), chance(WORLDS["stationary"], there, world.onset - 1))


@pytest.mark.parametrize(("seed", "name"), [(0, "age"), (1, "visits"), (2, "score")])
def test_people_shift_by_what_the_world_says(seed: int, name: str) -> None:
    world = WORLDS["sudden_shift"]
    before, after = (drawn(world, day, seed) for day in (world.onset - 1, world.onset))
    if name == "score":
        odds = [np.log(found / (1 - found)) for found in (chance(world, before, 0), chance(world, after, 0))]
        moved = (odds[1].mean() - odds[0].mean()) / odds[0].std()
    else:
        values = [column(people, name).astype(float) for people in (before, after)]
        values = [np.log(np.maximum(found, 0.5)) for found in values] if name == "visits" else values
        moved = (values[1].mean() - values[0].mean()) / values[0].std()
    assert 0.2 < moved < 0.4


def test_a_slow_shift_is_half_there_half_way() -> None:
    world = WORLDS["slow_shift"]
    assert world.strength(world.onset - 1) == 0
    assert world.strength(world.onset + world.ramp // 2 - 1) == 0.5
    assert world.strength(world.onset + world.ramp) == 1


def test_the_same_people_decide_otherwise() -> None:
    world = WORLDS["concept"]
    people = drawn(world, 0)
    before, after = (chance(world, people, day) for day in (world.onset - 1, world.onset))
    assert auc_of_order(after[np.argsort(-before)]) < 0.6
    assert auc_of_order(np.sort(after)[::-1]) > 0.62


def test_a_season_comes_back() -> None:
    world = WORLDS["season"]
    people = drawn(world, 0)
    spring, summer, again = (chance(world, people, day).mean() for day in (7, 21, 35))
    assert spring > 1.5 * summer
    assert spring == pytest.approx(again)


def test_a_new_word_comes_with_people_of_its_own() -> None:
    world = WORLDS["new_word"]
    people = drawn(world, world.onset)
    new = column(people, "occupation") == NEW_WORD
    assert new.mean() == pytest.approx(NEW_WORD_SHARE, abs=0.03)
    found = chance(world, people, world.onset)
    assert found[new].mean() > 1.3 * found[~new].mean()
    rows, called = read(world, people, world.onset)
    assert called.rejected == 0
    assert sum(row["occupation"] == NEW_WORD for row in rows) == new.sum()


def test_a_broken_source_writes_what_is_not_true_and_every_row_of_it_fits() -> None:
    for name in ("blank_column", "changed_unit", "broken_source"):
        world = WORLDS[name]
        people = drawn(world, world.onset)[:200]
        rows, called = read(world, people, world.onset)
        assert called.rejected == 0, "an import cannot see it"
        wrong = {
            column for person, row in zip(people, rows, strict=True) for column in person.values
            if row[column] != person.values[column]
        }  # fmt: skip
        assert wrong == (set(MIXED_UP) if name == "broken_source" else {BROKEN})
        if name == "blank_column":
            assert {row[BROKEN] for row in rows} == {None}


def test_words_that_are_blank_are_blank_cells() -> None:
    people = [person for person in drawn(WORLDS["stationary"], 0) if person.values["reached_by"] == BLANK]
    file = delivery(WORLDS["stationary"], [Entry(person) for person in people], START, 0)
    assert {record["reached_by"] for record in file.records} == {""}
