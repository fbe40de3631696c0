"""The words for what ranked a person (`core.calls.rank_key`): a list with these words is current, all others are not.

A word is a hash of the models that score a person, of the day and the list, of the schema, and of the economy where a
file left the indicators out. It differs by route. So the start of a trial ranks nobody again, and its end only those
whom the canary had scored. A level moves, and a canary's share grows, between two lists.

Those who cannot be ranked have words of their own: a row that breaks a rule waits for another schema, and a row without
indicators for another economy.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from core.calls.rank_key import to_be_ranked
from core.models.decisions import CANARY, CHAMPION
from monitor.ranking.lineup import Lineup

REFUSED, WAITING, FAILED = "refused", "waiting", "failed"


@dataclass(frozen=True)
class RankKeys:
    """The words of a run of the ranking, for one line-up and moment.

    `trial`: the canary and its share as the list began with them. `schema`, `economy`: hashes.
    """

    lineup: Lineup
    day: str | None
    schema: str
    economy: str
    trial: str
    _known: dict[tuple[str, str, bool], str] = field(default_factory=dict, compare=False, repr=False)

    def ranked(self, campaign: str, route: str, *, in_economy: bool) -> str:
        """The word of a person of `campaign` whom the model of `route` ranked."""
        asked = (campaign, route, in_economy)
        if asked not in self._known:  # one word for many people
            economy = self.economy if in_economy else ""
            parts = (self.lineup.speakers(route), self.day, self.trial, self.schema, economy)
            self._known[asked] = _word(campaign, *parts)
        return self._known[asked]

    def refused(self, campaign: str) -> str:
        """The word of those whose rows break a rule of the schema."""
        return _word(campaign, REFUSED, self.schema)

    def waiting(self, campaign: str) -> str:
        """The word of those who need an indicator that the economy lacks."""
        return _word(campaign, WAITING, self.schema, self.economy)

    def failed(self, campaign: str, before: str) -> str:
        """The word of those whose request was refused as a whole; with the word `before`, so each run tries all."""
        words = [_word(campaign, FAILED, turn) for turn in "01"]
        return words[before == words[0]]

    def current(self, campaign: str) -> set[str]:
        """The words of those in `campaign` whom this run need not rank."""
        ranked = {
            self.ranked(campaign, route, in_economy=in_economy)
            for route in (CHAMPION, CANARY)
            for in_economy in (False, True)
        }
        return {*ranked, self.refused(campaign), self.waiting(campaign)}


def _word(campaign: str, *parts: str | None) -> str:
    text = json.dumps(parts, ensure_ascii=False)
    return to_be_ranked(campaign) + hashlib.sha256(text.encode()).hexdigest()[:16]
