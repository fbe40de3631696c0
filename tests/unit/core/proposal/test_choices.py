"""What people choose of a proposal: how cells are read, labels, new words, limits."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from core.imports.column_mapping import ColumnMapping
from core.imports.readings import Readings
from core.proposal.choices.details import can_close, with_label, with_limits, with_new_words
from core.proposal.choices.kind import changed
from core.proposal.choices.meanings import Meaning, with_meaning
from core.proposal.choices.readings import as_shown, with_reading
from core.proposal.kind_text import kind_text
from core.proposal.meaning import ColumnProposal, habits
from core.proposal.proposal import Proposal
from core.schema import Schema
from core.values.dates import DateReading
from core.values.numbers import NumberReading

Make = Callable[..., Proposal]
ROWS = 400
DICE = random.Random(9)
TOWN = [DICE.choice(["Here", "There", "Home"]) for _ in range(ROWS)]
UNCLEAR = [f"{1 + n % 9},{100 + n % 900}" for n in range(ROWS)]
EITHER = [f"{1 + n % 12:02d}/{1 + n % 11:02d}/2024" for n in range(ROWS)]


def column(found: Proposal, name: str) -> ColumnProposal:
    return next(one for one in found.columns if one.name == name)


def taken(found: Proposal, *others: ColumnProposal) -> Proposal:
    """The proposal with other columns."""
    by_name = {one.name: one for one in others}
    return changed(found, [by_name.get(one.name, one) for one in found.columns], title="Leads", name="leads")


def read(found: Proposal, chosen: Readings, name: str) -> list[Any]:
    """The column's values as an import of the file reads them, "rejected" where it would reject the row."""
    schema = found.schema
    mapping = ColumnMapping.by_name(schema, found.seen.file.header).with_readings(as_shown(found.columns, chosen))
    reader = mapping.reader(schema, found.seen.file.header)
    values = []
    with found.seen.file.records() as records:
        for original in records:
            record = reader.record(original)
            bad = name in record.unreadable
            values.append("rejected" if bad else schema.in_files[name].parse(record[name]))
    return values


def test_cells_that_can_be_two_numbers_are_asked_about_and_read_as_chosen(make: Make) -> None:
    found = make({"town": TOWN, "income": UNCLEAR})
    assert as_shown(found.columns, Readings()).asked == ("income",)
    assert column(found, "income").doubt is not None

    for reading, first in ((NumberReading(".", ","), 1100), (NumberReading(",", ""), 1.1)):
        chosen = Readings({"income": reading})
        kind = taken(found, with_reading(column(found, "income"), reading, found.seen))
        assert not as_shown(kind.columns, chosen).asked
        assert read(kind, chosen, "income")[:1] == [first]
        assert "rejected" not in read(kind, chosen, "income")
    assert column(kind, "income").column.type == "number"


def test_the_kind_keeps_what_was_chosen_for_files_that_do_not_tell(make: Make) -> None:
    found = make({"town": TOWN, "income": UNCLEAR, "joined": EITHER})
    income = with_reading(column(found, "income"), NumberReading(".", ","), found.seen)
    joined = with_reading(column(found, "joined"), DateReading(False), found.seen)
    kind = taken(found, income, joined)
    schema = Schema.model_validate(yaml.safe_load(kind_text(kind)))
    assert schema == kind.schema
    assert schema.in_files["income"].type == "integer"
    settled = ColumnMapping.by_name(schema, found.seen.file.header).settled(schema, found.seen.file)
    assert settled.numbers["income"] == NumberReading(".", ",")
    assert settled.dates["joined"] == DateReading(False)
    assert not settled.asked
    assert schema.hash == taken(found, replace(income, column=bare(income)), joined).schema.hash


def test_what_was_chosen_holds_although_other_columns_are_written_otherwise(make: Make) -> None:
    found = make({"town": TOWN, "income": UNCLEAR, "price": [f"{n},5" for n in range(ROWS)]})
    income = with_reading(column(found, "income"), NumberReading(".", ","), found.seen)
    schema = taken(found, income).schema
    settled = ColumnMapping.by_name(schema, found.seen.file.header).settled(schema, found.seen.file)
    assert settled.numbers["income"] == NumberReading(".", ",")
    assert settled.numbers["price"].decimal == ","


def bare(one: ColumnProposal) -> Any:
    """The column without what says how files are read."""
    return one.column.model_copy(update={"decimal": None, "thousands": None})


