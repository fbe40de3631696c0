"""The predictions of one request, column by column: n rows with one id and one time.

A long request is parsed, scored, stored and answered by column: what is done for each row in turn costs many times as
much. Who reads a row gets it as a `Prediction`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, overload

from core.schema.column import Value
from core.scoring.halves import Halves
from core.scoring.packed import FEW, campaign_of, packed_rows
from core.scoring.prediction import Prediction
from core.scoring.protocol import prediction_id
from core.stores.mongo import Document

Column = Sequence[Any]


@dataclass(frozen=True)
class Batch(Sequence[Prediction]):
    """The rows 0 to n - 1 of `request`, scored at the moment `at`.

    `columns`: n values for each other field of a `Prediction` but `mixed`. `mixed`: n values for each field of
    `core.scoring.prediction.Mixed`; None while no refresh is mixed with the champion.
    """

    request: str
    at: datetime
    features: Mapping[str, Sequence[Value]]
    columns: Mapping[str, Column]
    mixed: Mapping[str, Column] | None = None

    def __len__(self) -> int:
        return len(self.columns["score"])

    @overload
    def __getitem__(self, place: int) -> Prediction: ...
    @overload
    def __getitem__(self, place: slice) -> list[Prediction]: ...
    def __getitem__(self, place: int | slice) -> Prediction | list[Prediction]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        number = range(len(self))[place]
        return Prediction(
            id=prediction_id(self.request, number),
            request=self.request,
            at=self.at,
            features={name: values[number] for name, values in self.features.items()},
            mixed={name: values[number] for name, values in self.mixed.items()} if self.mixed else None,
            **{name: values[number] for name, values in self.columns.items()},
        )

    def with_column(self, name: str, values: Column) -> Batch:
        """The same with these n `values` in the column `name`."""
        return replace(self, columns={**self.columns, name: values})

    def documents(self) -> list[Document]:
        """The records for MongoDB: as `core.scoring.packed.pack` makes them of the rows' documents."""
        if len(self) < FEW or len({campaign_of(key) for key in self.columns["prospect"]}) > 1:
            return [row.document() for row in self]
        if self.mixed is None:
            halves = Halves.of({**self.columns, "mixed": [None] * len(self)}, features=self.features)
        else:
            halves = Halves.of(self.columns, features=self.features, mixed=self.mixed)
        return packed_rows(self.request, self.at, range(len(self)), halves)
