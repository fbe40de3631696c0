"""A plain number is read in a shortcut, which gives what the thorough way gives."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.proposal.evidence import ColumnEvidence, is_phone
from core.values.dates import meanings
from core.values.numbers import NumberEvidence, NumberReading, is_common, may_be_date, take_apart

PLAIN = st.from_regex(r"-?[0-9]{1,17}(\.[0-9]{1,6})?", fullmatch=True) | st.dates().map(lambda day: f"{day:%Y%m%d}")
NEARLY = st.text("0123456789.,-+ eE%€/'\u00a0²१", max_size=12)


def evidence(numbers: NumberEvidence) -> dict[str, Any]:
    return asdict(numbers) | vars(numbers)


@given(PLAIN | NEARLY, st.integers(1, 9))
def test_the_evidence_is_the_same(text: str, rows: int) -> None:
    if not is_common(text):
        return
    quick, thorough = NumberEvidence(), NumberEvidence()
    quick.add_common(text, rows)
    thorough.add(text, rows)
    assert evidence(quick) == evidence(thorough)
    assert may_be_date(text) or not meanings(text)


@given(PLAIN | NEARLY, st.sampled_from(".,"), st.sampled_from(["", "€", "%"]))
def test_the_number_is_the_same(text: str, decimal: str, unit: str) -> None:
    reading = NumberReading(decimal, "", unit)
    written = take_apart(text)
    if written is None or written.unit or (unit == "%" and written.core.strip("0.,")):
        return
    try:
        thorough = written.sign + reading._digits(text, written.core) + written.power
    except ValueError:
        with pytest.raises(ValueError, match=r"is written otherwise|can be"):
            reading.plain(text)
    else:
        assert reading.plain(text) == thorough


@given(PLAIN, st.integers(1, 9))
def test_a_column_of_a_file_shows_the_same(text: str, rows: int) -> None:
    quick = ColumnEvidence("a")
    quick.add(text, rows)
    thorough = ColumnEvidence("a")
    thorough.numbers.add(text, rows)
    thorough.points.add(text, rows)
    thorough.commas.add(text, rows)
    thorough.dates.add(text, rows)
    assert (quick.phones, quick.zeros) == (rows * is_phone(text), rows * bool(re.fullmatch("0[0-9]+", text)))
    meaning = {"0": "no", "1": "yes", "0.0": "no", "1.0": "yes"}.get(text, "")
    assert (quick.yes, quick.no) == (rows * (meaning == "yes"), rows * (meaning == "no"))
    assert not quick.missing
    for part in ("points", "commas", "dates"):
        assert getattr(quick, part) == getattr(thorough, part)
    assert evidence(quick.numbers) == evidence(thorough.numbers)
