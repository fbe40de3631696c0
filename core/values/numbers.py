"""Numbers as people write them, and what their signs mean; all values of a column show it.

Both signs in one value tell (`5.191,0`), and so do repeated groups (`1.234.567`), other than three digits behind a sign
(`4,85`), and a zero or more than three digits before it (`0,857`, `4857,123`). `4,857` alone does not tell.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Self

from core.sentences import Sentence
from core.values.visible import visible

REMEMBERED = 20_000  # texts that a rule was applied to last
MOSTLY = 0.8  # the share of the values that tell from which the others are mistakes
_BODY = re.compile(
    r"(?P<open>\()?\s*(?P<minus>[-+−–])?\s*(?P<before>[^\d\s.,'’()+−–-]{1,4})?\s*(?P<minus2>[-+−–])?\s*"  # noqa: RUF001
    r"(?P<core>[.,]?\d[\d.,'’ ]*?)(?P<power>[eE][+-]?\d{1,3})?\s*(?P<after>[^\d\s.,'’()+−–-]{1,4})?\.?\s*"  # noqa: RUF001
    r"(?P<minus3>[-−])?\s*(?P<close>\))?"  # noqa: RUF001
)
_UNITS = "% € $ £ ¥ ₽ ₹ ₺ ₴ zł kč kr ft lei fr eur usd gbp chf pln czk sek nok dkk huf jpy rub try ron bgn inr aud cad"
_SIGNS = frozenset(_UNITS.split())
_COMMON = {sign: re.compile(rf"-?[0-9]+(?:[{sign}][0-9]+)?") for sign in ".,"}
"""The numbers that most cells hold, by the decimal sign: nothing of them has to be weighed."""
_GROUPS = re.compile(r"\d{1,3}(?:(?P<sep>[.,' ])\d{2,3})(?:(?P=sep)\d{2,3})*")


@dataclass(frozen=True)
class NumberReading:
    """How the numbers of a column are written: the sign before decimals ("." or ","), the sign between groups ("" for
    none, ".", ",", "'" or " "), and a unit ("%", "€") that stands beside them ("" for none).
    """

    decimal: str = "."
    grouping: str = ""
    unit: str = ""

    def document(self) -> dict[str, str]:
        """The stored form."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The reading whose stored form is `document`."""
        return cls(**document)

    def plain(self, text: str) -> str:
        """The number in `text` as "-1234.56"; what is no number is returned as it is.

        Raises ValueError for a number that is written otherwise or is ambiguous; its arguments are the broken rule, and
        the rule without the value.
        """
        if self.unit != "%" and _COMMON[self.decimal].fullmatch(text):
            return text.replace(",", ".")
        written = take_apart(text)
        if written is None:
            return text
        if written.unit != self.unit and (written.unit or self.unit == "%") and written.core.strip("0.,"):
            unit = written.unit or Sentence("no unit")
            raise ValueError(
                Sentence("{value} has {unit}; its column has {other}", value=repr(text), unit=unit, other=self._unit),
                Sentence("has another unit than its column"),
            )
        return written.sign + self._digits(text, written.core) + written.power

    @property
    def _unit(self) -> str:
        return self.unit or Sentence("no unit")

    def _digits(self, text: str, core: str) -> str:
        whole, sign, rest = core.rpartition(self.decimal)
        if not sign:
            whole, rest = core, ""
        if whole.isdigit() or (not whole and rest.isdigit()):
            if sign and not rest.isdigit():
                raise self._otherwise(text)
            return f"{whole or '0'}.{rest}" if rest else whole
        other = "," if self.decimal == "." else "."
        if not _is_grouped(whole) or (rest and not rest.isdigit()):
            raise self._otherwise(text)
        between = next(c for c in whole if not c.isdigit())
        if between == self.grouping or between in " '":
            digits = whole.replace(between, "")
            return f"{digits}.{rest}" if rest else digits
        if between == other and not self.grouping and not sign and whole.count(between) == 1:
            one, two = whole.replace(between, ""), whole.replace(between, ".")
            raise ValueError(
                Sentence("{value} can be {one} or {two}; its column does not tell", value=repr(text), one=one, two=two),
                Sentence("can be two numbers; its column does not tell"),
            )
        raise self._otherwise(text)

    def _otherwise(self, text: str) -> ValueError:
        sign = Sentence("a decimal comma") if self.decimal == "," else Sentence("a decimal point")
        return ValueError(
            Sentence(
                "{value} is written otherwise than the numbers of its column, which have {sign}",
                value=repr(text),
                sign=sign,
            ),
            Sentence("is written otherwise than the numbers of its column, which have {sign}", sign=sign),
        )


def is_common(text: str) -> bool:
    """Whether `text` is a number such as -1234.56: nothing of it has to be weighed but the point."""
    return bool(_COMMON["."].fullmatch(text))


def may_be_date(common: str) -> bool:
    """Whether a number that `is_common` can be a date, too: 20260711."""
    return len(common) == 8 and common.startswith(("19", "20"))


class Written(NamedTuple):
    """A number in its parts: "-" or "", the digits with their signs (one kind of space and apostrophe), "e5", "€"."""

    sign: str
    core: str
    power: str
    unit: str


