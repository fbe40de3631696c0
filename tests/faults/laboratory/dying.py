"""Processes that kill themselves half way: `python -m tests.faults.laboratory.dying WHAT …`.

import FILE CAMPAIGN ROWS      an import, dead after that many rows
wish PROSPECT AGENT after-call | after-entry
                               a wish, dead once the call is written, or once the person is on the do-not-call list
sale PROSPECT AGENT            a sale, dead once the call is written
promote VERSION                a promotion, dead between the decision and MLflow's alias
event                          an event, dead right after it was written
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from core.calls import do_not_call, recording
from core.calls.claims import claim_person
from core.calls.lifecycle import Result
from core.calls.recording import CallReport
from core.files.campaign_file import CampaignFile
from core.imports.importer import ImportRequest, import_campaign
from core.models.registry import ModelRegistry
from core.models.succession import Succession
from core.schema import read_schema
from core.settings.addresses import MongoSettings, RegistrySettings, SchemaSettings
from core.settings.loading import load
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import connect


def die(*_arguments: Any, **_named: Any) -> Any:
    """kill -9 of this process."""
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)


class Settings(MongoSettings, SchemaSettings, RegistrySettings):
    """Where the appliance is."""


def main(what: str, *words: str) -> None:
    """Do it, and die."""
    settings = load(Settings)
    db = connect(settings)
    if what == "import":
        path, campaign, rows = Path(words[0]), words[1], int(words[2])
        request = ImportRequest(CampaignFile.open(path), campaign, by="laboratory")
        schema = read_schema(settings.callwise_schema)
        rejects = path.with_suffix(".rejects")
        import_campaign(db, schema, request, rejects=rejects, progress=lambda done: die() if done >= rows else None)
    elif what in ("wish", "sale"):
        prospect, agent = words[:2]
        held = claim_person(db, prospect, agent)
        if what == "sale" or words[2] == "after-call":
            recording.finish = die
        else:
            do_not_call.prospects_of = die
        result = Result.SOLD if what == "sale" else Result.DO_NOT_CALL
        recording.record(db, prospect, agent, CallReport(result, everywhere=True), call=int(held.get("calls") or 0) + 1)
    elif what == "promote":
        registry = ModelRegistry(settings)
        line = Succession(db, registry.name, registry, by="laboratory")
        registry.point = die  # type: ignore[method-assign]
        line.promote(words[0], why="in the laboratory")
    elif what == "event":
        event_log.append(db, who="laboratory", what=Event.SCRIPT_CHANGED, subject="of a dying process")
        die()


if __name__ == "__main__":
    main(*sys.argv[1:])
