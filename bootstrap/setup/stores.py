"""Tells a store that was lost from one that is new.

A volume that is gone comes back empty, and the set-up fills it like that of a new appliance. Nothing fails at once, and
what fails later does not name the cause. So the first set-up leaves the same random word in each store. From then on a
store without it, beside others with it, was lost or put back empty: the set-up says so at each start, and notes it for
the monitor, until the store is restored or a person goes on without it:

    python -m bootstrap.setup.stores accept

The word is written twice, first with a question mark. While no store has it without, the first set-up was interrupted.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bootstrap.setup.kinds import KindSettings
from core.clock import now
from core.errors import NotFound, exit_status
from core.kinds import registry
from core.kinds.kind import settings_of
from core.models.decisions import decisions
from core.models.registry import ModelRegistry
from core.models.registry import reachable as mlflow_reachable
from core.models.succession import Succession
from core.schema import read_schema
from core.settings.addresses import MongoSettings, SchemaSettings
from core.settings.loading import load
from core.stores.mongo import Db, connect, reachable
from core.stores.object_store import ObjectStore

IDENTITY, LOST = "identity", "lost"
UNSURE = "?"

LOSSES = {
    "mongo": "campaigns, people, calls, outcomes and accounts are gone",
    "s3": "datasets and the models' files are gone; scoring goes on with the models in memory until it starts again",
    "mlflow": "the registered models are gone; the lists keep their last ranking, and no training can be compared",
    "registry": "the datasets' history is gone; the next training begins a new one",
}


MODELS = {"s3", "mlflow"}
"""Stores without which no model can be loaded."""


class Settings(MongoSettings, SchemaSettings, KindSettings):
    """The settings of the command."""


class Marked(Protocol):
    """A store that keeps the word."""

    def read(self) -> str:
        """The word, or "". Raises Unavailable."""
        ...

    def write(self, word: str) -> None:
        """Keep `word`; safe to repeat. Raises Unavailable."""
        ...


@dataclass(frozen=True)
class InMongo:
    """The word among the facts of the appliance."""

    db: Db

    def read(self) -> str:
        """As `Marked`."""
        with reachable():
            found = self.db.appliance.find_one({"_id": IDENTITY})
        return str(found["word"]) if found else ""

    def write(self, word: str) -> None:
        """As `Marked`."""
        with reachable():
            self.db.appliance.replace_one({"_id": IDENTITY}, {"_id": IDENTITY, "word": word}, upsert=True)


@dataclass(frozen=True)
class InObjects:
    """The word as an object in the bucket of datasets."""

    objects: ObjectStore

    def read(self) -> str:
        """As `Marked`."""
        try:
            return self.objects.get(IDENTITY).decode()
        except NotFound:
            return ""

    def write(self, word: str) -> None:
        """As `Marked`."""
        self.objects.put(IDENTITY, word.encode(), "text/plain")


@dataclass(frozen=True)
class InRegistry:
    """The word as a tag of the registered model."""

    registry: ModelRegistry

    def read(self) -> str:
        """As `Marked`."""
        try:
            with mlflow_reachable("the registered model"):
                model = self.registry.client.get_registered_model(self.registry.name)
        except NotFound:
            return ""
        return str(model.tags.get(IDENTITY, ""))

    def write(self, word: str) -> None:
        """As `Marked`."""
        with mlflow_reachable("the registered model"):
            self.registry.client.set_registered_model_tag(self.registry.name, IDENTITY, word)


@dataclass(frozen=True)
class InFile:
    """The word in a file beside the data registry, in its volume."""

    path: Path

    def read(self) -> str:
        """As `Marked`."""
        return self.path.read_text(encoding="utf-8") if self.path.is_file() else ""

    def write(self, word: str) -> None:
        """As `Marked`."""
        part = self.path.with_name(f"{self.path.name}.part")
        part.write_text(word, encoding="utf-8")
        part.replace(self.path)


def marks(db: Db, settings: KindSettings) -> dict[str, Marked]:
    """The stores by the name of their volume."""
    datasets = settings.callwise_data_registry
    return {
        "s3": InObjects(ObjectStore(settings, settings.s3_bucket_datasets)),
        "mlflow": InRegistry(ModelRegistry(settings)),
        "registry": InFile(datasets.with_name(f"{datasets.name}.{IDENTITY}")),
        "mongo": InMongo(db),
    }


def lost(stores: Mapping[str, Marked], *, accept: bool = False) -> list[str]:
    """The names of the stores that were lost, after marking new ones. `accept`: mark the lost ones too.

    Where stores disagree, the word that most have is the appliance's. Raises Unavailable.
    """
    found = {name: store.read() for name, store in stores.items()}
    sure = [word for word in found.values() if word and not word.endswith(UNSURE)]
    if not sure:  # a new appliance, or one whose first set-up was interrupted
        word = next((word.removesuffix(UNSURE) for word in found.values() if word), uuid.uuid4().hex)
        for ending in (UNSURE, ""):
            for store in stores.values():
                store.write(word + ending)
        return []
    word = max(sorted(set(sure)), key=sure.count)
    missing = [name for name, has in found.items() if has.removesuffix(UNSURE) != word]
    for name, has in found.items():
        if has != word and (accept or name not in missing):
            stores[name].write(word)
    return [] if accept else missing


def look(db: Db, settings: KindSettings) -> str:
    """Note the lost stores for the monitor, and print a line for each; returns the result in words.

    Raises Unavailable.
    """
    names = lost(marks(db, settings))
    with reachable():
        if names:
            db.appliance.replace_one({"_id": LOST}, {"_id": LOST, "stores": names, "at": now()}, upsert=True)
        else:
            db.appliance.delete_one({"_id": LOST})
    for name in names:
        print(f"setup: LOST: {sentence(name)}", flush=True)
    return f"lost: {', '.join(names)}" if names else "all are this appliance's"


def go_on_without(db: Db, settings: Settings) -> None:
    """Take the lost stores as they are. Raises NotFound, SchemaError, Unavailable.

    Where models are lost, each kind begins with a first training again, and its versions count on: a number that
    predictions and decisions name never means another model. Marked last, so a process that is killed is repeated.
    """
    stores = marks(db, settings)
    gone = set(lost(stores)) & MODELS
    if gone:
        why = f"its files were lost with the volume callwise_{' and callwise_'.join(sorted(gone))}"
        for kind in registry.kinds(db, read_schema(settings.callwise_schema)):
            own, home = settings_of(settings, kind), kind.database(db)
            model = own.callwise_model_name
            taken = decisions(home, model)
            if taken and "mlflow" in gone:
                highest = max(int(decision.version) for decision in taken)
                ModelRegistry(own).skip_to(highest, own.callwise_experiment)
            Succession(home, model, None, by="set-up").begin_again(why=why)
    lost(stores, accept=True)


def sentence(name: str) -> str:
    """What is lost with the store `name`, and the two ways out."""
    return (
        f"the volume callwise_{name} is not this appliance's, or was emptied: {LOSSES[name]}"
        " -> restore it from a backup; to go on without: docs/operations.md, A volume is lost"
    )


@exit_status
def main(arguments: list[str]) -> int:
    """The command line; an exit status."""
    if arguments not in ([], ["accept"]):
        print("usage: python -m bootstrap.setup.stores [accept]", file=sys.stderr)
        return 2
    settings = load(Settings)
    db = connect(settings)
    if arguments:
        go_on_without(db, settings)
    print(f"stores: {look(db, settings)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
