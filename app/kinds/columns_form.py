"""What each column means and how it is read: the proposal with its evidence, for a manager to change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from app.kinds import column_details
from app.language import _, formats, translate
from core.imports.readings import Readings
from core.proposal.choices.meanings import Meaning, meaning_of, with_meaning
from core.proposal.choices.readings import as_shown, with_reading
from core.proposal.meaning import ColumnProposal, habits
from core.proposal.proposal import Proposal
from core.proposal.rules.finding import Sure
from core.sentences import Sentence
from core.values.dates import DateReading
from core.values.numbers import NumberReading

WORDS = {
    Meaning.NUMBER: Sentence("A number"),
    Meaning.WORDS: Sentence("Words"),
    Meaning.YES_NO: Sentence("Yes or no"),
    Meaning.DATE: Sentence("A date"),
    Meaning.NAME: Sentence("The person's name"),
    Meaning.PHONE: Sentence("A phone number"),
    Meaning.EMAIL: Sentence("An e-mail address"),
    Meaning.COUNTRY: Sentence("The person's country, two letters"),
    Meaning.TIME_ZONE: Sentence("The person's time zone"),
    Meaning.KEY: Sentence("Another key of the person"),
    Meaning.PEOPLE: Sentence("For people to read, not for the model"),
    Meaning.AFTER_CALL: Sentence("Known only after the call"),
}
_ICONS = {Sure.CERTAIN: ":material/check:", Sure.LIKELY: ":material/check:", Sure.CHECK: ":material/help:"}


@dataclass(frozen=True)
class ChosenColumns:
    """The columns as a manager chose them, and how each is read; `readings.asked` are still to be answered."""

    columns: tuple[ColumnProposal, ...]
    readings: Readings


def ask(proposal: Proposal, place: str) -> ChosenColumns:
    """Draw the columns, and return what each means now."""
    now = _as_meant(proposal, place)
    asked = set(as_shown(proposal.columns, Readings()).asked)
    doubtful = [one for one in proposal.columns if one.sure is Sure.CHECK or one.remarks or one.name in asked]
    clear = [one for one in proposal.columns if one not in doubtful]
    form = _Form(proposal, place, as_shown(now, Readings()))
    with st.container(key="kind-columns"):
        if doubtful:
            st.markdown(_("**Please look at these columns**"))
            form.draw(doubtful)
        title = _("{n} columns that are clear").format(n=formats.count(len(clear)))
        with st.expander(title, expanded=not doubtful):
            form.draw(clear)
    return form.chosen()


def _as_meant(proposal: Proposal, place: str) -> list[ColumnProposal]:
    """The columns with the meanings that are chosen, before their boxes are drawn: one column may tell of another."""
    how = habits(proposal.seen.columns)
    return [
        with_meaning(one, st.session_state.get(_key(one, place)) or meaning_of(one.column), how)
        for one in proposal.columns
    ]


def _key(one: ColumnProposal, place: str) -> str:
    return f"kind-meaning-{place}-{one.name}"


class _Form:
    """The boxes of the columns, and what is chosen in them. `shown`: how the file's own cells say they are read."""

    def __init__(self, proposal: Proposal, place: str, shown: Readings) -> None:
        self._proposal, self._place, self._shown = proposal, place, shown
        self._how = habits(proposal.seen.columns)
        self._columns: dict[str, ColumnProposal] = {}
        self._numbers: dict[str, NumberReading] = {}
        self._dates: dict[str, DateReading] = {}

    def draw(self, columns: Sequence[ColumnProposal]) -> None:
        """Draw these columns."""
        for one in columns:
            self._columns[one.name] = self._column(one)

    def chosen(self) -> ChosenColumns:
        """What is chosen, in the order of the proposal."""
        columns = tuple(self._columns[one.name] for one in self._proposal.columns)
        return ChosenColumns(columns, as_shown(columns, Readings(self._numbers, self._dates)))

    def _column(self, one: ColumnProposal) -> ColumnProposal:
        place = list(self._proposal.columns).index(one)
        with st.container(border=True, key=f"kind-column-{place}"):
            left, right = st.columns([3, 2], gap="medium")
            with left:
                _evidence(one)
            with right:
                meanings = list(Meaning)
                meaning = st.selectbox(
                    _("Meaning of {column}").format(column=one.name),
                    meanings,
                    index=meanings.index(meaning_of(one.column)),
                    key=_key(one, self._place),
                    format_func=lambda meaning: translate(WORDS[meaning]),
                )
                now = with_meaning(one, meaning or meaning_of(one.column), self._how)
                asked = now.name in self._shown.asked
                if asked:
                    now = self._read(now)
                with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
                    open_ = asked and not {now.name} & {*self._numbers, *self._dates}
                    why = _("Its cells do not show how they are written.") if open_ else translate(now.why)
                    st.caption(formats.plain(why), width="stretch")
                    with st.popover(_("Details"), icon=":material/tune:", type="tertiary", key=f"kind-details-{place}"):
                        if not asked:
                            now = self._read(now)
                        now = column_details.ask(now, f"{self._place}-{meaning}-{one.name}")
            for remark in now.remarks:
                st.caption(f":material/warning: {formats.plain(translate(remark))}")
        return now

    def _read(self, now: ColumnProposal) -> ColumnProposal:
        """Draw the choice of how the cells are read, if they could be read otherwise, and take it up."""
        name, before = now.name, self._shown.numbers.get(now.name) or self._shown.dates.get(now.name)
        if name in self._shown.asked:
            before = None
        picked = column_details.ask_how_read(now, before, f"{self._place}-{name}")
        if picked is None or picked == before:
            return now
        if isinstance(picked, NumberReading):
            self._numbers[name] = picked
        else:
            self._dates[name] = picked
        return with_reading(now, picked, self._proposal.seen)


def _evidence(one: ColumnProposal) -> None:
    found = one.evidence
    st.markdown(f"{_ICONS[one.sure]} **{formats.plain(one.name)}**")
    examples = ", ".join(formats.plain(word[:40]) for word, _rows in one.examples)
    counts = _("{filled} filled, {blank} blank, {different} different values").format(
        filled=formats.count(found.filled),
        blank=formats.count(found.blank + found.missing.total()),
        different=formats.count(found.different),
    )
    st.caption(f"{_('For example: {words}').format(words=examples)}  \n{counts}" if examples else counts)
