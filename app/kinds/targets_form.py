"""What the file is about: the outcome, what its words mean, and the key of a person."""

from __future__ import annotations

import streamlit as st

from app.kinds.looked_at import LookedAt
from app.language import _, formats, plural, translate
from core.errors import InputError
from core.proposal.choices.results import MOST, meanings
from core.proposal.outcome import OutcomeUnknownError
from core.proposal.proposal import Proposal, likely_reference, propose
from core.proposal.rules.outcome_words import OutcomeWord, Result, outcome_words, two_sides
from core.sentences import Sentence

_PROPOSAL = "kind_proposal"
NONE = ""
RESULTS = {
    Result.SALE: Sentence("A sale"),
    Result.REFUSAL: Sentence("A refusal"),
    Result.UNDECIDED: Sentence("No outcome yet: to be called"),
    Result.REJECTED: Sentence("Leave these rows out"),
}


def ask(looked: LookedAt) -> Proposal | None:
    """Draw the questions, and return the proposal; None while one is not answered. Raises InputError."""
    names, place = list(looked.seen.columns), looked.place
    guess = _proposal(looked, NONE, NONE)
    outcome = _likely_outcome(guess)
    found_key = guess.reference if isinstance(guess, Proposal) else likely_reference(looked.seen)
    key = found_key.column if found_key else None
    left, right = st.columns(2, gap="medium")
    with left:
        chosen = st.selectbox(
            _("Which column says what came of the call?"),
            names,
            index=names.index(outcome) if outcome else None,
            key=f"kind-outcome-{place}",
            placeholder=_("Choose a column"),
        )
    with right:
        keys = [NONE, *names]
        reference = st.selectbox(
            _("Which column is your own key of a person?"),
            keys,
            index=keys.index(key) if key else 0,
            key=f"kind-reference-{place}",
            format_func=lambda name: name or _("None: the row's number"),
            help=_("It tells who is the same person in a later file, and on the do-not-call list."),
        )
    if chosen is None:
        if isinstance(guess, OutcomeUnknownError):
            st.warning(formats.plain(translate(guess.rule)), icon=":material/help:")
        return None
    if chosen == outcome and (reference or None) == key and isinstance(guess, Proposal):
        return guess
    words = outcome_words(looked.seen.columns[chosen])
    said = _ask_for_words(looked, chosen, words) if two_sides(words) is None and 2 < len(words) <= MOST else {}
    if said is None:
        return None
    found = _proposal(looked, chosen, reference or NONE, said)
    if not isinstance(found, Proposal):
        raise found
    return found


def _likely_outcome(guess: Proposal | InputError) -> str | None:
    """The column of the outcome, by the proposal or by its name alone."""
    if isinstance(guess, Proposal):
        return guess.outcome.outcome.column
    candidates = guess.candidates if isinstance(guess, OutcomeUnknownError) else []
    return candidates[0] if len(candidates) == 1 else None


def forget() -> None:
    """Forget the proposals of the file."""
    st.session_state.pop(_PROPOSAL, None)


def _ask_for_words(looked: LookedAt, column: str, words: list[OutcomeWord]) -> dict[str, Result] | None:
    """Draw the words, each with what it means, and return what was said; None while that is not known."""
    place = f"{looked.place}-{column}"
    with st.form(key=f"kind-words-{place}"):
        st.markdown(_("**What do the words of {column} mean?**").format(column=formats.plain(column)))
        sides = st.columns(2, gap="medium")
        chosen: dict[str, Result | None] = {}
        for number, word in enumerate(words):
            with sides[number % 2]:
                chosen[word.text] = _word(word, place)
        if st.form_submit_button(_("Take these meanings"), icon=":material/check:"):
            st.session_state[f"kind-said-{place}"] = chosen
    said: dict[str, Result | None] | None = st.session_state.get(f"kind-said-{place}")
    if said is None:
        try:
            return dict(meanings(looked.seen.columns[column]))
        except InputError:
            return None
    told = {text: result for text, result in said.items() if result is not None}
    if missing := [text for text in said if text not in told]:
        waiting = _("Say it for {words}, too.").format(words=", ".join(formats.plain(text[:40]) for text in missing))
        st.warning(waiting, icon=":material/help:")
        return None
    return told


def _word(word: OutcomeWord, place: str) -> Result | None:
    results = list(RESULTS)
    rows = plural("{n} row", "{n} rows", word.rows).format(n=formats.count(word.rows))
    chosen: Result | None = st.selectbox(
        f"{formats.plain(word.text[:60])} ({rows})",
        results,
        index=results.index(word.means) if word.means else None,
        key=f"kind-word-{place}-{word.text}",
        format_func=lambda result: translate(RESULTS[result]),
        placeholder=_("choose one"),
    )
    return chosen


def _proposal(
    looked: LookedAt, outcome: str, reference: str, said: dict[str, Result] | None = None
) -> Proposal | InputError:
    """The proposal, or why there is none; read once for each choice."""
    key = (outcome, reference, tuple(sorted((said or {}).items())))
    known = st.session_state.get(_PROPOSAL)
    if known is None or known[0] != looked.place:
        known = st.session_state[_PROPOSAL] = (looked.place, {})
    if key not in known[1]:
        try:
            with st.spinner(_("Finding out what the columns mean"), show_time=True):
                known[1][key] = propose(looked.seen, outcome_column=outcome, results=said, reference_column=reference)
        except InputError as error:
            known[1][key] = error
    found: Proposal | InputError = known[1][key]
    return found
