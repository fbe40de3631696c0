"""A loop that knows the form of the truth and learns its numbers: how near an oracle anybody can come by learning.

Each morning it fits one linear model to all outcomes that are known by then, on the very terms that people's log-odds
are a sum of (`replay.living.people`). No appliance knows these terms. What the pupil lacks to the oracle, outcomes of
that number cannot tell; what the appliance lacks to the pupil, its own rules cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from sklearn.linear_model import LogisticRegression

from core.schema.yes_no import YES
from replay.living.centre import Centre
from replay.living.loop import Call, Delivery, Scored
from replay.living.people import NEWS, OCCUPATIONS, ORDER_DAYS, PLANS, REACHED_BY, REGIONS, Numbers, Person

STRENGTH = 0.1
"""Inverse strength of the ridge: the best of 0.01, 0.03 and 0.1 in `stationary`, so the pupil is flattered a little."""
WORDS = {"occupation": OCCUPATIONS, "region": REGIONS, "plan": PLANS, "reached_by": REACHED_BY, "gets_news": NEWS}


@dataclass
class Pupil:
    """See `Loop`. `centre` shows it people's own values and calls, never their chances."""

    centre: Centre
    name: str = "pupil"
    _list: Scored = field(init=False)
    _rows: list[Numbers] = field(default_factory=list)
    _sold: list[bool] = field(default_factory=list)
    _own: dict[str, Numbers] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._list = Scored(self.name, self._score, daily=True)
        for one in self.centre.people.values():
            if one.sold is not None and one.called_at is not None:
                self._learn(one.person, one.calls - 1, one.sold, one.called_at)
        self._fit()

    def arrive(self, rows: Delivery, at: datetime) -> None:
        """See `Loop`."""
        self._list.arrive(rows, at)

    def list_of_day(self, at: datetime) -> Sequence[str]:
        """See `Loop`."""
        self._fit()
        return self._list.list_of_day(at)

    def called(self, call: Call) -> None:
        """See `Loop`."""
        self._list.called(call)

    def outcome(self, person: str, call: int, positive: bool, at: datetime, known_at: datetime) -> None:  # noqa: ARG002
        """See `Loop`."""
        self._learn(self.centre.people[person].person, call - 1, positive, at)

    def end_of_day(self, at: datetime) -> None:
        """See `Loop`."""

    def _learn(self, person: Person, calls: int, sold: bool, at: datetime) -> None:
        self._rows.append(self._terms(person, calls, at))
        self._sold.append(sold)

    def _fit(self) -> None:
        self._model = LogisticRegression(C=STRENGTH, max_iter=500).fit(np.array(self._rows), np.array(self._sold))

    def _score(self, keys: Sequence[str], at: datetime) -> Sequence[float]:
        if not keys:
            return []
        people = [self.centre.people[key] for key in keys]
        odds = self._model.decision_function(np.array([self._terms(one.person, one.calls, at) for one in people]))
        return list(map(float, odds))

    def _terms(self, person: Person, calls: int, at: datetime) -> Numbers:
        """The terms of a person's log-odds on a call at `at`, after so many earlier `calls`."""
        if person.key not in self._own:
            self._own[person.key] = _own_terms(person)
        order = np.nan_to_num(np.exp((person.ordered - at.toordinal()) / ORDER_DAYS))
        return np.append(self._own[person.key], (order, calls))


def _own_terms(person: Person) -> Numbers:
    values = person.values
    years, income, visits, household = (_number(values[name]) for name in ("age", "income", "visits", "household"))
    bend, blank = (years - 46) / 14, bool(np.isnan(income))
    terms = [bend, bend**2 - 1, bend * (values["owns_home"] == YES), blank, household, np.log(max(visits, 0.5))]
    terms.append(0.0 if blank else (np.log(income) - 7.8) / 0.45)
    words = [values[column] == word for column, known in WORDS.items() for word in known]
    return np.array([*terms, *words], dtype=np.float64)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
