"""Turns a campaign file's records into prospects and their outcomes, or into rejects, by the schema's rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import count

from core.calls import contacts
from core.calls.rank_key import rank_if_open
from core.clock import Clock
from core.errors import InputError
from core.files.records import Record
from core.imports import call_times, cell_rules
from core.imports.cell_rules import CellRule
from core.imports.column_mapping import ColumnMapping, Reader, cell
from core.imports.kept_out import Doorkeeper
from core.imports.reject_file import ROW, Reject
from core.lists import changes
from core.lists.call_values import IMPORTED
from core.schema import Schema, economy
from core.schema.calendar import CampaignCalendar
from core.schema.call_columns import Calendar
from core.schema.column import Column, Value
from core.scoring import protocol
from core.sentences import Sentence
from core.stores.mongo import Document
from core.values.keys import same_key, shown_key

_SHOWN = 200  # characters of a broken cell
_UNORDERED = "the calls are not in order of time: each month before the last one starts another year"


@dataclass(frozen=True)
class Row:
    """A row that fits: its number (from 1), the documents to write, and its own cells."""

    number: int
    prospect: Document
    outcome: Document | None
    record: Record
    contact: Document | None = None


@dataclass(frozen=True)
class Reading:
    """How the rows of one file are read into `campaign`.

    `absent`: the indicators that the file lacks; `then`: their vintages. Rows after number `outcomes_until` count as
    not called yet. Rows of people whom `door` turns away are neither read nor rejected. `called`: when the calls of
    the file were made, as far as people know; the file's own column goes before it, and it before the calendar.
    `keys_as_written`: the campaign is of an earlier release, whose keys have not the form that all spellings share.
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
    called: datetime | None = None
    keys_as_written: bool = False

    def rows(
        self, records: Iterable[Record], reject: Callable[[Reject], None], places: Iterable[int] | None = None
    ) -> Iterator[Row]:
        """The `records` that fit, in order; each of the others goes to `reject`. `places` in the file: from 1 on."""
        months = self.schema.calendar
        calendar = CampaignCalendar(months.start) if months else None
        for place, original in zip(places or count(1), records, strict=False):
            values = self.sound(original)
            number, record = place, self.reader.record(original, values=values is None)
            if self.is_kept_out(record, place):
                continue
            if spoilt := self.spoilt(record, original, place):
                reject(spoilt)
                continue
            try:
                number = _number(record, place)
                features, kept = values or (self.features(record, number), self.kept(record, number))
                positive = self.outcome(record, number)
                at = self.clock()
                made = self.made(record, number, at) if positive is not None else None
                if made is None and calendar and months and positive is not None:  # only calls are in order of time
                    made = _called(calendar, features, months, number)
                at = made or at
                if self.then is not None and positive is not None:
                    self.then.figures_at(at).require(sorted(self.absent), row=number, of=at)
                ref = self.ref(record, number)
            except InputError as error:
                reject(self.rejected(error, number, original))
                continue
            yield self.row(number, ref, original, features, kept, positive, at, dated=made is not None)

    def spoilt(self, record: Record, original: Record, place: int) -> Reject | None:
        """The reject of a row that cannot be read as text, or whose numbers or dates contradict their columns."""
        if record.broken:
            source, rule = record.broken
            return Reject(place, "", rule, original, source, cell(original.get(source))[:_SHOWN])
        for name, why in record.unreadable.items():
            source = self.mapping.columns[name]
            return Reject(place, name, why.rule, original, source, cell(original.get(source)), why.kind or why.rule)
        return None

    def is_kept_out(self, record: Record, place: int) -> bool:
        """Whether the door turns the row away. Before all other checks: not even a file of rejects contains it."""
        if self.schema.reference:
            return self.door.keeps_out(cell(record.get(self.schema.reference)), None)
        try:
            return self.door.keeps_out(f"{_number(record, place):07d}", self.campaign)
        except InputError:
            return False  # without a row number there is no person

    def ref(self, record: Record, number: int) -> str:
        """The schema's reference or, without one, the row's number. Raises InputError."""
        if not self.schema.reference:
            return f"{number:07d}"
        if not (ref := shown_key(record.get(self.schema.reference))):
            raise InputError(Sentence("is empty; must be the person's key"), row=number, column=self.schema.reference)
        # A request for scores names prospects by campaign and key; one bad key would have its whole batch refused.
        if not protocol.is_prospect(f"{self.campaign}:{ref}"):
            raise InputError(
                Sentence("{key} is not a key of 1 to {most} printable characters", key=_shown(ref), most=self._most),
                row=number,
                column=self.schema.reference,
            )
        return ref if self.keys_as_written else same_key(ref)

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

    def made(self, record: Record, number: int, at: datetime) -> datetime | None:
        """The time of the row's call by its own cell or by `called`, or None. Raises InputError."""
        column = self.schema.outcome.at
        if column is None or column not in self.mapping.columns:
            return self.called
        try:
            return call_times.call_time(record.get(column), at) or self.called
        except ValueError as error:
            raise InputError(error.args[0], row=number, column=column) from None

    def features(self, record: Record, number: int) -> Document:
        """The values of the features that the file has. Raises InputError for the first that breaks its rule."""
        if None in record:
            raise InputError(Sentence("the row has more cells than the header"), row=number)
        return {one.column.name: _parsed(one.column, record, number) for one in self._features}

    def kept(self, record: Record, number: int) -> Document:
        """The values that are for people alone, contacts among them, as far as the file has them. Raises InputError."""
        return {one.column.name: _parsed(one.column, record, number) for one in self._kept}

    def sound(self, original: Record) -> tuple[Document, Document] | None:
        """`features` and `kept` of a row of the file as it is, or None where a cell of it has to be looked at."""
        if original.broken or original.unreadable or None in original or self.reader.mended:
            return None
        try:
            return cell_rules.values(self._features, original), cell_rules.values(self._kept, original)
        except ValueError:
            return None

    @cached_property
    def _features(self) -> tuple[CellRule, ...]:
        # An optional column that the file lacks says nothing: it changes nobody, and is blank for somebody new.
        return tuple(
            self._rule(column)
            for column in self.schema.recorded
            if column.name not in self.absent and (not column.optional or column.name in self.mapping.columns)
        )

    @cached_property
    def _kept(self) -> tuple[CellRule, ...]:
        columns = (*self.schema.contacts, *self.schema.details)
        return tuple(self._rule(column) for column in columns if column.name in self.mapping.columns)

    def _rule(self, column: Column) -> CellRule:
        return CellRule.of(column, self.mapping.columns.get(column.name), self.reader)

    def rejected(self, error: InputError, number: int, original: Record) -> Reject:
        """The reject of a row that broke the rule of `error`."""
        name = error.column or ""
        source = self.mapping.columns.get(name, "")
        value = cell(original.get(source)) if source else ""
        return Reject(number, name, error.rule, original, source, value, self._kind(name, error.rule))

    def _kind(self, name: str, rule: str) -> str:
        """The broken rule without the row's own value."""
        outcome, column = self.schema.outcome, self.schema.in_files.get(name)
        if name and name == self.schema.reference:
            return f"must be a key of 1 to {self._most} printable characters"
        if name == outcome.column:
            return f"must be {', '.join(outcome.words)}, or empty"
        if name == ROW:
            return "must be a row number"
        if name and name == outcome.at:
            return call_times.RULE
        if column is None or rule.startswith((economy.UNKNOWN, _UNORDERED)):  # a rule that has no value
            return rule
        return f"must be {column.rule}"

    def row(
        self,
        number: int,
        ref: str,
        original: Record,
        features: Mapping[str, object],
        kept: Mapping[str, Value],
        positive: bool | None,
        at: datetime,
        *,
        dated: bool,
    ) -> Row:
        """The row that fits, with its documents. An outcome that is not `dated` has the time at which it was read."""
        key = f"{self.campaign}:{ref}"
        status = "open" if positive is None else "done"
        details = {column.name: kept[column.name] for column in self.schema.details if column.name in kept}
        contact = contacts.document(self.schema, key, self.campaign, ref, kept)
        prospect: Document = {
            "_id": key,
            "campaign": self.campaign,
            "ref": ref,
            "row": number,
            "features": features,
            "digest": changes.digest(features, details),
            "status": status,
            **rank_if_open(self.campaign, status),
            "score": None,
            "claim": None,
            "zone": contacts.zone_of(contact),
        }
        if details:
            prospect["details"] = details
        if self.schema.reference:
            written = shown_key(original.get(self.mapping.columns[self.schema.reference]))
            if written != ref:
                prospect["written"] = written
        if self.absent:
            prospect["economy"] = ""  # the ranking sets it to the hash of the economy then
        if positive is None:
            return Row(number, prospect, None, original, contact)
        outcome: Document = {
            "_id": f"{key}:1",
            "prospect": key,
            "campaign": self.campaign,
            "call": 1,
            "result": "sold" if positive else "refused",
            "positive": positive,
            "agent": IMPORTED,
            "at": at,
            "dated": dated,
        }
        return Row(number, prospect, outcome, original, contact)


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


def _parsed(column: Column, record: Record, number: int) -> Value:
    try:
        return column.parse(record.get(column.name))
    except ValueError as error:
        raise InputError(error.args[0], row=number, column=column.name) from None


def _number(record: Record, number: int) -> int:
    mark = cell(record.get(ROW)).removesuffix(".0")  # a spreadsheet's whole number
    if not mark:
        return number
    if not mark.isdigit():
        raise InputError(Sentence("{mark} is not a row number", mark=repr(mark)), row=number, column=ROW)
    return int(mark)
