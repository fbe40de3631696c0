"""The champion of the appliance under test, trained on a small history, and further versions with its files."""

from __future__ import annotations

import csv
import random
from pathlib import Path

from bench import crowd
from core.files.campaign_file import CampaignFile
from core.imports.importer import ImportRequest, import_campaign
from core.models.registry import ModelRegistry
from core.models.succession import Succession
from core.settings.addresses import RegistrySettings
from core.settings.loading import load
from tests.faults.laboratory.site import Site

OUTCOMES = 1_600
GROWN_UP = 36
"""The age from which people buy more often in the history: a training has something to learn."""


def registry_of(site: Site) -> ModelRegistry:
    """The appliance's model registry."""
    return ModelRegistry(load(RegistrySettings, site.env(over_lines=False)))


def succession_of(site: Site) -> Succession:
    """Takes decisions on the appliance."""
    registry = registry_of(site)
    return Succession(site.database(), registry.name, registry, by="laboratory")


def make_champion(site: Site) -> str:
    """Import a history and train on it, in a process of its own; returns the champion's version."""
    _history(site, site.folder / "history.csv")
    process = site.child(["-P", "-m", "bench.growth.one_training", "whole"])
    said = process.communicate(timeout=300)[0]
    champion = succession_of(site).state().champion
    assert champion is not None, said
    return champion


def add_version(site: Site) -> str:
    """Register the champion's files as another version; returns it."""
    registry = registry_of(site)
    champion = registry.version(str(succession_of(site).state().champion))
    source = registry.client.get_model_version(registry.name, champion.version).source
    made = registry.client.create_model_version(
        registry.name, str(source), champion.run_id, tags=dict(champion.tags), model_id=champion.model_id
    )
    return str(made.version)


def _history(site: Site, path: Path) -> None:
    schema, chance = site.schema, random.Random(3)
    rows = [crowd.file_row(schema, f"h{number:06d}", chance) for number in range(OUTCOMES)]
    for row in rows:
        age = row["age"]
        # Of one day: a history in random order would last for centuries.
        row |= {"month": "may", "day_of_week": "mon"}
        buys = chance.random() < (0.6 if isinstance(age, int) and age > GROWN_UP else 0.1)
        row[schema.outcome.column] = schema.outcome.positive[0] if buys else schema.outcome.negative[0]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    request = ImportRequest(CampaignFile.open(path), "history", by="laboratory")
    import_campaign(site.database(), schema, request, rejects=path.with_suffix(".rejects"))
