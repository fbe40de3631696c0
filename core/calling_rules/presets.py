"""Rules to begin with, by country. They are no legal advice: whoever calls must know the law and the consent they have.

Where a statute or a code of the trade names hours or a number of calls, the preset has them:

- DE: code of the trade of CCV and DDV, in force since 2015: Monday to Friday 8 to 20, Saturday 9 to 18, no Sundays and
  holidays. It allows three attempts a day; the preset allows two, as the association made the code stricter in 2016.
- ES: Real Decreto Legislativo 1/2007, article 96.2: not before 9 nor after 21, not on holidays or at weekends.
- FR: Décret 2022-1313: Monday to Friday 10 to 13 and 14 to 20, not on holidays, at most four times in 30 days.
- GB: code of practice of the DMA: 8 to 21, at weekends from 9. Many object to calls on Sundays and bank holidays, so
  the preset has none.
- IT: code of conduct for telemarketing approved by the Garante in 2023: Monday to Friday 9 to 20, Saturday 10 to 19, no
  Sundays and holidays.
- PT: Decreto-Lei 134/2009: 9 to 22 on the consumer's clock.
- US: 47 CFR 64.1200 (c)(1): 8 to 21 on the clock of the person called. States have rules of their own.

For AT and CH no hours are named here: the preset is that of Germany. Numbers of calls and pauses without a source above
are a careful choice of ours.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.calling_rules.rules import CallingRules, Span, Week
from core.values import time_zones

_NONE: tuple[Span, ...] = ()


def _hours(*spans: tuple[int, int]) -> tuple[Span, ...]:
    return tuple((begin * 60, end * 60) for begin, end in spans)


def _week(workday: tuple[Span, ...], saturday: tuple[Span, ...] = _NONE, sunday: tuple[Span, ...] = _NONE) -> Week:
    return (*((workday,) * 5), saturday, sunday)


_CAREFUL = _week(_hours((8, 20)), _hours((9, 18)))
_WEEKS: Mapping[str, Week] = {
    "AT": _CAREFUL,
    "CH": _CAREFUL,
    "DE": _CAREFUL,
    "ES": _week(_hours((9, 21))),
    "FR": _week(_hours((10, 13), (14, 20))),
    "GB": _week(_hours((8, 21)), _hours((9, 21))),
    "IT": _week(_hours((9, 20)), _hours((10, 19))),
    "PT": _week(_hours((9, 22)), _hours((9, 22))),
    "US": _week(_hours((8, 21)), _hours((8, 21)), _hours((8, 21))),
}
_A_MONTH: Mapping[str, int] = {"FR": 4}
COUNTRIES = tuple(sorted(_WEEKS))


def preset(country: str) -> CallingRules:
    """The rules to begin with in `country`, one of `COUNTRIES`. Raises KeyError for another one."""
    return CallingRules(
        zone=time_zones.of_country(country)[0],
        country=country,
        hours=_WEEKS[country],
        holidays=True,
        a_day=2,
        a_week=None if country in _A_MONTH else 5,
        a_month=_A_MONTH.get(country),
        in_all=8,
        pauses={"no answer": 4 * 60},
        other_time=True,
    )
