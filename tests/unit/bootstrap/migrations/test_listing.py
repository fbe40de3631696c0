"""The list of migrations and the version that services know belong together."""

from __future__ import annotations

from bootstrap.migrations.listing import MIGRATIONS
from core.stores import stored_version


def test_migrations_are_numbered_from_one_without_a_gap_and_the_services_know_the_newest() -> None:
    assert [migration.number for migration in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    assert MIGRATIONS[-1].number == stored_version.NEWEST


def test_each_says_what_it_does_in_a_sentence_of_its_own() -> None:
    assert len({migration.sentence for migration in MIGRATIONS}) == len(MIGRATIONS)
