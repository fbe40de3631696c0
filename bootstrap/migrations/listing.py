"""All migrations, in their order. A new one gets the next number, and `core.stores.stored_version.NEWEST` follows."""

from __future__ import annotations

from bootstrap.migrations import (
    decimal_commas,
    imported_files,
    indicator_vintages,
    kept_predictions,
    number_hashes,
    sealed_contacts,
    unused_indexes,
    zones_of_people,
)
from bootstrap.migrations.migration import Migration

MIGRATIONS = (
    Migration(1, "values of indicators get their first vintage", indicator_vintages.run),
    Migration(2, "mappings say how numbers with a decimal comma are written", decimal_commas.run),
    Migration(3, "files that a campaign names get entries in the log of imports", imported_files.run),
    Migration(4, "people keep the prediction that ranked them", kept_predictions.run),
    Migration(5, "indexes that no question uses any more are dropped", unused_indexes.run),
    Migration(6, "names and numbers are encrypted", sealed_contacts.run),
    Migration(7, "people keep the time zones in which they may be", zones_of_people.run),
    Migration(8, "phone numbers get hashes, by which wishes find them", number_hashes.run),
)
