"""The rates of the calls by day, agent, band, segment and version. Pure: no screen, no database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum, auto

from app.language import _, formats, translate
from app.ranked_list.bands import BANDS, band_of, last_places
from app.results.calls_made import Call, Tally
from app.results.statistics import Rate, by_group, edges, rate
from core.models.decisions import Decision, state_of
from core.schema.column import Column, Value
from core.sentences import Sentence

Row = tuple[str, Rate]
PLACES = {
    "Top 10%": Sentence("Best 10% of these calls"),
    "Top 25%": Sentence("Up to the best 25%"),
    "Upper half": Sentence("Up to the better half"),
    "Lower half": Sentence("The other half"),
}
"""A band's name where it is a place among calls, and not on the list."""

A_MONTH = timedelta(days=30)
MANY = 62  # a chart of more rows is too dense to read


def in_period(tallies: Sequence[Tally], first: date, last: date) -> list[Tally]:
    """The tallies of the days from `first` to `last`, both included."""
    return [tally for tally in tallies if first <= tally.day <= last]


def total(rates: Iterable[Rate]) -> Rate:
    """The sum of the rates."""
    return sum(rates, start=Rate(0, 0))


class Span(Enum):
    """How much time a row of the chart has."""

    DAY = auto()
    WEEK = auto()
    MONTH = auto()

    def first(self, day: date) -> date:
        """The first day of the span that `day` is in; weeks begin on Mondays."""
        if self is Span.WEEK:
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self is Span.MONTH else day


def by_span(tallies: Sequence[Tally]) -> tuple[list[tuple[date, Rate]], Span]:
    """Each span with calls by its first day, and which span: days, or weeks or months where there are too many."""
    days = by_group((tally.day, tally.rate) for tally in tallies)
    for span in Span:
        found = by_group((span.first(day), rate) for day, rate in days.items())
        if len(found) <= MANY or span is Span.MONTH:
            break
    return sorted(found.items()), span


def by_agent(tallies: Sequence[Tally]) -> list[Row]:
    """Each agent, the one with the most calls first."""
    return _most_calls_first(by_group((tally.agent, tally.rate) for tally in tallies))


def _most_calls_first(rates: Mapping[str, Rate]) -> list[Row]:
    return sorted(rates.items(), key=lambda row: (-row[1].calls, row[0]))


def by_band(calls: Sequence[Call]) -> list[Row]:
    """The parts of these calls, the best first, by the rank of a call's score among the scores of all these calls.

    The rank on the list of that day is not stored anywhere. Calls without a score are left out.
    """
    scored = [(call.before.score, call.sold) for call in calls if call.before.score is not None]
    ordered = sorted((score for score, _sold in scored), reverse=True)
    floors = [ordered[place] for place in last_places(len(ordered))] if ordered else []
    bands = by_group((band_of(score, floors), rate([sold])) for score, sold in scored)
    return [(translate(PLACES[band.name]), bands[band]) for band in BANDS if band in bands]


def by_segment(calls: Sequence[Call], column: Column, place: int) -> list[Row]:
    """The groups of `column`, which is at `place` of each call's features.

    Each word is a group, the one with the most calls first; numbers form four groups of about the same size, the lowest
    first.
    """
    values = [call.before.features[place] for call in calls]
    if column.is_category:
        labels = [formats.value(column, value) if value is not None else _("Not known") for value in values]
    else:
        parts = _parts(column, values)
        labels = [_part(value, parts) for value in values]
    groups = by_group((label, rate([call.sold])) for label, call in zip(labels, calls, strict=True))
    if column.is_category:
        return _most_calls_first(groups)
    return [(label, groups[label]) for label in [*(label for _end, label in parts), _("Not known")] if label in groups]


def _parts(column: Column, values: Sequence[Value | None]) -> list[tuple[float, str]]:
    """Each part's last value, and its range in words. A special code that means no number has a part of its own."""
    numbers = sorted(float(v) for v in values if isinstance(v, int | float) and v not in column.special)
    parts, below = [], -float("inf")
    for end in edges(numbers):
        first = next(number for number in numbers if number > below)
        ends = _("{low} to {high}").format(low=formats.number(first), high=formats.number(end))
        words = formats.number(end) if first == end else ends
        parts.append((end, f"{words} {formats.unit(column, 0)}".rstrip()))  # 0 gives the plural of the unit
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
    """The other versions, each with the number of calls that both scored beforehand; the most calls first."""
    both = Counter(
        other for call in calls if version in call.before.scores for other in call.before.scores if other != version
    )
    return dict(both.most_common())


@dataclass(frozen=True)
class Role:
    """A version and its role beside the version in use; `words` may be empty."""

    version: str
    words: str

    @property
    def label(self) -> str:
        """The label in a list of choices."""
        text = _("Version {version}, {role}") if self.words else _("Version {version}")
        return text.format(version=self.version, role=self.words)


def roles(found: Iterable[str], decisions: Sequence[Decision], until: datetime) -> list[Role]:
    """The versions `found`, the best one to compare with first.

    That is the champion of a month before `until`, else the champion before the present one, else the canary.
    """
    then, now = state_of(decisions, until - A_MONTH), state_of(decisions, until)
    words = {
        now.canary: _("on trial"),
        now.previous: _("champion before"),
        then.champion: _("champion a month before"),
    }
    order = [then.champion, now.previous, now.canary]
    versions = list(found)
    first = [version for version in order if version in versions]
    return [Role(version, words.get(version, "")) for version in dict.fromkeys([*first, *versions]) if version]


@dataclass(frozen=True)
class PairedScores:
    """The results of n calls, and the scores that two versions gave them beforehand."""

    sold: list[bool]
    first: list[float]
    second: list[float]


def paired_scores(calls: Sequence[Call], first: str, second: str) -> PairedScores:
    """The calls that both versions scored."""
    both = [call for call in calls if first in call.before.scores and second in call.before.scores]
    return PairedScores(
        [call.sold for call in both],
        [call.before.scores[first] for call in both],
        [call.before.scores[second] for call in both],
    )


def by_route(calls: Sequence[Call], champion: str, canary: str) -> list[tuple[str, Rate]]:
    """The calls that the canary and a champion scored, by whose score was used; the champion's first.

    A refresh may have become the champion while the trial goes on: the calls of the one before are the champion's, too.
    """
    both = [call for call in calls if canary in call.before.scores and len(call.before.scores) > 1]
    used = by_group((canary if call.before.version == canary else champion, rate([call.sold])) for call in both)
    return [(version, used.get(version, Rate(0, 0))) for version in (champion, canary)]
