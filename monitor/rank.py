"""Keeps the score of every open prospect that of the present models.

A prospect is current when it was ranked by the *lineup* in force: the champion and, while there is one, the canary
(which of the two scores a prospect is the scoring service's to decide). Those without a score come first, in every
campaign; then those of an earlier lineup, the top of the list first, because that is what agents see.

A request's id is a hash of what is asked and of the prediction it replaces. A run that was killed between the answer
and the write asks the same question again and finds the same log records; once written, the next question is another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol

from pymongo import DESCENDING, UpdateOne

from core.errors import InputError
from core.mongo import Db, Document, reachable
from core.schema import Value
from core.v2 import Score

BATCH = 500  # rows a request
ROUND = 50_000  # prospects a run and campaign looks at; the next run goes on
FIELDS = {"features": 1, "prediction": 1}


class Scorer(Protocol):
    """What scores are asked of; `core.scoring.ScoringClient` is the real one."""

    def score(
        self, rows: Sequence[Mapping[str, Value]], prospects: Sequence[str], *, request_id: str | None = None
    ) -> list[Score]:
        """The scores of n rows, in their order. Raises InputError, Unavailable."""
        ...


@dataclass(frozen=True)
class Lineup:
    """The model versions that score now."""

    champion: str
    canary: str | None = None

    def __str__(self) -> str:
        return f"{self.champion}+{self.canary}" if self.canary else self.champion

    def outdated(self) -> dict[str, Any]:
        """The query of prospects that another lineup ranked.

        Without a canary only the scores of other versions are out of date, so that the end of a canary leaves the
        champion's in place.
        """
        return (
            {"ranked_by": {"$nin": [None, str(self)]}}
            if self.canary
            else {"score_version": {"$nin": [None, self.champion]}}
        )


@dataclass
class Ranking:
    """What a run did: prospects ranked, those that came too late (closed meanwhile), rows that broke a rule."""

    lineup: Lineup
    ranked: int = 0
    closed: int = 0
    behind: str = ""
    refused: list[InputError] = field(default_factory=list)

    def __str__(self) -> str:
        text = f"{self.ranked} prospects ranked by version {self.lineup}"
        return f"{text}; the scoring service still answers with version {self.behind}" if self.behind else text


def rank(db: Db, scorer: Scorer, lineup: Lineup) -> Ranking:
    """Score every open prospect that `lineup` has not ranked.

    Raises Unavailable when a service does not answer (what was ranked by then stays), and InputError at the end when
    the scoring service refused rows (the others are ranked).
    """
    done = Ranking(lineup)
    with reachable():
        campaigns = sorted(campaign["_id"] for campaign in db.campaigns.find({}, {"_id": 1}))
    for campaign in campaigns:
        for keys in _batches(_open(db, campaign, {"score": None})):
            _rank(db, scorer, keys, done)
    for campaign in campaigns:
        stale = _open(db, campaign, lineup.outdated())
        # One row tells whether the service has taken up the lineup; asking for all of them would be for nothing.
        for keys in chain([stale[:1]], _batches(stale[1:])):
            if not done.behind:
                _rank(db, scorer, keys, done)
    if done.refused:
        first = done.refused[0]
        raise InputError(
            f"{first.what} (and {len(done.refused) - 1} more refused requests)" if done.refused[1:] else first.what,
            kept=f"All other prospects are ranked ({done.ranked} now); those of a refused request keep no score.",
            next="Compare the campaign with the schema the champion was trained on.",
        )
    return done


def request_id(lineup: Lineup, prospects: Sequence[Document]) -> str:
    """The natural key of asking `lineup` for these prospects: 32 hex digits of a sha256."""
    asked = [[p["_id"], p["features"], p.get("prediction")] for p in prospects]
    text = json.dumps(["rank", str(lineup), asked], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _open(db: Db, campaign: str, condition: Mapping[str, Any]) -> list[str]:
    """Keys of the open prospects under `condition`, the best first."""
    query = {"campaign": campaign, "status": "open", **condition}
    with reachable():
        found = db.prospects.find(query, {"_id": 1}).sort([("score", DESCENDING)]).limit(ROUND)
        return [prospect["_id"] for prospect in found]


def _batches(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]


def _rank(db: Db, scorer: Scorer, keys: Sequence[str], done: Ranking) -> None:
    with reachable():
        found = {p["_id"]: p for p in db.prospects.find({"_id": {"$in": list(keys)}, "status": "open"}, FIELDS)}
    prospects = [found[key] for key in keys if key in found]
    done.closed += len(keys) - len(prospects)
    if not prospects:
        return
    request = request_id(done.lineup, prospects)
    try:
        scores = scorer.score([p["features"] for p in prospects], [p["_id"] for p in prospects], request_id=request)
    except InputError as error:
        done.refused.append(error)
        return
    served = _served(db, scores, done.lineup)
    writes = [_write(p["_id"], score, served) for p, score in zip(prospects, scores, strict=True)]
    with reachable():
        written = db.prospects.bulk_write(writes, ordered=False).matched_count
    done.ranked += written
    done.closed += len(writes) - written
    if served != done.lineup:
        done.behind = str(served)


def _served(db: Db, scores: Sequence[Score], asked: Lineup) -> Lineup:
    """The lineup that gave these scores, by the log: a canary shows there even where the champion's score is used.

    A record still in the service's spool cannot be read yet; then the lineup asked for is believed if it can be true.
    """
    with reachable():
        record = db.predictions.find_one({"_id": scores[0].prediction})
    if record is None:
        strangers = {score.version for score in scores} - {asked.champion, asked.canary}
        return Lineup(min(strangers)) if strangers else asked
    version: str = record["version"]
    shadow: str | None = record.get("shadow_version")
    return Lineup(shadow, version) if shadow and record["route"] == "canary" else Lineup(version, shadow)


def _write(prospect: str, score: Score, served: Lineup) -> UpdateOne:
    ranked = {
        "score": score.score,
        "score_version": score.version,
        "score_route": score.route,
        "prediction": score.prediction,
        "ranked_by": str(served),
    }
    return UpdateOne({"_id": prospect, "status": "open"}, {"$set": ranked})
