"""What tests of the ranking share: a scoring service that scores by age, and lists of people."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.calls.rank_key import rank_again
from core.errors import InputError, Unavailable
from core.schema import Schema, read_schema
from core.schema.column import Value
from core.scoring.protocol import Score, prediction_id
from core.scoring.reasons import Reason
from core.settings.group import ROOT
from core.stores.mongo import Db
from monitor.ranking.lineup import Lineup
from monitor.ranking.rank import Ranking, rank

SCHEMA = read_schema(ROOT / "data" / "schema.yaml")
TIMELESS = Schema.model_validate({**SCHEMA.model_dump(), "calendar": None, "calls": None})
"""The same kind, whose columns say nothing of the call."""
THEN = datetime(2026, 9, 15, tzinfo=UTC)
"""A Tuesday."""


class FakeScoring:
    """Scores a prospect by its age, logs as the real service does, and can be down, behind or particular."""

    def __init__(self, db: Db, lineup: Lineup | None) -> None:
        self.db, self.lineup = db, lineup
        self.asked: list[tuple[str, list[str]]] = []
        self.down_after = 10**9
        self.refuses: set[str] = set()
        self.during: Callable[[], object] = lambda: None
        self.after_state: Callable[[], object] = lambda: None

    def state(self) -> Mapping[str, str | int | float]:
        state = self._state()
        self.after_state()
        return state

    def _state(self) -> Mapping[str, str | int | float]:
        return {
            "champion": self.lineup.champion if self.lineup else "",
            "canary": (self.lineup and self.lineup.canary) or "",
            "refresh": (self.lineup and self.lineup.refresh) or "",
            "refresh_weight": self.lineup.weight if self.lineup else 0.0,
            "canary_share": self.lineup.share if self.lineup else 0.0,
            "canary_level": self.lineup.canary_level if self.lineup else 0.0,
            "champion_level": self.lineup.levels[0] if self.lineup and self.lineup.levels else 0.0,
            "refresh_level": self.lineup.levels[-1]
            if self.lineup and self.lineup.refresh and self.lineup.levels
            else 0.0,
        }

    def score(
        self,
        rows: Sequence[Mapping[str, Value]],
        prospects: Sequence[str],
        *,
        request_id: str | None = None,
        with_reasons: bool = False,
    ) -> list[Score]:
        if len(self.asked) >= self.down_after:
            raise Unavailable("The scoring service did not answer.")
        if self.refuses & set(prospects):
            raise InputError("is not one of a, b", row=1, column="job")
        assert request_id
        assert self.lineup
        self.asked.append((request_id, list(prospects)))
        scores = []
        for place, (row, prospect) in enumerate(zip(rows, prospects, strict=True)):
            to_canary = self.lineup.canary is not None and int(prospect.split(":")[1]) % 20 == 0
            version = self.lineup.canary if to_canary else self.lineup.champion
            shadow = self.lineup.champion if to_canary else self.lineup.canary
            route = "canary" if to_canary else "champion"
            number = round(float(str(row["age"])) / 100, 12)
            reasons = (Reason("age", number), Reason("job", -0.1)) if with_reasons else None
            score = Score(prediction_id(request_id, place), number, str(version), route, reasons)
            record = {
                "prospect": prospect,
                "features": dict(row),
                "score": score.score,
                "version": version,
                "route": route,
                "shadow_version": shadow,
            }
            self.db.predictions.update_one({"_id": score.prediction}, {"$setOnInsert": record}, upsert=True)
            scores.append(score)
        self.during()
        return scores


def fill(db: Db, campaign: str, size: int, **fields: Any) -> None:
    opened = datetime(2026, 1, 1 + db.campaigns.count_documents({}), tzinfo=UTC)
    db.campaigns.update_one({"_id": campaign}, {"$setOnInsert": {"created_at": opened}}, upsert=True)
    common = {"campaign": campaign, "status": "open", "score": None, "claim": None, **rank_again(campaign), **fields}
    db.prospects.insert_many(
        [
            {"_id": f"{campaign}:{n:07d}", "ref": f"{n:07d}", "features": {"age": 20 + n % 60}, **common}
            for n in range(size)
        ]
    )


def run(
    db: Db, scoring: FakeScoring, at: datetime = THEN, schema: Schema = SCHEMA, *, trial: str | None = None
) -> Ranking:
    """Rank; `trial`: what the list of then began with, if it is not what is in service."""
    began_with = (lambda present, _at: present.trial) if trial is None else (lambda _present, _at: trial)
    done = rank(db, scoring, schema, began_with=began_with, clock=lambda: at)
    assert done is not None
    return done


def of_an_earlier_release(db: Db) -> None:
    """Take away what this release added to campaigns and people."""
    db.prospects.update_many({}, {"$unset": {"rank_key": "", "draw": ""}})
    db.appliance.delete_many({"_id": {"$regex": "^ranked:"}})
