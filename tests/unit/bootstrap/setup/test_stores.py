"""A store that was lost is told from one that is new, whichever it is, and however often the set-up was killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bootstrap.setup.stores import LOSSES, UNSURE, InFile, lost, sentence

NAMES = ("s3", "mlflow", "registry", "mongo")


class Kept:
    """A store that keeps the word in memory; it dies before the write number `dies`, counted over all stores."""

    writes = 0
    dies: int | None = None

    def __init__(self) -> None:
        self.word = ""

    def read(self) -> str:
        return self.word

    def write(self, word: str) -> None:
        if Kept.writes == Kept.dies:
            raise KeyboardInterrupt
        Kept.writes += 1
        self.word = word


@pytest.fixture
def stores() -> dict[str, Kept]:
    Kept.writes, Kept.dies = 0, None
    return {name: Kept() for name in NAMES}


def test_a_new_appliance_has_lost_nothing_and_its_stores_know_each_other(stores: dict[str, Kept]) -> None:
    assert lost(stores) == []
    assert len({store.word for store in stores.values()}) == 1
    word = stores["mongo"].word
    assert lost(stores) == []
    assert stores["mongo"].word == word


@pytest.mark.parametrize("dies", range(2 * len(NAMES)))
def test_a_first_set_up_that_was_killed_is_no_loss(stores: dict[str, Kept], dies: int) -> None:
    Kept.dies = dies
    with pytest.raises(KeyboardInterrupt):
        lost(stores)
    Kept.dies = None
    assert lost(stores) == []
    assert lost(stores) == []
    assert len({store.word for store in stores.values()}) == 1
    assert not stores["s3"].word.endswith(UNSURE)


@pytest.mark.parametrize("name", NAMES)
def test_each_store_alone_is_missed_at_each_start_until_a_person_goes_on_without(
    stores: dict[str, Kept], name: str
) -> None:
    lost(stores)
    stores[name].word = ""
    assert lost(stores) == [name]
    assert lost(stores) == [name]
    assert lost(stores, accept=True) == []
    assert lost(stores) == []


def test_a_store_that_is_restored_is_missed_no_more(stores: dict[str, Kept]) -> None:
    lost(stores)
    word = stores["mlflow"].word
    stores["mlflow"].word = ""
    assert lost(stores) == ["mlflow"]
    stores["mlflow"].word = word
    assert lost(stores) == []


def test_a_store_of_another_appliance_is_not_this_ones(stores: dict[str, Kept]) -> None:
    lost(stores)
    stores["s3"].word = "of another"
    assert lost(stores) == ["s3"]


def test_the_file_is_in_the_volume_of_the_data_registry(tmp_path: Path) -> None:
    mark = InFile(tmp_path / "datasets.identity")
    assert mark.read() == ""
    mark.write("word")
    assert mark.read() == "word"
    assert [path.name for path in tmp_path.iterdir()] == ["datasets.identity"]


@pytest.mark.parametrize("name", NAMES)
def test_each_loss_is_told_with_what_is_gone_and_the_way_out(name: str) -> None:
    what, then = sentence(name).split(" -> ")
    assert f"callwise_{name}" in what
    assert LOSSES[name] in what
    assert "restore" in then
