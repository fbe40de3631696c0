"""What all values of a file's columns show: how their numbers and dates are written, from one pass over the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter

from core.files.campaign_file import CampaignFile, Kind
from core.values.dates import DateEvidence
from core.values.numbers import NumberEvidence, is_common, may_be_date

_AT_ONCE = 5_000  # rows
_DIFFERENT = 10_000  # values of a column that are counted before they are told apart: more than 20 years have days


@dataclass
class ColumnEvidence:
    """The evidence of one column, in rows; `filled` are the cells that are not empty."""

    numbers: NumberEvidence = field(default_factory=NumberEvidence)
    dates: DateEvidence = field(default_factory=DateEvidence)
    filled: int = 0

    def add(self, values: Counter[object]) -> None:
        """Add values with their number of rows."""
        for value, rows in values.items():
            if isinstance(value, str) and is_common(value):
                self.filled += rows
                self.numbers.add_common(value, rows)
                if may_be_date(value):
                    self.dates.add(value, rows)
                continue
            if value is None or value == "" or (isinstance(value, str) and value.isspace()):
                continue
            self.filled += rows
            if isinstance(value, str) and not any(map(str.isdigit, value)):
                self.numbers.others += rows
                continue
            self.numbers.add(value, rows)
            self.dates.add(value, rows)


def evidence(file: CampaignFile, columns: Iterable[str]) -> dict[str, ColumnEvidence]:
    """The evidence of these `columns` of `file`. Raises InputError where a row cannot be read."""
    found = {name: ColumnEvidence() for name in columns}
    counts: dict[str, Counter[object]] = {name: Counter() for name in file.header if name in found}
    with file.records() as records:
        while rows := list(islice(records, _AT_ONCE)):
            sound = [row for row in rows if row.broken is None]
            for name, counted in counts.items():
                cells: Iterable[object] = map(itemgetter(name), sound)
                counted.update(map(_hashable, cells) if file.kind is Kind.PARQUET else cells)
                if len(counted) > _DIFFERENT:
                    found[name].add(counted)
                    counted.clear()
    for name, counted in counts.items():
        found[name].add(counted)
    return found


def _hashable(value: object) -> object:
    # 1, 1.0 and True are one key of a dictionary, and all the same number.
    return str(value) if isinstance(value, list | dict) else value
