"""A running embedded appliance for those who sit at its screens: the sample campaign loaded, trained and ranked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bootstrap.check.journey import SAMPLE, SAMPLE_CAMPAIGN, Journey, Settings
from bootstrap.demo.child_commands import child_command
from core.accounts.account import Role
from core.accounts.directory import add
from core.lists import call_values
from core.models.registry import ModelRegistry
from core.schema import Schema
from core.schema.person import Pseudonyms
from core.settings.loading import load
from core.stores.mongo import Document
from core.stores.object_store import ObjectStore
from tests.e2e.trainer.erasure import everywhere
from tests.loop import live
from tests.loop.live import Live
from tests.people import PASSWORD
from trainer.privacy.row_fingerprints import RowFingerprints

SETTINGS = {
    "CALLWISE_RANK_SECONDS": "0.5",
    "CALLWISE_TRIAL_SECONDS": "1",
    "CALLWISE_RETRAIN_SECONDS": "2",
    "CALLWISE_RELOAD_SECONDS": "1",
    "CALLWISE_SEARCH_TRIALS": "2",
    "CALLWISE_EVERY_VERSION_ON_TRIAL": "true",
    # Drift asks for trainings of its own; here it is looked at by hand, once the stories are told.
    "CALLWISE_REVIEW_SECONDS": "86400",
}
STAFF = {"Ann Lee": Role.AGENT, "Mia Berger": Role.MANAGER, "Eva Stein": Role.ENGINEER}


@contextmanager
def running(folder: Path, schema: Schema) -> Iterator[Live]:
    """The appliance in `folder`, with a ranked campaign and three people who may sign in; ended afterwards."""
    with live.running(folder, schema, SETTINGS) as found:
        with child_command(found.appliance, "bootstrap.check.journey") as journey:
            for line in journey:
                found.say(line)
        assert journey.status == 0, "the sample could not be loaded, trained and ranked"
        for shown, role in STAFF.items():
            add(found.db, login(shown), shown, role, by="tests", password=PASSWORD, must_change=False)
        yield found


def login(shown: str) -> str:
    """The login name of somebody of `STAFF`."""
    return shown.lower().replace(" ", ".")


def page(found: Live) -> str:
    """The address of the app."""
    return found.appliance.pages()["Call list"]


def calls(found: Live, number: int) -> None:
    """Other agents call `number` people of the sample, the best first, and hear what its file says."""
    settings = load(Settings, found.appliance.environment("tests"))
    called, sold = Journey(settings, found.say).call(SAMPLE, SAMPLE_CAMPAIGN, number, agent="Tom Ray")
    assert called == number
    found.say(f"{called} calls by others, {sold} sold")


class Search:
    """Looks for a person in all that the appliance keeps; `prospect` is their document, as it was."""

    def __init__(self, found: Live, prospect: Document) -> None:
        settings = load(Settings, found.appliance.environment("tests"))
        models, key = ModelRegistry(settings), settings.erasure_key
        assert key is not None
        trained = models.client.get_experiment_by_name("continuous-training")
        assert trained is not None
        self._house: Any = SimpleNamespace(
            db=found.db,
            store=ObjectStore(settings, settings.s3_bucket_datasets),
            artifacts=ObjectStore(settings, settings.s3_bucket_models),
            experiment=trained.experiment_id,
            settings=SimpleNamespace(
                callwise_data_registry=Path(found.appliance.env["CALLWISE_DATA_REGISTRY"]),
            ),
            spool_file=Path(found.appliance.env["CALLWISE_SPOOL_DIR"]),
            trainer=SimpleNamespace(models=models),
        )
        # Their key, and the bare reference as a value of its own, wherever it stands.
        self._words = (str(prospect["_id"]), f"'{prospect['ref']}'")
        self._traces = RowFingerprints(Pseudonyms(key), found.schema)
        # A row that is learnt from has the values of the call.
        calls = found.db.outcomes.find({"prospect": prospect["_id"]})
        learnt = [call_values.call_made(found.schema, prospect, call) for call in calls]
        self._known = self._traces.of_all([prospect["features"], *learnt])

    def places(self) -> list[str]:
        """Where the person's key or reference stands."""
        return [place for place, text in everywhere.texts(self._house) if any(word in text for word in self._words)]

    def rows(self) -> list[str]:
        """The datasets, and the files beside models, in which a row of theirs lies, with or without their key."""
        return everywhere.rows(self._house, self._traces, self._known)
