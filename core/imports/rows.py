"""Turns a campaign file's records into prospects and their outcomes, or into rejects, by the schema's rules."""

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

_UNORDERED = "the calls are not in order of time: each month before the last one starts another year"


@dataclass(frozen=True)
class Row:
    """A row that fits: its number (from 1), the documents to write, and its own cells."""

    number: int
    prospect: Document
    outcome: Document | None
    record: Record


@dataclass(frozen=True)
class Reading:
    """How the rows of one file are read into `campaign`.

    `absent`: the indicators that the file lacks; `then`: their vintages. Rows after number `outcomes_until` count as
    not called yet. Rows of people whom `door` turns away are neither read nor rejected.
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
        """The `records` that fit, in order; each of the others goes to `reject`."""
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
                at = self.clock()
                if calendar and months and positive is not None:  # only rows of calls are in order of time
                    at = _called(calendar, features, months, number)
                if self.then is not None and positive is not None:
                    self.then.known(at).require(sorted(self.absent), row=number, of=at)
                ref = self.ref(record, number)
            except InputError as error:
                reject(self.rejected(error, number, original))
                continue
            yield self.row(number, ref, original, features, positive, at)

    def _is_kept_out(self, record: Record, place: int) -> bool:
        """Comes before all other checks, so that not even a file of rejects contains the row."""
        if self.schema.reference:
            return self.door.turns_away(cell(record.get(self.schema.reference)), None)
        try:
            return self.door.turns_away(f"{_number(record, place):07d}", self.campaign)
        except InputError:
            return False  # without a row number there is no person

    def ref(self, record: Record, number: int) -> str:
        """The schema's reference or, without one, the row's number. Raises InputError."""
        if not self.schema.reference:
            return f"{number:07d}"
        if not (ref := cell(record.get(self.schema.reference))):
            raise InputError(Sentence("is empty; must be the person's key"), row=number, column=self.schema.reference)
        # A request for scores names prospects by campaign and key; one bad key would have its whole batch refused.
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
        """Whether the call was a sale; None if none was made. Raises InputError."""
        outcome = self.schema.outcome
        try:
            positive = outcome.parse(record.get(outcome.column))
        except ValueError as error:
            raise InputError(error.args[0], row=number, column=outcome.column) from None
        return None if self.outcomes_until is not None and number > self.outcomes_until else positive

    def features(self, record: Record, number: int) -> Document:
        """The values of the features that the file has. Raises InputError for the first that breaks its rule."""
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
        """The reject of a row that broke the rule of `error`."""
        name = error.column or ""
        source = self.mapping.columns.get(name, "")
        value = cell(original.get(source)) if source else ""
        return Reject(number, name, error.rule, original, source, value, self._kind(name, error.rule))

    def _kind(self, name: str, rule: str) -> str:
        """The broken rule without the row's own value."""
        outcome, column = self.schema.outcome, self.schema.by_name.get(name)
        if name and name == self.schema.reference:
            return f"must be a key of 1 to {self._most} printable characters"
        if name == outcome.column:
            return f"must be {outcome.positive}, {outcome.negative}, or empty"
        if name == ROW:
            return "must be a row number"
        if column is None or rule.startswith((economy.UNKNOWN, _UNORDERED)):  # a rule that has no value
            return rule
        return f"must be {column.rule}"

    def row(
        self,
        number: int,
        ref: str,
        original: Record,
        features: Mapping[str, object],
        positive: bool | None,
        at: datetime,
    ) -> Row:
        """The row that fits, with its documents."""
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
            prospect["economy"] = ""  # the ranking sets it to the hash of the economy then
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
    """`key` for a message: invisible characters escaped, a long text cut."""
    text = repr(key) if key.isprintable() else ascii(key)
    return text if len(text) <= protocol.SHOWN else f"{text[: protocol.SHOWN]}…"


def _called(calendar: CampaignCalendar, features: Document, names: Calendar, number: int) -> datetime:
    """The time of a row's call. Raises InputError if by the order of the months it comes after the year 9999."""
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
