"""What people do in the story: files come in, and the team calls those who are on the list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from bootstrap.check.journey import SAMPLE, SAMPLE_CAMPAIGN, answers_of
from core.stores.mongo import count, reachable
from replay.story import newcomers
from replay.story.agents import Answers, Team
from replay.story.view import View

BRANCH = "new-branch"
TURN = 25  # calls between two looks
FILE, FILES = 300, 3  # people in a file of newcomers, and the files that come at once
TRIAL_FILE, TRIAL_FILES = 250, 8  # people in a file that comes during a trial, and the files that it may take


@dataclass
class Work:
    """The work of `team` on the appliance that `view` shows; `folder` is for the files that come.

    `erasure_key` recognises people who were erased.
    """

    view: View
    team: Team
    folder: Path
    erasure_key: str | None = None
    _sample: pd.DataFrame = field(default_factory=pd.DataFrame)
    _answers: dict[str, Answers] = field(default_factory=dict)

    def call_sample(self, holds: Callable[[], bool], most: int) -> int:
        """Calls of the sample until `holds`, at most `most`; returns how many were made."""
        if SAMPLE_CAMPAIGN not in self._answers:
            self._answers[SAMPLE_CAMPAIGN] = answers_of(SAMPLE, self.view.schema)
        return self._call(SAMPLE_CAMPAIGN, holds, most)

    def _call(self, campaign: str, holds: Callable[[], bool], most: int) -> int:
        made = 0
        while not holds() and made < most:
            new = self.team.call(campaign, self._answers[campaign], TURN)
            self.view.tell_news()
            if not new:
                break
            made += new
        return made

    def arrive(self, number: int) -> None:
        """File `number` of newcomers comes in; a second time it changes nothing."""
        schema, name = self.view.schema, _campaign(number)
        if self._sample.empty:
            self._sample = pd.read_csv(SAMPLE, sep=";")
        people = newcomers.draw(schema, self._sample, FILE if number <= FILES else TRIAL_FILE, seed=number)
        self._answers[name] = dict(enumerate(people["positive"].tolist(), 1))
        newcomers.write(schema, people, self.folder / f"{name}.csv")
        report = self.view.bring(
            self.folder / f"{name}.csv", name, title=f"New branch, file {number}", key=self.erasure_key
        )
        if report.inserted:
            self.view.say(f"'{name}.csv' was imported: {report.inserted} people.")

    def call_all(self, number: int) -> None:
        """Call everybody of file `number` who is still open, once they are ranked."""
        if _campaign(number) not in self._answers:
            self.arrive(number)
        if self.view.ranked(_campaign(number)):
            made = self._call(_campaign(number), lambda: False, FILE * 2)
            self.view.say(f"'{_campaign(number)}': {made} calls were made.")

    def next_files(self) -> list[int]:
        """The numbers of the files that a further trial may use: one that has open people first, then new ones."""
        with reachable():
            known = {str(one["_id"]) for one in self.view.db.campaigns.find({}, {"_id": 1})}
        number = 1
        while _campaign(number) in known:
            number += 1
        last = number - 1
        unfinished = last > FILES and count(self.view.db.prospects, {"campaign": _campaign(last), "status": "open"})
        first = last if unfinished else number
        return list(range(first, first + TRIAL_FILES))

    def outcomes(self) -> int:
        """Outcomes of calls that were made here."""
        with reachable():
            return count(self.view.db.outcomes, {"agent": {"$nin": ["import"]}})


def _campaign(number: int) -> str:
    return f"{BRANCH}-{number}"
