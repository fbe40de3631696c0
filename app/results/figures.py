"""What the calls came to, grouped as the results page shows it. Pure: no screen, no database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.language import _, formats
from app.ranked_list.bands import BANDS, band_of, last_places
from app.results.calls_made import Call, Tally
from app.results.statistics import Rate, by_group, edges, rate
from core.models.decisions import Decision, state
from core.schema.column import Column, Value

Row = tuple[str, Rate]
A_MONTH = timedelta(days=30)
MANY_DAYS = 62  # from here on a chart by days is a fence; weeks are shown


def in_period(tallies: Sequence[Tally], first: date, last: date) -> list[Tally]:
    """Those of the days from `first` to `last`, both included."""
    return [tally for tally in tallies if first <= tally.day <= last]


def total(rates: Iterable[Rate]) -> Rate:
    """All of them together."""
    return sum(rates, start=Rate(0, 0))


def by_day(tallies: Sequence[Tally]) -> tuple[list[tuple[date, Rate]], bool]:
    """Each day that had calls, or each week by its Monday where there are many days; and whether it is weeks."""
    days = by_group((tally.day, tally.rate) for tally in tallies)
    weekly = len(days) > MANY_DAYS
    if weekly:
        days = by_group((day - timedelta(days=day.weekday()), found) for day, found in days.items())
    return sorted(days.items()), weekly


def by_agent(tallies: Sequence[Tally]) -> list[Row]:
    """Each agent, those with the most calls first."""
    agents = by_group((tally.agent, tally.rate) for tally in tallies)
    return sorted(agents.items(), key=lambda row: (-row[1].calls, row[0]))


def by_band(calls: Sequence[Call]) -> list[Row]:
    """The bands, the best first, by where a call's score stood among the scores of all these calls.

    Where it stood on the list of its day is not kept anywhere. Calls without a score are left out.
    """
    scored = [(call.before.score, call.sold) for call in calls if call.before.score is not None]
    ordered = sorted((score for score, _sold in scored), reverse=True)
    floors = [ordered[place] for place in last_places(len(ordered))] if ordered else []
    found = by_group((band_of(score, floors), rate([sold])) for score, sold in scored)
    return [(band.label, found[band]) for band in BANDS if band in found]


def by_segment(calls: Sequence[Call], column: Column, place: int) -> list[Row]:
    """The groups of `column`, which is at `place` of each call's features.

    Words as they are, those with the most calls first; numbers in four parts of about the same size, the lowest first.
    """
    values = [call.before.features[place] for call in calls]
    if column.is_category:
        labels = [formats.value(column, value) if value is not None else _("Not known") for value in values]
        found = by_group((label, rate([call.sold])) for label, call in zip(labels, calls, strict=True))
        return sorted(found.items(), key=lambda row: (-row[1].calls, row[0]))
    parts = _parts(column, values)
    found = by_group((_part(value, parts), rate([call.sold])) for value, call in zip(values, calls, strict=True))
    return [(label, found[label]) for label in [*(label for _end, label in parts), _("Not known")] if label in found]


def _parts(column: Column, values: Sequence[Value | None]) -> list[tuple[float, str]]:
    """Each part's last value, and its first to last value in words. What stands for no number has a part of its own."""
    numbers = sorted(float(v) for v in values if isinstance(v, int | float) and v not in column.special)
    parts, below = [], -float("inf")
    for end in edges(numbers):
        first = next(number for number in numbers if number > below)
        ends = _("{low} to {high}").format(low=formats.number(first), high=formats.number(end))
        words = formats.number(end) if first == end else ends
        # As beside several, whatever the last of them is.
        parts.append((end, f"{words} {formats.unit(column, 0)}".rstrip()))
        below = end
    return parts + [(float(code), formats.value(column, code)) for code in column.special]


def _part(value: Value | None, parts: Sequence[tuple[float, str]]) -> str:
    if not isinstance(value, int | float):
        return _("Not known")
    exact = [label for end, label in parts if end == value]
    return exact[-1] if exact else next(label for end, label in parts if value <= end)


def main_version(calls: Sequence[Call]) -> str | None:
    """The version whose scores ordered most of the calls; None if none had a score."""
    used = Counter(call.before.version for call in calls if call.before.version is not None)
    return used.most_common(1)[0][0] if used else None


def rivals(calls: Sequence[Call], version: str) -> dict[str, int]:
    """The other versions, with how many of the calls both scored beforehand; the one with the most first."""
    both = Counter(
        other for call in calls if version in call.before.scores for other in call.before.scores if other != version
    )
    return dict(both.most_common())


@dataclass(frozen=True)
class Role:
    """A version and what it is beside the one in use, in words; `words` may be empty."""

    version: str
    words: str

    @property
    def label(self) -> str:
        """For a list to choose from."""
        if not self.words:
            return _("Version {version}").format(version=self.version)
        return _("Version {version}, {role}").format(version=self.version, role=self.words)


def roles(found: Iterable[str], decisions: Sequence[Decision], until: datetime) -> list[Role]:
    """The versions `found`, the one to compare with first.

    That is the champion of a month before `until`; failing that the one before the present, then the one on trial.
    """
    then, now = state(decisions, until - A_MONTH), state(decisions, until)
    words = {
        now.canary: _("on trial"),
        now.previous: _("champion before"),
        then.champion: _("champion a month before"),
    }
    order = [then.champion, now.previous, now.canary]
    versions = list(found)
    first = [version for version in dict.fromkeys(order) if version in versions]
    return [Role(version, words.get(version, "")) for version in dict.fromkeys([*first, *versions]) if version]


@dataclass(frozen=True)
class Same:
    """The same n calls as two versions scored them beforehand."""

    sold: list[bool]
    one: list[float]
    other: list[float]


def same_people(calls: Sequence[Call], one: str, other: str) -> Same:
    """Those of the calls that both versions scored."""
    both = [call for call in calls if one in call.before.scores and other in call.before.scores]
    return Same(
        [call.sold for call in both],
        [call.before.scores[one] for call in both],
        [call.before.scores[other] for call in both],
    )


def by_route(calls: Sequence[Call], champion: str, canary: str) -> list[tuple[str, Rate]]:
    """The calls that both versions scored, by the one whose score was used: the champion's first."""
    both = [call for call in calls if {champion, canary} <= call.before.scores.keys()]
    used = by_group((call.before.version, rate([call.sold])) for call in both)
    return [(version, used.get(version, Rate(0, 0))) for version in (champion, canary)]