@lru_cache(maxsize=REMEMBERED)
def take_apart(text: str) -> Written | None:
    """The parts of a number, or None where `text` is none."""
    match = _BODY.fullmatch(visible(text))
    if match is None or bool(match["open"]) != bool(match["close"]):
        return None
    units = [unit for unit in (match["before"], match["after"]) if unit]
    signs = [sign for sign in (match["minus"], match["minus2"], match["minus3"]) if sign]
    if len(units) > 1 or len(signs) > 1 or (units and units[0].casefold() not in _SIGNS):
        return None
    minus = bool(match["open"]) != bool(signs and signs[0] != "+")
    core = match["core"].replace("’", "'").strip()  # noqa: RUF001
    if re.search(r"[.,' ]{2}", core) or core.endswith("'"):
        return None
    return Written("-" if minus else "", core, (match["power"] or "").lower(), units[0].casefold() if units else "")


@dataclass
class NumberEvidence:
    """What the values of a column say of their signs, in rows.

    `point`, `comma`: values that show the decimal sign; `unclear`: values that show neither ("4,857"), by their sign;
    `groups`: values that show a sign of grouping; `units`; `numbers`: all numbers; `others`: other texts.
    """

    point: int = 0
    comma: int = 0
    numbers: int = 0
    others: int = 0

    def __post_init__(self) -> None:
        self.unclear: Counter[str] = Counter()
        self.groups: Counter[str] = Counter()
        self.units: Counter[str] = Counter()
        self.examples: dict[str, None] = {}

    def add(self, value: Any, rows: int = 1) -> None:
        """Add a value that is in so many rows."""
        if isinstance(value, int | float):
            self.numbers += rows
            return
        written = take_apart(str(value))
        if written is None:
            self.others += rows
            return
        self.numbers += rows
        if written.core.strip("0.,"):
            self.units[written.unit] += rows
        decimal, grouping, unclear = shows(written.core, powered=bool(written.power))
        self.point += rows * (decimal == ".")
        self.comma += rows * (decimal == ",")
        if grouping:
            self.groups[grouping] += rows
        if unclear:
            self.unclear[unclear] += rows
            self._add_example(str(value))

    def add_common(self, text: str, rows: int = 1) -> None:
        """Add a value that `is_common`, as `add` would, in a fraction of the time."""
        self.numbers += rows
        whole, sign, behind = text.removeprefix("-").partition(".")
        if whole.strip("0") or behind.strip("0"):
            self.units[""] += rows
        if sign and (len(behind) != 3 or whole[0] == "0" or len(whole) > 3):
            self.point += rows
        elif sign:
            self.unclear[sign] += rows
            self._add_example(text)

    def _add_example(self, text: str) -> None:
        if len(self.examples) < 200:
            self.examples[text] = None

    @property
    def decimal(self) -> str:
        """The decimal sign that the values show, "" if they show none, "?" if some show the one and some the other."""
        told = self.point + self.comma
        if not told:
            return ""
        if max(self.point, self.comma) < MOSTLY * told:
            return "?"
        return "." if self.point > self.comma else ","

    @property
    def unit(self) -> str:
        """The unit beside the numbers, "?" if it is mixed."""
        if not self.units:
            return ""
        signs = {unit: rows for unit, rows in self.units.items() if unit and unit != "%"}
        if signs and "%" not in self.units:  # amounts without a sign have the sign of the others
            best = max(signs, key=lambda unit: signs[unit])
            return best if signs[best] >= MOSTLY * sum(signs.values()) else "?"
        best = max(self.units, key=lambda unit: self.units[unit])
        return best if self.units[best] >= MOSTLY * self.units.total() else "?"

    def reading(self, decimal: str) -> NumberReading:
        """The reading with this `decimal` sign."""
        other = "," if decimal == "." else "."
        fit = [sign for sign in (other, "'", " ") if self.groups[sign]]
        return NumberReading(decimal, fit[0] if fit else "", self.unit if self.unit != "?" else "")


@lru_cache(maxsize=REMEMBERED)
def shows(core: str, *, powered: bool = False) -> tuple[str, str, str]:
    """The decimal sign that `core` shows, its sign of grouping, and the sign that could be either; each "" if none."""
    points, commas = core.count("."), core.count(",")
    blanks = next((c for c in "' " if c in core), "")
    if points and commas:
        return _both(core)
    sign = "." if points else ","
    if points + commas > 1:
        other = "," if sign == "." else "."
        return (other, sign, "") if _is_grouped(core) else ("", "", "")
    whole, _, behind = core.partition(sign)
    grouping = blanks if blanks and _is_grouped(whole) else ""
    if points + commas == 0:
        return "", grouping, ""
    if blanks or powered or len(behind) != 3 or not whole or whole[0] == "0" or len(whole) > 3:
        return sign, grouping, ""
    return "", "", sign


def _both(core: str) -> tuple[str, str, str]:
    """`shows` for a number with points and commas: the last one is the decimal sign."""
    last = max(".,", key=core.rfind)
    if core.count(last) > 1 or not _is_grouped(core[: core.rfind(last)]):
        return "", "", ""
    return last, "," if last == "." else ".", ""


def _is_grouped(whole: str) -> bool:
    """Whether digits are in groups by one sign: 1,234,567, or 12,34,567 as in India."""
    return bool(_GROUPS.fullmatch(whole)) and len(re.split(r"[.,' ]", whole)[-1]) == 3
