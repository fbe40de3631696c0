"""Each write that people rely on asks the server to acknowledge it from its journal: seen on the wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.calls.claims import claim, release
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.calls.undo import undo
from core.do_not_call import do_not_call_list
from core.files.campaign_file import CampaignFile
from core.imports.importer import ImportRequest, import_campaign
from core.models.succession import Succession
from core.schema import Schema
from core.stores import event_log as events
from core.stores.events import Event
from core.stores.mongo import Db
from serving.prediction_log.store import MongoStore
from tests.questions import listened_to
from tests.scoring.fakes import prediction

WRITES = ("insert", "update", "delete", "findAndModify")


def test_every_write_waits_for_the_journal(db: Db, schema: Schema, person: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "spring.csv"
    row = ",".join(str(person[name]) for name in schema.feature_names)
    file.write_text("\n".join([",".join(schema.feature_names), *[row] * 3]) + "\n")
    with listened_to(db) as (heard, questions):
        import_campaign(
            heard, schema, ImportRequest(CampaignFile.open(file), "spring"), rejects=tmp_path / "rejects.csv"
        )
        for result in (Result.SOLD, Result.CALLBACK, Result.DO_NOT_CALL):
            held = claim(heard, "spring", "ann")
            assert held is not None
            again = datetime.now(UTC) + timedelta(hours=1)
            made = record(heard, held["_id"], "ann", CallReport(result, again=again, everywhere=True))
            undo(heard, made["_id"], "ann")
            release(heard, held["_id"], "ann")
        do_not_call_list.add_people(heard, ["7"], by="mia", why="asked by letter")
        events.append(heard, who="mia", what=Event.SCRIPT_CHANGED, subject="spring")
        Succession(heard, "prospect-scorer", None, by="mia").promote("1", why="the first")
        MongoStore(heard).put([prediction().document()])
    written = [(where, command) for name, where, command in questions.asked if name in WRITES]
    touched = {where for where, _ in written}
    assert touched >= {"prospects", "calls", "outcomes", "do_not_call", "events", "models", "predictions"}
    assert [where for where, command in written if command.get("writeConcern", {}).get("j") is not True] == []