def test_the_order_of_dates_is_asked_where_no_cell_tells(make: Make) -> None:
    found = make({"town": TOWN, "joined": EITHER})
    assert as_shown(found.columns, Readings()).asked == ("joined",)
    for first, day in ((True, "2024-02-01"), (False, "2024-01-02")):
        chosen = Readings({}, {"joined": DateReading(first)})
        kind = taken(found, with_reading(column(found, "joined"), DateReading(first), found.seen))
        assert EITHER[12] == "01/02/2024"
        assert read(kind, chosen, "joined")[12] == day


@pytest.mark.parametrize(
    ("other", "asked"),
    [
        ({"rate": [f"{n},5" for n in range(ROWS)]}, ()),
        ({"rate": [f"{n}.5" for n in range(ROWS)]}, ("income",)),
        ({"rate": [f"{n}.5" if n % 2 else f"{n},5" for n in range(ROWS)]}, ("rate", "income")),
    ],
    ids=["another column has the comma", "another column has the point", "a mixed column"],
)
def test_the_other_columns_tell_only_where_every_cell_is_a_number_then(
    make: Make, other: Mapping[str, Any], asked: tuple[str, ...]
) -> None:
    found = make({"town": TOWN, "income": UNCLEAR, **other})
    assert set(as_shown(found.columns, Readings()).asked) == set(asked)


def test_a_clear_column_can_be_read_otherwise_and_what_contradicts_is_rejected(make: Make) -> None:
    found = make({"town": TOWN, "rate": ["5,191.0", "4,857.5"] * (ROWS // 2)})
    assert as_shown(found.columns, Readings()).numbers["rate"] == NumberReading(".", ",")
    chosen = Readings({"rate": NumberReading(",", ".")})
    kind = taken(found, with_reading(column(found, "rate"), chosen.numbers["rate"], found.seen))
    assert set(read(kind, chosen, "rate")) == {"rejected"}


def test_another_reading_has_groups_of_its_own(make: Make) -> None:
    found = make({"town": TOWN, "age": [f"{20 + n % 60},{100 + n % 900}" for n in range(ROWS)]})
    assert column(found, "age").column.bounds
    points = with_reading(column(found, "age"), NumberReading(".", ","), found.seen).column
    commas = with_reading(column(found, "age"), NumberReading(",", "."), found.seen).column
    assert min(points.bounds) > 20_000 / 2 > 80 > max(commas.bounds) > 20


def test_a_label_is_taken_and_an_empty_one_is_not(make: Make) -> None:
    own = column(make({"town": TOWN}), "town")
    assert with_label(own, " Where they live ").column.label == "Where they live"
    assert with_label(own, "  ") is own


def test_new_words_may_appear_or_not(make: Make) -> None:
    towns = [*[f"Town {n % 5}" for n in range(ROWS - 3)], "Rare", "Rarer", "Rarest"]
    own = column(make({"place": towns, "age": [DICE.randrange(90) for _ in range(ROWS)]}), "place")
    assert own.column.open
    assert can_close(own)
    closed = with_new_words(own, False).column
    assert not closed.open
    assert set(closed.categories) == set(towns), "no row of the file is rejected"
    assert with_new_words(with_new_words(own, False), True).column == own.column
    long = column(make({"place": [f"Town {n % 150}" for n in range(ROWS)]}), "place")
    assert not can_close(long)


def test_limits_keep_the_groups_between_them(make: Make) -> None:
    own = column(make({"age": [20 + n % 60 for n in range(ROWS)]}), "age")
    low, *_, high = own.column.bounds
    limited = with_limits(own, low, high).column
    assert (limited.minimum, limited.maximum) == (low, high)
    assert set(limited.bounds) == set(own.column.bounds) - {low}
    assert with_limits(own, own.column.minimum, own.column.maximum) is own
    with pytest.raises(ValidationError):
        with_limits(own, 5, 4)


def test_a_new_label_keeps_the_calendar_and_another_meaning_does_not(make: Make) -> None:
    months = [month for month in ("mar", "apr", "may", "jun") for _ in range(ROWS // 4)]
    found = make({"town": TOWN, "month": months})
    assert found.schema.calendar is not None
    own = column(found, "month")
    assert taken(found, with_label(own, "Month of the call")).schema.calendar == found.schema.calendar
    other = with_meaning(own, Meaning.PEOPLE, habits(found.seen.columns))
    assert taken(found, other).schema.calendar is None
