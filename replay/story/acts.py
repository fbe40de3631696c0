"""The acts of the story, in their order. Each does what people do, and then waits for what the appliance does.

Every act may begin again: it looks at what is there already, and does only what is missing. An act that does not come
to its end in time says so, and the story goes on without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.review import figures as review_figures
from core.calls.lifecycle import Result
from core.clock import Clock, now
from core.errors import GateRefused, InputError
from core.models.decisions import Decision, DecisionKind
from core.oversight import reviews, week
from core.privacy import requests
from core.schema.person import Person
from core.stores.mongo import Document, count, reachable
from monitor.flows.triggers import last_fit
from replay.story.diary import Diary
from replay.story.sabotaged import CODE
from replay.story.view import View
from replay.story.work import BRANCH, FILES, TRIAL_FILES, Work

MANAGER = "Clara"
FIRST_CALLS = 200  # enough for a report on quality
MOST_CALLS = 1_500  # of the sample, until a refresh is due
LOOKS, RUNS, TRIALS = 120.0, 420.0, 20.0  # seconds within which a report comes, a training ends, a trial is judged


@dataclass
class Story:
    """The acts, on the appliance that `view` shows. `refresh`: outcomes from which a refresh is due.

    `work` is what people do, and `sabotage` trains the version that goes wrong.
    """

    view: View
    work: Work
    diary: Diary
    refresh: int
    sabotage: Callable[[], object]
    clock: Clock = now

    @property
    def acts(self) -> dict[str, tuple[str, Callable[[], str]]]:
        """By name, what each act is about, and the act; it returns how it ended."""
        return {
            "calls": ("Three agents call the best of the list.", self.calls),
            "reports": ("The monitor compares who came and what was said with what the model promised.", self.reports),
            "refresh": ("The agents go on, until a refresh of the champion is due.", self.refreshed),
            "others": ("A file of other people arrives: customers of a branch that was taken over.", self.others),
            "trial": ("The agents call them. The appliance learns, and tries what it has learnt.", self.trial),
            "sabotage": ("Somebody breaks a training on purpose: only a trial can stop that version.", self.sabotaged),
            "erasure": ("Somebody who was called asks to be erased.", self.erased),
            "week": ("The manager signs the week.", self.week),
        }

    # --- the acts ---------------------------------------------------------------------------------------------------

    def calls(self) -> str:
        """The first calls of the sample."""
        made = self.work.call_sample(lambda: self.work.outcomes() >= FIRST_CALLS, FIRST_CALLS * 2)
        return f"{made} calls were made; {self.work.outcomes()} people bought or refused."

    def reports(self) -> str:
        """Reports on drift and quality, by the monitor's own jobs."""
        found = self.view.wait(lambda: {"drift", "performance"} <= self._reports(), LOOKS)
        return "Both reports are on the pages Overview and Evidently." if found else "A report is still to come."

    def refreshed(self) -> str:
        """Calls until a refresh is due, its training, and its place beside the champion."""
        if not self.refresh:
            return "The settings of this appliance make no refreshes."
        before = self._last(DecisionKind.REFRESHED, DecisionKind.MIXED)
        if before is None:
            self.work.call_sample(lambda: self._learnable() >= self.refresh, MOST_CALLS)
            self.view.say(f"{self._learnable()} outcomes are new since the last training, so a refresh is due.")
        mixed = self.view.wait(lambda: self._last(DecisionKind.MIXED) or self.view.lineup().trial, RUNS)
        if mixed is not None and mixed.what is DecisionKind.ON_TRIAL:
            self.work.call_sample(lambda: self.view.lineup().canary is None, MOST_CALLS)
            return f"A training found another recipe, so version {mixed.version} was tried and not mixed in."
        if mixed is None:
            return "No refresh was mixed in: a gate refused it, or it is still to come. The page Models says which."
        return f"Version {mixed.version} was mixed with the champion, with {mixed.evidence['weight']:.0%} of the say."

    def _learnable(self) -> int:
        """Outcomes since the last training began, as the monitor counts them: an incident may have asked for one."""
        with reachable():
            known = count(self.view.db.outcomes, {})
        return known - last_fit(self.view.db, self.view.decisions()).outcomes

    def others(self) -> str:
        """Newcomers' files, a drift report that is bad, an incident, and its first training."""
        for number in range(1, FILES + 1):
            self.work.arrive(number)
        report = self.view.wait(self._drift_of_newcomers, LOOKS * 2)
        if report is None:
            return "No report has found them yet."
        moved = sum(bool(column["drifted"]) for column in report["verdict"]["columns"])
        incident = self.view.wait(lambda: [one for one in self.view.active() if one["cause"] == "drift"], LOOKS)
        waits = "; an incident is open, and waits for outcomes to learn from" if incident else ""
        return f"The drift report is bad: {moved} columns moved{waits}."

    def trial(self) -> str:
        """Calls to the newcomers, until a version that was tried on them is the champion."""
        for number in range(1, FILES + 1):
            self.work.call_all(number)
        self.view.wait(lambda: self.view.lineup().trial or self._promoted(), RUNS)
        number = FILES
        while not self._promoted() and number < FILES + TRIAL_FILES:
            number += 1
            self.work.arrive(number)
            self.work.call_all(number)
            self.view.wait(lambda: self._promoted() is not None, TRIALS)
        won = self._promoted()
        if won is None:
            return "No trial is decided yet; it goes on with the calls that you make."
        self.view.wait(lambda: not self.view.active(), LOOKS)
        return f"Version {won.version} won its trial and is the champion; {len(self.view.active())} incidents are open."

    def sabotaged(self) -> str:
        """A training whose model learnt the outcomes of others, its trial, and its end."""
        if self._broken() is None:
            # Its trial would end another one, and a training that is under way would end its own.
            if self.view.wait(lambda: not self.view.flows.under_way(), RUNS) and (other := self.view.lineup().canary):
                self.view.say(f"Version {other} is on trial, so the agents call until that trial is over.")
                self._call_while_on_trial(other)
            try:
                self.sabotage()
            except GateRefused as refused:
                return f"A gate stopped it already: {refused.why}."
        broken = self._broken()
        if broken is None:
            return "Its training handed no version over."
        self._call_while_on_trial(broken.version)
        ended = self._last(DecisionKind.DROPPED, version=broken.version)
        if ended is None and self.view.lineup().canary == broken.version:
            return f"The trial of version {broken.version} goes on with the calls that you make."
        if ended is None:
            return f"Another version took the place of version {broken.version} before its trial was decided."
        return f"Version {broken.version} was dropped: {ended.why}."

    def erased(self) -> str:
        """A manager's request for somebody who asked not to be called; the worker erases."""
        db = self.view.db
        if requests.newest(db, 1):
            return "The erasure is on the page Privacy."
        with reachable():
            call = db.calls.find_one({"result": Result.DO_NOT_CALL.value}, sort=[("at", 1)])
        if call is None or self.work.erasure_key is None:
            return "Nobody asked for it."
        person = Person(str(call["ref"]), None if self.view.schema.reference else str(call["campaign"]))
        asked = requests.request_erasure(db, self.work.erasure_key, person, by=MANAGER, keep_out=True)
        return f"{MANAGER} asked for it on the page Privacy; the receipt of {asked.id} comes in a few minutes."

    def week(self) -> str:
        """The signature under the week in which the story began, once it is over; raises InputError before."""
        name = week.week_name(self.diary.began)
        db, model = self.view.db, self.view.model
        if name in reviews.signers_by_week(db, model):
            return f"The review of {name} is signed already."
        figures, _ = review_figures.signed_or_present(db, model, name)
        note = f"Looked at {len(figures['decisions'])} decisions and {len(figures['incidents'])} incidents."
        reviews.sign(db, model, name, figures, by=MANAGER, note=note, clock=self.clock)
        return f"{MANAGER} signed the review of {name}."

    def _call_while_on_trial(self, version: str) -> None:
        """People arrive and are called, file by file, until the trial of `version` is over, or enough files came."""
        for number in self.work.next_files():
            if self.view.lineup().canary != version:
                return
            self.work.arrive(number)
            self.work.call_all(number)
            self.view.wait(lambda: self.view.lineup().canary != version, TRIALS)

    # --- what the acts look for -------------------------------------------------------------------------------------

    def _drift_of_newcomers(self) -> Document | None:
        """The newest drift report, if it is bad and newcomers are the last who came."""
        with reachable():
            found = list(self.view.db.reports.find({"kind": "drift"}))
        newest = max(found, key=lambda one: one["made"]["at"], default=None)
        seen = newest is not None and str(newest["verdict"]["last"]).startswith(f"{BRANCH}-")
        return newest if newest is not None and seen and newest["verdict"]["drift"] else None

    def _reports(self) -> set[str]:
        with reachable():
            return {str(one["kind"]) for one in self.view.db.reports.find({}, {"kind": 1})}

    def _last(self, *kinds: DecisionKind, version: str | None = None) -> Decision | None:
        found = [one for one in self.view.decisions() if one.what in kinds and version in (None, one.version)]
        return found[-1] if found else None

    def _promoted(self) -> Decision | None:
        """The newest decision that made a version champion after its trial."""
        tried: set[str] = set()
        won = None
        for one in self.view.decisions():
            if one.what is DecisionKind.ON_TRIAL:
                tried.add(one.version)
            elif one.what is DecisionKind.PROMOTED and one.version in tried:
                won = one
        return won

    def _broken(self) -> Decision | None:
        """The decision that put the sabotaged version on trial; None before."""
        found = [one for one in self.view.decisions() if one.what is DecisionKind.ON_TRIAL]
        return next((one for one in found if self.view.code_of(one.version) == CODE), None)


def play(story: Story, before_act: Callable[[], None]) -> None:
    """Play the acts that are left. An act that cannot end yet stays for the next start. Raises Unavailable."""
    names = list(story.acts)
    for name in story.diary.left(names):
        before_act()
        about, act = story.acts[name]
        place = f"{names.index(name) + 1}/{len(names)}"
        story.view.say(f"[{place}] {about}")
        try:
            story.view.say(f"[{place}] {act()}")
        except InputError as refused:
            story.view.say(f"[{place}] Not yet: {refused} The next start of the demo tries again.")
            continue
        story.diary = story.diary.with_done(name)
