"""A campaign file's records, checked against the schema: each is a prospect (and what came of a call), or a reject."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from core.clock import Clock
from core.errors import InputError
from core.imports.campaign_file import Record
from core.imports.column_mapping import ColumnMapping, Reader, cell
from core.imports.kept_out import Doorkeeper
from core.imports.reject_file import ROW, Reject
from core.schema import Calendar, Schema, economy
from core.schema.calendar import CampaignCalendar
from core.scoring import protocol
from core.sentences import Sentence
from core.stores.mongo import Document

_UNORDERED = "the calls are not in the order of their time: each month that is earlier begins another year"


@dataclass(frozen=True)
class Row:
    """A row that fits: its number (from 1), what is to be written, and its own cells."""

    number: int
    prospect: Document
    outcome: Document | None
    record: Record


@dataclass(frozen=True)
class Reading:
    """How the rows of one file are read into `campaign`.

    `absent`: the indicators that it leaves to the economy, `then`: what was known of it. Rows after number
    `outcomes_until` count as not called yet. Rows of people whom `door` turns away are neither read nor rejected.
    """

    schema: Schema
    campaign: str
    mapping: ColumnMapping
    reader: Reader
    absent: frozenset[str]
    then: economy.Economy | None
    outcomes_until: int | None
    clock: Clock
    door: Doorkeeper

    def rows(self, records: Iterable[Record], reject: Callable[[Reject], None]) -> Iterator[Row]:
        """Those of `records` that fit, in their order; `reject` is given each of the others."""
        months = self.schema.calendar
        calendar = CampaignCalendar(months.start) if months else None
        for place, original in enumerate(records, 1):
            number, record = place, self.reader.record(original)
            if self._is_kept_out(record, place):
                continue
            try:
                number = _number(record, place)
                features = self.features(record, number)
                positive = self.outcome(record, number)
                # Only calls that were made are in the file in the order of their time.
                at = (
                    _called(calendar, features, months, number)
                    if calendar and months and positive is not None
                    else self.clock()
                )
                if self.then is not None and positive is not None:
                    self.then.known(at).require(sorted(self.absent), row=number, of=at)
                ref = self.ref(record, number)
            except InputError as error:
                reject(self.rejected(error, number, original))
                continue
            yield self.row(number, ref, original, features, positive, at)

    def _is_kept_out(self, record: Record, place: int) -> bool:
        """Asked before anything of a row is looked at, so that not even a reject file keeps it."""
        if self.schema.reference:
            return self.door.turns_away(cell(record.get(self.schema.reference)), None)
        try:
            return self.door.turns_away(f"{_number(record, place):07d}", self.campaign)
        except InputError:
            return False  # a row that says no number is nobody's

    def ref(self, record: Record, number: int) -> str:
        """The person's key: the schema's reference or, without one, the row's number. Raises InputError."""
        if not self.schema.reference:
            return f"{number:07d}"
        if not (ref := cell(record.get(self.schema.reference))):
            raise InputError(Sentence("is empty; must be the person's key"), row=number, column=self.schema.reference)
        # Scores are asked for under campaign and key; one that cannot be would have its whole batch refused.
        if not protocol.is_prospect(f"{self.campaign}:{ref}"):
            raise InputError(
                Sentence("{key} is not a key of 1 to {most} printable characters", key=_shown(ref), most=self._most),
                row=number,
                column=self.schema.reference,
            )
        return ref

    @property
    def _most(self) -> int:
        """Characters that a person's key may have in this campaign."""
        return protocol.MAX_PROSPECT - len(self.campaign) - 1

    def outcome(self, record: Record, number: int) -> bool | None:
        """What came of the call, if it was made. Raises InputError."""
        outcome = self.schema.outcome
        try:
            positive = outcome.parse(record.get(outcome.column))
        except ValueError as error:
            raise InputError(error.args[0], row=number, column=outcome.column) from None
        return None if self.outcomes_until is not None and number > self.outcomes_until else positive

    def features(self, record: Record, number: int) -> Document:
        """The values of the schema's features that the file has. Raises InputError naming the first that is wrong."""
        if None in record:
            raise InputError(Sentence("the row has more cells than the header"), row=number)
        features: Document = {}
        for column in self.schema.features:
            if column.name in self.absent:
                continue
            try:
                features[column.name] = column.parse(record[column.name])
            except ValueError as error:
                raise InputError(error.args[0], row=number, column=column.name) from None
        return features

    def rejected(self, error: InputError, number: int, original: Record) -> Reject:
        """The reject of a row that `error` says does not fit."""
        name = error.column or ""
        source = self.mapping.columns.get(name, "")
        found = cell(original.get(source)) if source else ""
        return Reject(number, name, error.rule, original, source, found, self._kind(name, error.rule))

    def _kind(self, name: str, rule: str) -> str:
        column = self.schema.by_name.get(name)
        if name and name == self.schema.reference:
            return f"must be a key of 1 to {self._most} printable characters"
        if name == self.schema.outcome.column:
            outcome = self.schema.outcome
            return f"must be {outcome.positive}, {outcome.negative}, or empty"
        if name == ROW:
            return "must be a row number"
        own = column is None or rule.startswith((economy.UNKNOWN, _UNORDERED))  # not of the cell
        return rule if own or column is None else f"must be {column.rule}"

    def row(
        self,
        number: int,
        ref: str,
        original: Record,
        features: Mapping[str, object],
        positive: bool | None,
        at: datetime,
    ) -> Row:
        """What is to be written of a row that fits."""
        key = f"{self.campaign}:{ref}"
        prospect: Document = {
            "_id": key,
            "campaign": self.campaign,
            "ref": ref,
            "row": number,
            "features": features,
            "digest": hashlib.sha256(json.dumps(features, sort_keys=True).encode()).hexdigest()[:16],
            "status": "open" if positive is None else "done",
            "score": None,
            "claim": None,
        }
        if self.absent:
            prospect["economy"] = ""  # the hash of what was known when it was ranked, which it was not yet
        if positive is None:
            return Row(number, prospect, None, original)
        outcome: Document = {
            "_id": f"{key}:1",
            "prospect": key,
            "campaign": self.campaign,
            "call": 1,
            "result": "sold" if positive else "refused",
            "positive": positive,
            "agent": "import",
            "at": at,
        }
        return Row(number, prospect, outcome, original)


def _shown(key: str) -> str:
    """`key` with what cannot be seen written out, and not at any length."""
    text = ascii(key) if not key.isprintable() else repr(key)
    return text if len(text) <= protocol.SHOWN else f"{text[: protocol.SHOWN]}…"


def _called(calendar: CampaignCalendar, features: Document, names: Calendar, number: int) -> datetime:
    """When the call of a row was made. Raises InputError where the months go round more often than there are years."""
    try:
        return names.moment(calendar, features)
    except (ValueError, OverflowError):
        raise InputError(_UNORDERED, row=number, column=names.columns[0]) from None


def _number(record: Record, number: int) -> int:
    mark = cell(record.get(ROW)).removesuffix(".0")  # a spreadsheet's whole number
    if not mark:
        return number
    if not mark.isdigit():
        raise InputError(Sentence("{mark} is not a row number", mark=repr(mark)), row=number, column=ROW)
    return int(mark)
