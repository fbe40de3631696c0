"""A campaign that a team has called for a year, in bulk: people, their predictions, calls and outcomes.

Half of the people were called, each once. Everybody was scored `SCORED` times in the year, in requests of 50, and is on
the list as the monitor ranks it now: it finds nobody to rank again. The documents are made by the code that makes them
in service (`core.calls.recording`, `core.scoring.packed`), and inserted many at a time.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from bench import crowd
from bench.growth.appliance import AT_ONCE
from core.calls.lifecycle import STANDARD, Result
from core.calls.rank_key import OFF_THE_LIST, RANK_KEY
from core.calls.recording import CallReport, new_call
from core.clock import now
from core.models.decisions import CHAMPION
from core.models.level import DECIMALS
from core.schema import Schema
from core.schema.as_of import day_of_call
from core.schema.economy import figures_at
from core.scoring.kept_predictions import KEPT, KEPT_PREDICTIONS
from core.scoring.packed import ROWS, pack
from core.scoring.prediction import Prediction
from core.stores.mongo import Db, Document
from monitor.ranking.keys import RankKeys
from monitor.ranking.lineup import Lineup
from monitor.ranking.open_list import KEY

SCORED, YEAR = 10, timedelta(days=360)
PEOPLE_A_CALL, SALES = 2, 0.12
COPIED = ("_id", "prospect", "campaign", "call", "earlier", "result", "agent", "at")


def fill(db: Db, schema: Schema, campaign: str, people: int, agents: Sequence[str], lineup: Lineup) -> None:
    """Put the campaign with `people` into `db`, called by `agents`, the open ones ranked by `lineup`. Once."""
    at = now()
    keys = RankKeys(lineup, day_of_call(schema, at), schema.hash, figures_at(db, schema, at).hash, lineup.trial)
    word = keys.ranked(campaign, CHAMPION, in_economy=False)
    db.campaigns.insert_one({"_id": campaign, "created_at": at, "title": campaign, "schema": schema.hash})
    told = {"words": [word], "checked": f"{at:%Y-%m-%d}"}
    db.appliance.update_one({"_id": f"{KEY}{campaign}"}, {"$set": told}, upsert=True)
    made = _chunks(schema, campaign, people, agents, word, lineup.champion, at)
    while some := list(islice(made, AT_ONCE // ROWS)):
        for name in ("predictions", "calls", "outcomes", "prospects"):
            if documents := [document for chunk in some for document in chunk[name]]:
                db[name].insert_many(documents, ordered=False)


def close(db: Db, campaign: str) -> None:
    """Nobody calls the campaign any more, and nobody ranks it."""
    db.campaigns.update_one({"_id": campaign}, {"$set": {"state": {"is": "closed", "by": "bench", "at": now()}}})


def _chunks(
    schema: Schema, campaign: str, people: int, agents: Sequence[str], word: str, version: str, at: datetime
) -> Iterator[dict[str, list[Document]]]:
    """The documents of fifty people at a time, by collection."""
    chance = random.Random(campaign)  # noqa: S311  made-up people
    kinds = crowd.features(schema, crowd.KINDS, chance)
    for first in range(1, people + 1, ROWS):
        numbers = range(first, min(first + ROWS, people + 1))
        features = [chance.choice(kinds) for _ in numbers]
        scores = [round(chance.betavariate(1.2, 8), DECIMALS) for _ in numbers]
        refs = [f"{number:07d}" for number in numbers]
        times = [at - YEAR + span * YEAR / SCORED + timedelta(seconds=first) for span in range(SCORED)]
        predictions = [
            Prediction(
                f"{campaign}-{first}-{span}:{row}",
                f"{campaign}-{first}-{span}",
                f"{campaign}:{ref}",
                values,
                score,
                version,
                CHAMPION,
                moment,
                reasons=[{"column": column.name, "effect": 0.5} for column in schema.features[:3]],
            ).document()
            for span, moment in enumerate(times)
            for row, (ref, values, score) in enumerate(zip(refs, features, scores, strict=True))
        ]
        spans = range(0, len(predictions), len(numbers))
        packed = [record for start in spans for record in pack(predictions[start : start + len(numbers)])]
        found: dict[str, list[Document]] = {"predictions": packed, "calls": [], "outcomes": [], "prospects": []}
        for row, (number, ref) in enumerate(zip(numbers, refs, strict=True)):
            kept = [
                [int(moment.timestamp() * 1000), f"{campaign}-{first}-{span}:{row}"]
                for span, moment in enumerate(times)
            ]
            person: dict[str, Any] = {
                "_id": f"{campaign}:{ref}",
                "campaign": campaign,
                "ref": ref,
                "row": number,
                "features": features[row],
                "status": "open",
                "claim": None,
                "score": scores[row],
                "score_version": version,
                "score_route": CHAMPION,
                "prediction": kept[-1][1],
                KEPT_PREDICTIONS: kept[-KEPT:],
                "reasons": [{"column": column.name, "effect": 0.5} for column in schema.features[:3]],
                RANK_KEY: word,
            }
            if number % PEOPLE_A_CALL == 0:
                when = at - YEAR * chance.random() * (1 - 1 / SCORED)
                person = _called(person, chance.choice(agents), when.replace(microsecond=0), chance, found)
            found["prospects"].append(person)
        yield found


def _called(
    person: Document, agent: str, at: datetime, chance: random.Random, found: dict[str, list[Document]]
) -> Document:
    """`person` after the one call that decided; the call and its outcome are added to `found`."""
    result = Result.SOLD if chance.random() < SALES else Result.REFUSED
    call = new_call(person, agent, CallReport(result), at, STANDARD)
    found["calls"].append(call)
    found["outcomes"].append({name: call[name] for name in COPIED} | {"positive": result is Result.SOLD})
    return {**person, **call["after"], "claim": None, "calls": 1, **OFF_THE_LIST}
