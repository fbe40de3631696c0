"""Plays a history to a running appliance: calls its people in the order of the file, and records outcomes late.

The appliance does the rest on its own, at its own pace: it ranks, sees drift, trains, tries and decides. A call's score
is the one in the list when the call is made.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.calls import recording
from core.calls.contact_keys import ContactKeys
from core.calls.lifecycle import Result
from core.calls.recording import CallReport
from core.errors import Unavailable
from core.files.campaign_file import CampaignFile
from core.imports.importer import ImportRequest, import_campaign
from core.models.decisions import decisions, state_of
from core.models.metrics import quality
from core.schema import Schema
from core.stores.mongo import Db, reachable
from replay.play import STRIDE, Protocol

CAMPAIGN, AGENT = "replay", "replay"
PATIENCE_SECONDS, LOOK_SECONDS = 900.0, 1.0

Say = Callable[[str], None]


@dataclass
class Live:
    """An appliance to play to. `pace`: seconds to wait after 50 calls; `contact_keys` encrypt names and numbers."""

    db: Db
    schema: Schema
    model: str
    say: Say
    pace: float = 0.0
    contact_keys: ContactKeys | None = None

    def run(self, path: Path, protocol: Protocol) -> dict[str, float | int]:
        """Import, then call; returns the figures of the calls that had a score. Raises InputError, Unavailable.

        Ends early, with a line about it, when nobody is ranked for a quarter of an hour: the appliance has no champion.
        """
        file = CampaignFile.open(path)
        request = ImportRequest(file, CAMPAIGN, outcomes_until=protocol.known, contact_keys=self.contact_keys)
        report = import_campaign(self.db, self.schema, request, rejects=Path("replay-rejects.csv"))
        self.say(f"{report.inserted} rows imported, {report.outcomes} of them with an outcome")
        end = min(report.rows, protocol.until or report.rows)
        truth = self._truth(file)
        scores: dict[str, float] = {}
        news = ""
        for start in range(protocol.known, end, STRIDE):
            keys = [key for number in range(start + 1, min(start + STRIDE, end) + 1) if (key := _key(number)) in truth]
            ranked = self._scores(keys)
            if keys and not ranked:
                self.say(
                    f"after {start - protocol.known} calls nobody was ranked for a quarter of an hour; the replay ends"
                )
                break
            scores |= ranked
            late = start - protocol.delay
            for number in range(late + 1, late + STRIDE + 1):
                key = _key(number)
                if number > protocol.known and key in truth:
                    result = Result.SOLD if truth[key] else Result.REFUSED
                    recording.record(self.db, key, AGENT, CallReport(result))
            news = self._news(start - protocol.known, news)
            time.sleep(self.pace)
        scored = [key for key in scores if key in truth]
        if not scored:
            raise Unavailable(
                "Nobody was ranked.",
                kept=f"The campaign '{CAMPAIGN}' is in the appliance.",
                next="Check that the appliance has a champion (scripts/models), and play the history again.",
            )
        reached = quality([truth[key] for key in scored], [scores[key] for key in scored])
        return {
            "calls": reached.size,
            "auc": reached.auc,
            "top_half": reached.top_half_capture,
            "decisions": len(decisions(self.db, self.model)),
        }

    def _truth(self, file: CampaignFile) -> dict[str, bool]:
        truth: dict[str, bool] = {}
        with file.records() as records:
            for number, record in enumerate(records, 1):
                positive = self.schema.outcome.parse(record.get(self.schema.outcome.column))
                if positive is not None:
                    truth[_key(number)] = positive
        return truth

    def _scores(self, keys: list[str]) -> dict[str, float]:
        """The scores in the list; waits for prospects that are not ranked yet."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            with reachable():
                prospects = list(self.db.prospects.find({"_id": {"$in": keys}}, {"score": 1}))
            scores = {one["_id"]: float(one["score"]) for one in prospects if one["score"] is not None}
            if len(scores) == len(prospects) or time.monotonic() > until:
                return scores
            time.sleep(LOOK_SECONDS)

    def _news(self, calls: int, before: str) -> str:
        """Print the line-up and the open incidents if they have changed; returns them in words."""
        lineup = state_of(decisions(self.db, self.model))
        with reachable():
            incidents = list(self.db.incidents.find({"status": {"$ne": "resolved"}}))
        news = f"champion {lineup.champion or 'none'}, canary {lineup.canary or 'none'}" + "".join(
            f"; {one['cause']} {one['status']}" for one in incidents
        )
        if news != before:
            self.say(f"after {calls} calls: {news}")
        return news


def _key(number: int) -> str:
    return f"{CAMPAIGN}:{number:07d}"
