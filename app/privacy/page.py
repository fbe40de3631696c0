"""The page Privacy: a manager erases a person everywhere, follows the erasure, and gets a receipt."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from app.access import identity
from app.access.boundary import boundary, guarded_action
from app.language import _, formats, plural
from app.privacy import words as erasure_words
from app.privacy.receipts import draw_receipts
from app.shell import notices
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.errors import InputError, SettingsError
from core.imports import kept_out
from core.privacy.documents import collections, wishes
from core.privacy.place import Place, Subject
from core.privacy.reject_files import RejectFiles
from core.privacy.requests import Erasure, Status, history, request_erasure, under_way
from core.schema.person import Person, Pseudonyms
from core.stores.kind_database import kind_of
from core.stores.mongo import reachable

_REF, _CAMPAIGN, _FOUND = "erase_ref", "erase_campaign", "erase_found"
_AGAIN, _KEEP = "erase_ref_again", "erase_keep_out"
LOOK = timedelta(seconds=3)


def page(house: Appliance) -> None:
    """Draw the page."""
    st.title(_("Privacy"))
    notices.show_waiting()
    if house.erasure_key is None:
        raise SettingsError(
            _("Nobody can be erased here yet: CALLWISE_ERASURE_KEY is not set."),
            kept=_("Everything else works."),
            next=_("An engineer sets this key once and then keeps it unchanged (docs/operations.md)."),
        )
    st.subheader(_("Erase a person"))
    st.markdown(_("An erasure removes a person from all lists, calls, predictions, datasets and files."))
    _ask_who(house)
    if person := st.session_state.get(_FOUND):
        with boundary():
            _found(house, house.erasure_key, person)
    _under_way(house)
    draw_receipts(house)


def _ask_who(house: Appliance) -> None:
    with st.form("erase-find", border=True):
        if house.schema.reference:
            label = _("Reference (column {column})").format(column=formats.plain(house.schema.reference))
            st.text_input(label, key=_REF, autocomplete="off")
        else:
            with reachable():
                campaigns = [str(campaign["_id"]) for campaign in house.db.campaigns.find({}, {"_id": 1})]
            st.selectbox(_("Campaign"), campaigns, key=_CAMPAIGN)
            st.text_input(
                _("Reference on the list"),
                key=_REF,
                autocomplete="off",
                help=_("The schema names no column with your own key of a person, so the row's number is the key."),
            )
        st.form_submit_button(_("Find"), icon=":material/search:", key="erase-find-go", on_click=_find, args=(house,))


@guarded_action()
def _find(house: Appliance) -> None:
    st.session_state.pop(_FOUND, None)
    st.session_state.pop(_AGAIN, None)
    ref = str(st.session_state.get(_REF) or "").strip()
    campaign = None if house.schema.reference else st.session_state.get(_CAMPAIGN)
    if not ref:
        raise InputError(
            _("The reference is missing."), kept=_("Nobody was looked for."), next=_("Type the person's reference.")
        )
    st.session_state[_FOUND] = Person(ref, campaign, kind_of(house.db))


def _found(house: Appliance, key: str, person: Person) -> None:
    """The records of the person, earlier erasures, and the form to erase the person."""
    subject, pseudonyms = Subject(person), Pseudonyms(key).pseudonyms(person)
    places: list[Place] = [*collections(house.db), wishes(house.db), RejectFiles(house.db, house.store, house.schema)]
    records = {erasure_words.place(place.name): place.count(subject) for place in places}
    before = [erasure for pseudonym in pseudonyms for erasure in history(house.db, pseudonym)]
    with st.container(key="erase-found", border=True):
        st.markdown(f"**{_('Records of {ref}').format(ref=formats.plain(person.ref))}**")
        if any(records.values()):
            rows = [{_("Where"): place, _("Records"): formats.count(number)} for place, number in records.items()]
            st.table(rows, border="horizontal", hide_index=True)
        else:
            st.info(_("No list, call or file has this reference. Check its spelling."), icon=":material/search_off:")
        st.caption(_("The erasure also searches datasets, rows beside models, and predictions that wait to be stored."))
        _before(house, pseudonyms, before)
        if open_now := [erasure for erasure in before if erasure.status is not Status.DONE]:
            text = _("This person's erasure is already under way: {number}, see below.")
            st.markdown(text.format(number=open_now[0].id))
        else:
            _confirm(house, person)


def _before(house: Appliance, pseudonyms: list[str], before: list[Erasure]) -> None:
    done = [erasure for erasure in before if erasure.status is Status.DONE]
    if done:
        st.caption(_("Erased before: receipt {number}.").format(number=formats.plain(done[0].id)))
    if any(kept_out.is_kept_out(house.db, pseudonym) for pseudonym in pseudonyms):
        st.caption(_("Imports keep this person out."))
        st.button(
            _("Allow imports of this person again"),
            key="erase-let-in",
            icon=":material/lock_open:",
            on_click=_let_in,
            args=(house, pseudonyms),
        )


@guarded_action()
def _let_in(house: Appliance, pseudonyms: list[str]) -> None:
    for pseudonym in pseudonyms:
        kept_out.let_in(house.db, pseudonym, by=identity.require(Role.MANAGER).shown)
    leave_notice(Notice("success", _("The next file with this person imports them again.")))


def _confirm(house: Appliance, person: Person) -> None:
    with st.form("erase-confirm", border=False):
        st.radio(
            _("And later?"),
            [True, False],
            key=_KEEP,
            format_func=lambda keep: (
                _("Never import this person again. Callwise stores a keyed hash of the reference to recognise them")
                if keep
                else _("A later file may import this person again")
            ),
        )
        st.text_input(_("Type the reference again to confirm"), key=_AGAIN, autocomplete="off")
        st.form_submit_button(
            _("Erase everywhere"),
            type="primary",
            icon=":material/delete_forever:",
            key="erase-go",
            on_click=_erase,
            args=(house, person),
        )
        st.caption(_("An erasure cannot be undone."))


@guarded_action()
def _erase(house: Appliance, person: Person) -> None:
    who = identity.require(Role.MANAGER).shown
    if str(st.session_state.get(_AGAIN) or "").strip() != person.ref:
        raise InputError(
            _("The reference typed to confirm is not {ref}.").format(ref=person.ref),
            kept=_("Nobody was erased."),
            next=_("Type it again, letter by letter."),
        )
    keep = bool(st.session_state.get(_KEEP, True))
    erasure = request_erasure(house.db, house.erasure_key or "", person, by=who, keep_out=keep)
    for name in (_FOUND, _REF, _AGAIN):
        st.session_state.pop(name, None)
    text = _("The erasure {number} is under way.").format(number=erasure.id)
    goes_on = _("It continues automatically, even if you leave this page.")
    leave_notice(Notice("success", text, goes_on, _("The receipt appears below in a few minutes.")))


def _under_way(house: Appliance) -> None:
    waiting = under_way(house.db)
    if not waiting:
        return
    title = plural("{count} erasure under way", "{count} erasures under way", len(waiting))
    st.subheader(title.format(count=formats.count(len(waiting))))
    st.fragment(run_every=LOOK)(boundary()(_progress))(house, len(waiting))


def _progress(house: Appliance, shown: int) -> None:
    waiting = under_way(house.db)
    if len(waiting) != shown:  # an erasure ended: draw its receipt, too
        st.rerun()
    for erasure in waiting:
        with st.container(key=f"erasure-{erasure.id}", border=True):
            st.markdown(f"**{formats.plain(erasure.id)}** · {erasure_words.state(erasure, st.context.timezone)}")
            if erasure.problem:
                notices.show(Notice("warning", erasure.problem, _("Callwise tries again every minute.")))
            if erasure.status is not Status.ASKED:
                _steps(erasure)


def _steps(erasure: Erasure) -> None:
    rows = [
        {
            _("Where"): name,
            _("Searched"): "✓" if searched else "…",
            _("Removed"): formats.count(removed) if searched or removed else "",
        }
        for name, searched, removed in erasure_words.steps(erasure)
    ]
    st.table(rows, border="horizontal", hide_index=True)
