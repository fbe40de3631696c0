"""A finished campaign in time order: the features of each call, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.errors import InputError
from core.files.campaign_file import CampaignFile
from core.schema import Schema
from core.schema.as_of import as_of
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
        rows: list[dict[str, Any]] = []
        rejected = 0
        with CampaignFile.open(path).records() as records:
            for number, record in enumerate(records, 1):
                try:
                    row: dict[str, Any] = {column.name: column.parse(record[column.name]) for column in schema.recorded}
                    positive = schema.outcome.parse(record.get(schema.outcome.column))
                except (ValueError, KeyError):
                    rejected += 1
                    continue
                if positive is None:
                    continue
                at = schema.calendar.moment(calendar, row)
                row = {**as_of(schema, row, at, calls=None)}
                row |= {OUTCOME: int(positive), AT: at, PROSPECT: f"{CAMPAIGN}:{number:07d}", SOURCE: CAMPAIGN}
                rows.append(row)
        if not rows:
            raise InputError(f"{path.name} holds no call with an outcome", next="Give the file of a finished campaign.")
        return cls(frame_of(rows, schema), rejected)


def frame_of(rows: Sequence[Mapping[str, Any]], schema: Schema) -> pd.DataFrame:
    """The `rows` as a training reads them: whole numbers are int64, all others and those with blanks float64."""
    numbers = {
        column.name: "float64"
        for column in schema.features
        if column.type == "number" or (column.optional and not column.is_category)
    }
    return pd.DataFrame(rows).astype(numbers)


def days_of(frame: pd.DataFrame, schema: Schema) -> npt.NDArray[np.int64]:
    """The day of each of n calls in time order, the first as 0: a new one where the month or the weekday changes.

    Two days of one name with no call between them count as one, because the file does not tell them apart.
    """
    columns = schema.calendar.columns if schema.calendar is not None else ()
    changed = np.zeros(len(frame), dtype=np.bool_)
    for name in columns:
        values = frame[name].to_numpy()
        changed[1:] |= values[1:] != values[:-1]
    return np.cumsum(changed, dtype=np.int64)
