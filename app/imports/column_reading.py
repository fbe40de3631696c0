"""How the numbers and dates of the matched columns are written: shown where it matters, and asked where in doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import InvalidOperation

import streamlit as st

from app.imports.chosen_file import ChosenFile
from app.language import _, formats
from core.imports.readings import Readings, by_evidence, is_date
from core.schema import Schema
from core.values.dates import DateReading, meanings
from core.values.numbers import NumberEvidence, NumberReading
from core.values.visible import visible

_NUMBERS = {(".", ""): "1234.5", (".", ","): "1,234.5", (",", ""): "1234,5", (",", "."): "1.234,5"}


def ask(schema: Schema, chosen: ChosenFile, sources: Mapping[str, str]) -> Readings:
    """Draw a choice for each column whose reading matters, and return all readings.

    `sources`: the file's column by the schema's. What the values show comes first, then the last file with this header.
    """
    found = by_evidence(schema, sources, chosen.sample.evidence, Readings())
    numbers, dates, asked = dict(found.numbers), dict(found.dates), set(found.asked)
    if chosen.last_mapping is not None:
        last = chosen.last_mapping[0]
        numbers |= {name: last.numbers[name] for name in asked & last.numbers.keys()}
        dates |= {name: last.dates[name] for name in asked & last.dates.keys()}
    shown = [name for name in sources if name in asked or _matters(chosen, sources[name], numbers.get(name))]
    if not shown:
        return found
    open_ = bool(asked - numbers.keys() - dates.keys())
    with st.expander(_("How numbers and dates are written"), expanded=open_, icon=":material/123:"):
        for name in shown:
            if is_date(schema.in_files[name]):
                _date(chosen, name, sources[name], dates)
            else:
                _number(chosen, name, sources[name], numbers)
    return Readings(numbers, dates, tuple(name for name in found.asked if name not in numbers and name not in dates))


def _matters(chosen: ChosenFile, source: str, reading: NumberReading | None) -> bool:
    """Whether another reading would change a value of the column."""
    seen = chosen.sample.evidence[source]
    if reading is None:
        return bool(seen.dates.unclear)
    return reading.decimal == "," or bool(reading.grouping or reading.unit or seen.numbers.unclear.total())


def _number(chosen: ChosenFile, name: str, source: str, numbers: dict[str, NumberReading]) -> None:
    seen = chosen.sample.evidence[source].numbers
    picked = number_box(_label(chosen, source), f"numbers-{chosen.place}-{name}", numbers.get(name), seen)
    if picked is not None:
        numbers[name] = picked


def _date(chosen: ChosenFile, name: str, source: str, dates: dict[str, DateReading]) -> None:
    key, cells = f"dates-{chosen.place}-{name}", chosen.sample.cells[source]
    if (picked := date_box(_label(chosen, source), key, dates.get(name), cells)) is not None:
        dates[name] = picked


def number_box(label: str, key: str, now: NumberReading | None, seen: NumberEvidence) -> NumberReading | None:
    """Draw the choice of how numbers are written, each with what it makes of a doubtful cell; returns the reading."""
    example = next(iter(seen.examples), "")
    read = {way: _read(NumberReading(way[0], way[1], seen.reading(".").unit), example) for way in _NUMBERS}
    way = (now.decimal, now.grouping if now.grouping in ".," else "") if now else None
    ways = [one for one in _NUMBERS if one == way or not example or read[one]]
    picked = st.selectbox(
        label,
        ways,
        index=ways.index(way) if way else None,
        key=key,
        format_func=lambda pair: _NUMBERS[pair] + (f" ({example} = {read[pair]})" if read[pair] else ""),
        placeholder=_("choose one"),
    )
    if picked is None or picked == way:
        return now
    return NumberReading(picked[0], picked[1], seen.reading(".").unit)


def _read(reading: NumberReading, text: str) -> str:
    """What the reading makes of a cell, "" if nothing."""
    try:
        return formats.ungrouped(reading.plain(text)) if text else ""
    except (ValueError, InvalidOperation):
        return ""


def date_box(label: str, key: str, now: DateReading | None, cells: Sequence[str]) -> DateReading | None:
    """Draw the choice of the order of day and month, each with what it makes of a cell; returns the reading."""
    words = {True: _("day first"), False: _("month first")}
    example = next((text for text in cells if len(meanings(visible(text))) > 1), "")
    read = dict(zip((True, False), meanings(visible(example)), strict=False)) if example else {}
    picked = st.selectbox(
        label,
        list(words),
        index=list(words).index(now.day_first) if now and now.day_first is not None else None,
        key=key,
        format_func=lambda first: (f"{example} = {_day(read[first])}, " if read else "") + words[first],
        placeholder=_("choose one"),
    )
    return now if picked is None else DateReading(picked)


def _day(iso: str) -> str:
    return formats.date_of(date.fromisoformat(iso[:10]))


def _label(chosen: ChosenFile, source: str) -> str:
    return f"{formats.plain(source)}: {_examples(chosen.sample.cells[source])}"


def _examples(cells: Sequence[str]) -> str:
    signed = [text for text in cells if not text.isalnum()] or cells
    return ", ".join(formats.plain(text[:20]) for text in dict.fromkeys(signed[:50]))[:80]
