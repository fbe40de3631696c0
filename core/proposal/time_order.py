"""Whether the months or weekdays in a file's order tell when its calls were made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from core.proposal.evidence import ColumnEvidence
from core.proposal.known_calls import Order
from core.schema.calendar import MONTHS, WEEKDAYS
from core.schema.call_columns import Calendar
from core.sentences import Sentence

MOST_YEARS = 20
ROWS_A_SPELL = 10  # of one month or weekday, on average, in a file that is in time order


def words_of_time(found: ColumnEvidence) -> tuple[str, ...]:
    """MONTHS or WEEKDAYS if all cells are of them and some differ, else empty."""
    if found.blank or found.missing or found.unlisted or found.different < 2:
        return ()
    return next((words for words in (MONTHS, WEEKDAYS) if set(found.words) <= set(words)), ())


def calendar(orders: Mapping[str, Order], today: date) -> tuple[Calendar | None, Sentence | None]:
    """The calendar of a file in time order, so that its last month is the last one that has passed, and a question."""
    spelt = {name: order for name, order in orders.items() if order.rows and order.changes and _in_order(order)}
    months = [name for name, order in spelt.items() if order.words == MONTHS]
    days = [name for name, order in spelt.items() if order.words == WEEKDAYS]
    month = months[0] if months else None
    weekday = (
        next((name for name, order in orders.items() if order.words == WEEKDAYS), None)
        if month
        else next(iter(days), None)
    )
    if month is None and weekday is None:
        return None, None
    start = _start(orders[month], today) if month else _start_by_days(orders[weekday or ""], today)
    asked = Sentence(
        "The rows are in order of time by '{column}', but the file names no year: the first call is put into {start}, "
        "so that the last month has just passed.",
        column=month or weekday or "", start=start,
    )  # fmt: skip
    return Calendar(month=month, weekday=weekday, start=start), asked


def _in_order(order: Order) -> bool:
    return order.changes * ROWS_A_SPELL <= order.rows and (order.words == WEEKDAYS or order.rounds <= MOST_YEARS)


def _start(order: Order, today: date) -> str:
    last = MONTHS.index(order.last) + 1
    year = today.year - (last >= today.month) - order.rounds
    return f"{year}-{MONTHS.index(order.first) + 1:02d}"


def _start_by_days(order: Order, today: date) -> str:
    weeks = order.rounds + 1
    months = today.year * 12 + today.month - 1 - (weeks * 7 // 30 + 1)
    return f"{months // 12}-{months % 12 + 1:02d}"
