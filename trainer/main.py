"""The composition root: settings become adapters, adapters become a trainer."""

from __future__ import annotations

from core.kinds.chosen import KindSettings, choose
from core.models.registry import ModelRegistry
from core.models.signature import Signer
from core.models.succession import Succession
from core.settings.addresses import DatasetSettings, RegistrySettings, S3Settings
from core.settings.loading import load
from core.settings.loop import SigningSettings, TrainerSettings
from core.stores import stored_version
from core.stores.data_registry import DataRegistry
from trainer.pipeline.training import Trainer


class Settings(KindSettings, S3Settings, RegistrySettings, DatasetSettings, TrainerSettings, SigningSettings):
    """Everything that training reads from the environment."""


def compose(settings: Settings | None = None, kind: str | None = None, *, retired: bool = False) -> Trainer:
    """The trainer of a kind in this environment, by default of the shipped one. `retired`: also of one of those.

    The lock is the appliance's: one training runs at a time, of whatever kind, and none during an erasure. Raises
    SettingsError, SchemaError, NotFound; Conflict if a newer release has migrated the data; Unavailable.
    """
    settings = settings or load(Settings)
    registry = settings.callwise_data_registry
    chosen = choose(settings, kind, retired=retired)
    stored_version.refuse_newer(chosen.home)
    db, own, models = chosen.db, chosen.settings, ModelRegistry(chosen.settings)
    return Trainer(
        db=db,
        schema=chosen.schema,
        data=DataRegistry(own.callwise_data_registry, own),
        models=models,
        succession=Succession(db, models.name, models, by="trainer"),
        settings=own,
        signer=Signer(own.signing_keys[0]),
        experiment=own.callwise_experiment,
        lock=registry.with_name(registry.name + ".training.lock"),
    )
