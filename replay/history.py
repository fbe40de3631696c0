"""A finished campaign in time order: the features of each call, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.errors import InputError
from core.imports.campaign_file import CampaignFile, Record
from core.schema import Schema
from core.schema.calendar import CampaignCalendar
from trainer.data.snapshot import AT, OUTCOME, PROSPECT, SOURCE

CAMPAIGN = "replay"


@dataclass(frozen=True)
class History:
    """n calls, the oldest first. `frame` has the columns of a snapshot; `rejected` rows did not fit the schema."""

    frame: pd.DataFrame
    rejected: int

    @property
    def sold(self) -> npt.NDArray[np.bool_]:
        """The outcomes of the calls, shape [n]."""
        return self.frame[OUTCOME].to_numpy(dtype=bool)

    @classmethod
    def from_file(cls, path: Path, schema: Schema) -> History:
        """The calls in a campaign file that have an outcome.

        Raises InputError when the file cannot be read, has no time of calls, or has no such call.
        """
        if schema.calendar is None:
            raise InputError("the schema names no calendar, so the order of the calls in time is not known")
        calendar = CampaignCalendar(schema.calendar.start)
        rows: list[Record] = []
        rejected = 0
        with CampaignFile.open(path).records() as records:
            for number, record in enumerate(records, 1):
                try:
                    row: Record = {column.name: column.parse(record[column.name]) for column in schema.features}
                    positive = schema.outcome.parse(record.get(schema.outcome.column))
                except (ValueError, KeyError):
                    rejected += 1
                    continue
                if positive is None:
                    continue
                at = schema.calendar.moment(calendar, row)
                row |= {OUTCOME: int(positive), AT: at, PROSPECT: f"{CAMPAIGN}:{number:07d}", SOURCE: CAMPAIGN}
                rows.append(row)
        if not rows:
            raise InputError(f"{path.name} holds no call with an outcome", next="Give the file of a finished campaign.")
        numbers = {column.name: "float64" for column in schema.features if column.type == "number"}
        return cls(pd.DataFrame(rows).astype(numbers), rejected)
