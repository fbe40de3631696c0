"""The composition root: settings become adapters, adapters become a trainer."""

from __future__ import annotations

from core.models.registry import ModelRegistry
from core.models.succession import Succession
from core.schema import read_schema
from core.settings.addresses import DatasetSettings, MongoSettings, RegistrySettings, S3Settings, SchemaSettings
from core.settings.loading import load
from core.settings.loop import TrainerSettings
from core.stores.data_registry import DataRegistry
from core.stores.mongo import connect
from trainer.pipeline.training import Trainer


class Settings(MongoSettings, S3Settings, RegistrySettings, SchemaSettings, DatasetSettings, TrainerSettings):
    """Everything that training reads from the environment."""


def compose(settings: Settings | None = None) -> Trainer:
    """The trainer of this environment. Raises SettingsError, SchemaError."""
    settings = settings or load(Settings)
    registry = settings.callwise_data_registry
    db, models = connect(settings), ModelRegistry(settings)
    return Trainer(
        db=db,
        schema=read_schema(settings.callwise_schema),
        data=DataRegistry(registry, settings),
        models=models,
        succession=Succession(db, models.name, models, by="trainer"),
        settings=settings,
        experiment=settings.callwise_experiment,
        lock=registry.with_name(registry.name + ".training.lock"),
    )
