"""The open prospects of a campaign by the words of what ranked them: read by word, and written with other words.

The document `ranked:{campaign}` of `appliance` has the words that its people may have: before one of them has a word,
and until nobody has it any more. So a process that dies loses nobody out of sight. People with a word that it does not
have, or with none, come from an earlier release, or from two monitors at once. Once a day they are counted, and where
there are any, they are looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pymongo import ASCENDING, UpdateOne

from core.calls import campaigns
from core.calls.rank_key import RANK_KEY, rank_again, to_be_ranked
from core.lists import call_values
from core.scoring.kept_predictions import KEPT_PREDICTIONS
from core.stores.mongo import Db, Document, count, reachable

KEY = "ranked:"
AT_ONCE = 500
FIELDS = {
    **call_values.FIELDS,
    **dict.fromkeys(("prediction", "economy", "campaign", "digest", "refused", RANK_KEY, KEPT_PREDICTIONS), 1),
}


@dataclass
class OpenList:
    """The open prospects of `campaign`, whose people have these `words`, beside that of those to be ranked.

    `in_economy`: its file left indicators out. `checked`: the day on which `find_the_lost` last looked.
    """

    db: Db
    campaign: str
    words: list[str]
    in_economy: bool = False
    checked: str = ""

    @property
    def to_be_ranked(self) -> str:
        """The word of those who are to be ranked."""
        return to_be_ranked(self.campaign)

    def people(self, word: str, many: int) -> list[Document]:
        """Up to `many` open people with this `word`, by key; the same ones until they have another. Raises Unavailable.

        A word that nobody has any more is forgotten.
        """
        with reachable():
            found = list(self.db.prospects.find({RANK_KEY: word, "status": "open"}, FIELDS).limit(many))
        if not found and word in self.words:
            self._know([known for known in self.words if known != word])
        return sorted(found, key=lambda prospect: str(prospect["_id"]))

    def put(self, changes: Sequence[tuple[Document, Document]]) -> int:
        """Set the fields of these people, their word among them; returns of how many. Raises Unavailable.

        Somebody who was called meanwhile, or whose values a file changed, keeps the word for that, and comes again.
        """
        if new := {str(fields[RANK_KEY]) for _, fields in changes} - {*self.words, self.to_be_ranked}:
            self._know([*self.words, *sorted(new)])
        writes = []
        for seen, fields in changes:
            unchanged = {"_id": seen["_id"], "status": "open", "calls": seen.get("calls"), "digest": seen.get("digest")}
            writes.append(UpdateOne(unchanged, {"$set": fields}))
        with reachable():
            return int(self.db.prospects.bulk_write(writes, ordered=False).matched_count) if writes else 0

    def find_the_lost(self, day: str) -> int:
        """Have everybody ranked whose word is not known; returns how many. Once on a `day`. Raises Unavailable."""
        if self.checked == day:
            return 0
        words, lost, unknown = [*self.words, self.to_be_ranked], 0, []
        listed = {"campaign": self.campaign, "status": "open"}
        with reachable():
            if sum(count(self.db.prospects, {RANK_KEY: word, "status": "open"}) for word in words) != count(
                self.db.prospects, listed
            ):
                found = self.db.prospects.find(listed, {RANK_KEY: 1})
                unknown = [person["_id"] for person in found if person.get(RANK_KEY) not in words]
            for start in range(0, len(unknown), AT_ONCE):
                theirs = {"_id": {"$in": unknown[start : start + AT_ONCE]}, "status": "open"}
                lost += self.db.prospects.update_many(theirs, {"$set": rank_again(self.campaign)}).matched_count
            self.db.appliance.update_one({"_id": f"{KEY}{self.campaign}"}, {"$set": {"checked": day}}, upsert=True)
        self.checked = day
        return lost

    def _know(self, words: list[str]) -> None:
        with reachable():
            self.db.appliance.update_one({"_id": f"{KEY}{self.campaign}"}, {"$set": {"words": words}}, upsert=True)
        self.words = words


def open_lists(db: Db) -> list[OpenList]:
    """The lists of the campaigns that are called, in the order of their arrival. Raises Unavailable."""
    lists = []
    with reachable():
        known = {one["_id"]: one for one in db.appliance.find({"_id": {"$gte": KEY, "$lt": KEY[:-1] + ";"}})}
        wanted = {"_id": 1, "economy": 1, "state": 1}
        for found in list(db.campaigns.find({}, wanted).sort([("created_at", ASCENDING)])):
            if campaigns.state_of(found) is not campaigns.State.OPEN:
                continue
            campaign = str(found["_id"])
            own = known.get(f"{KEY}{campaign}", {})
            words, checked = list(own.get("words", [])), str(own.get("checked", ""))
            lists.append(OpenList(db, campaign, words, bool(found.get("economy")), checked))
    return lists
