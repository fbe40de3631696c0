"""Numbers, their units, and the codes among them."""

from __future__ import annotations

from typing import Any

from core.proposal import naming, vocabulary
from core.proposal.evidence import ColumnEvidence, Extent
from core.proposal.rules.finding import NEARLY_ALL, Found, Habits, Sure, kept, unread
from core.sentences import Sentence


def number(found: ColumnEvidence, how: Habits) -> Found | None:
    """A column of numbers."""
    if not found.filled or found.share(found.numbers.numbers) < NEARLY_ALL:
        return None
    if found.numbers.unit == "?":
        units = ", ".join(sorted(unit or "none" for unit in found.numbers.units))
        return kept(Sentence("Its numbers have several units: {units}.", units=units), "numbers with several units")
    told = found.numbers.decimal
    decimal = told if told in (".", ",") else how.decimal or "."
    extent = found.extent(decimal)
    if extent.lowest > extent.highest or _are_names(found, extent):
        return None
    said = read_as(found, decimal)
    values = said.values
    if told != "." and (told or found.numbers.unclear.total()):
        values["decimal"] = decimal
    if told != "," and "decimal" in values:
        said.doubt = Sentence("Its cells do not show the decimal sign; it is read as '{sign}'.", sign=decimal)
        said.sure = Sure.CHECK
    unread(said)
    return said


def read_as(found: ColumnEvidence, decimal: str) -> Found:
    """The numbers of a column with this `decimal` sign: their type, unit, codes and least value."""
    extent = found.extent(decimal)
    values: dict[str, Any] = {"type": "number" if extent.broken else "integer"}
    unfit = found.filled - found.numbers.numbers + extent.unread
    said = Found(_told(extent), unfit=unfit, values=values)
    if unit := found.unit or naming.unit(found.name) or ("years" if _is_age(found) else ""):
        values["unit"] = unit
    _codes(said, found, extent, decimal)
    return said


def _are_names(found: ColumnEvidence, extent: Extent) -> bool:
    """Whether its whole numbers are names that are written in figures: 00412, postal codes, codes of branches."""
    if extent.broken:
        return False
    if found.zeros or found.longest > 15:
        return True
    if not vocabulary.has(found.name, vocabulary.CODES):
        return False
    postal = found.different > 50 and found.shortest == found.longest >= 4
    return postal or (found.different <= 12 and found.rows > 20)


def _is_age(found: ColumnEvidence) -> bool:
    return vocabulary.is_one(found.name, vocabulary.AGES)


def _codes(said: Found, found: ColumnEvidence, extent: Extent, decimal: str) -> None:
    """Add the codes among the numbers, and the least number."""
    special = _special(found, extent, decimal)
    lowest = special.pop(None, extent.lowest)
    if special:
        said.values["special"] = special
        codes = ", ".join(map(str, special))
        said.remarks.append(
            Sentence("{codes} stands apart from the other numbers, so it is taken as a code.", codes=codes)
        )
        said.sure = Sure.LIKELY
    if lowest >= 0:
        said.values["minimum"] = 0


def _told(extent: Extent) -> Sentence:
    what = Sentence("numbers") if extent.broken else Sentence("whole numbers")
    low, high = f"{extent.lowest:g}", f"{extent.highest:g}"
    return Sentence("Its cells are {what} from {low} to {high}.", what=what, low=low, high=high)


def _special(found: ColumnEvidence, extent: Extent, decimal: str) -> dict[Any, Any]:
    """Codes with their meaning; under None the lowest of the other numbers."""
    if extent.broken or found.unlisted > found.filled // 2:
        return {}
    counts: dict[int, int] = {}
    for word, times in found.words.items():
        try:
            value = float(word.replace(",", ".") if decimal == "," else word.replace(",", ""))
        except ValueError:
            continue
        if value.is_integer():
            counts[int(value)] = counts.get(int(value), 0) + times
    codes: dict[Any, Any] = {}
    least = max(10, found.filled // 200)
    for code in (-1, -9, -99, -999, -9999, 99, 999, 9999, 99999, 999999):
        others = [value for value in counts if value != code and value not in codes]
        if counts.get(code, 0) < least or not others:
            continue
        apart = min(others) >= 0 if code < 0 else max(others) * 2 < code
        if apart and (code < 0 or code == extent.highest):
            codes[code] = f"no value (code {code})"
    if codes and (rest := [value for value in counts if value not in codes]):
        codes[None] = min(rest)
    return codes
