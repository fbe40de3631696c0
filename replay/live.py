"""Plays a history to a running appliance: its people are called in the order of the file, outcomes come in late.

The appliance does the rest by itself: it ranks, sees drift, trains, tries and decides, at its own pace. A call's score
is the one in the list when the call is made.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.calls import recording
from core.calls.lifecycle import Result
from core.calls.recording import CallReport
from core.errors import Unavailable
from core.imports.campaign_file import CampaignFile
from core.imports.importer import ImportRequest, import_campaign
from core.models.decisions import decisions, state
from core.models.metrics import quality
from core.schema import Schema
from core.stores.mongo import Db, reachable
from replay.play import STRIDE, Protocol

CAMPAIGN, AGENT = "replay", "replay"
PATIENCE_SECONDS, LOOK_SECONDS = 900.0, 1.0

Say = Callable[[str], None]


@dataclass
class Live:
    """One appliance and what is played to it. `pace`: seconds to wait after every 50 calls."""

    db: Db
    schema: Schema
    model: str
    say: Say
    pace: float = 0.0

    def run(self, path: Path, protocol: Protocol) -> dict[str, float | int]:
        """Import, then call; the figures of the calls that had a score. Raises InputError, Unavailable.

        Ends early, saying so, when nobody is ranked for a quarter of an hour: an appliance without a champion.
        """
        file = CampaignFile.open(path)
        request = ImportRequest(file, CAMPAIGN, outcomes_until=protocol.known)
        report = import_campaign(self.db, self.schema, request, rejects=Path("replay-rejects.csv"))
        self.say(f"{report.inserted} rows imported, {report.outcomes} of them with an outcome")
        end = min(report.rows, protocol.until or report.rows)
        truth = self._truth(file)
        given: dict[str, float] = {}
        seen = ""
        for start in range(protocol.known, end, STRIDE):
            keys = [key for number in range(start + 1, min(start + STRIDE, end) + 1) if (key := _key(number)) in truth]
            found = self._scores(keys)
            if keys and not found:
                self.say(
                    f"after {start - protocol.known} calls nobody was ranked for a quarter of an hour; it ends here"
                )
                break
            given |= found
            late = range(start - protocol.delay + 1, start - protocol.delay + STRIDE + 1)
            for number in late:
                key = _key(number)
                if number > protocol.known and key in truth:
                    result = Result.SOLD if truth[key] else Result.REFUSED
                    recording.record(self.db, key, AGENT, CallReport(result))
            seen = self._news(start - protocol.known, seen)
            time.sleep(self.pace)
        scored = [key for key in given if key in truth]
        if not scored:
            raise Unavailable(
                "Nobody was ranked.",
                kept=f"The campaign '{CAMPAIGN}' is in the appliance.",
                next="See that the appliance has a champion (scripts/models), and play the history again.",
            )
        reached = quality([truth[key] for key in scored], [given[key] for key in scored])
        taken = decisions(self.db, self.model)
        return {
            "calls": reached.size,
            "auc": reached.auc,
            "top_half": reached.top_half_capture,
            "decisions": len(taken),
        }

    def _truth(self, file: CampaignFile) -> dict[str, bool]:
        found: dict[str, bool] = {}
        with file.records() as records:
            for number, record in enumerate(records, 1):
                positive = self.schema.outcome.parse(record.get(self.schema.outcome.column))
                if positive is not None:
                    found[_key(number)] = positive
        return found

    def _scores(self, keys: list[str]) -> dict[str, float]:
        """The scores in the list; waits for those who are not ranked yet."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            with reachable():
                found = list(self.db.prospects.find({"_id": {"$in": keys}}, {"score": 1}))
            scores = {one["_id"]: float(one["score"]) for one in found if one["score"] is not None}
            if len(scores) == len(found) or time.monotonic() > until:
                return scores
            time.sleep(LOOK_SECONDS)

    def _news(self, calls: int, seen: str) -> str:
        """Say who is what and which incidents are open, if that is news."""
        lineup = state(decisions(self.db, self.model))
        with reachable():
            going = list(self.db.incidents.find({"status": {"$ne": "resolved"}}))
        told = f"champion {lineup.champion or 'none'}, canary {lineup.canary or 'none'}" + "".join(
            f"; {one['cause']} {one['status']}" for one in going
        )
        if told != seen:
            self.say(f"after {calls} calls: {told}")
        return told


def _key(number: int) -> str:
    return f"{CAMPAIGN}:{number:07d}"
