"""The weekly review: drift, the model's quality, what was done, what needs a decision, and the signatures."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from app.access import identity
from app.access.boundary import boundary, guarded_action
from app.language import _, formats, plural
from app.review import figures as review_figures
from app.review import parts as review_parts
from app.shell import notices
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.clock import now
from core.oversight import reviews, week
from core.oversight.reviews import Signed
from core.stores.mongo import Document

_NOTE, LONGEST = "review_note", 1_000


def page(house: Appliance) -> None:
    """Draw the page."""
    st.title(_("Weekly review"))
    with st.container(key="message"):
        notices.show_waiting()
    at = now()
    over, signed, this = (
        reviews.weeks(house.db, house.model, at),
        reviews.signers_by_week(house.db, house.model),
        week.week_name(at),
    )
    # No model is in service yet.
    if not over and week.gather_facts(house.db, house.model, *week.week_bounds(this)).lineup.last == 0:
        with st.container(key="review-none"):
            st.info(
                _(
                    "**There is nothing to review yet.** The first week with a model in service is reviewed on the "
                    "Monday after it."
                ),
                icon=":material/hourglass_empty:",
            )
        return
    with st.container(key="review-where"):
        chosen = _choose([this, *over], signed, this, start=over[:1])
    with st.container(key="review-waiting"):
        if waiting := [name for name in over if name not in signed]:
            _waiting(waiting)
    figures, kept = review_figures.signed_or_present(house.db, house.model, chosen)
    with st.container(key="review-signatures"):
        _signatures(kept, over=chosen != this)
    for key, draw in {
        "needs": review_parts.draw_open_decisions,
        "quality": review_parts.draw_quality,
        "moved": review_parts.draw_distances,
        "done": review_parts.draw_actions,
    }.items():
        with st.container(key=f"review-{key}", border=True), boundary():
            draw(house, figures)
    if chosen != this:
        with st.container(key="review-sign", border=True), boundary():
            _sign(house, chosen, figures, kept)


def _choose(names: list[str], signed: dict[str, list[str]], this: str, start: list[str]) -> str:
    def words(name: str) -> str:
        since, until = week.week_bounds(name)
        days = _("{week}: {first} to {last}").format(
            week=name, first=formats.date_of(since.date()), last=formats.date_of((until - timedelta(days=1)).date())
        )
        if name == this:
            return _("{days} (not over yet)").format(days=days)
        if name in signed:
            return _("{days} (signed by {names})").format(days=days, names=", ".join(signed[name]))
        return _("{days} (not signed)").format(days=days)

    place = names.index(start[0]) if start else 0
    return str(st.selectbox(_("Week"), names, place, key="review-week", format_func=words))


def _waiting(names: list[str]) -> None:
    shown = ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
    text = plural("One week is not signed: {weeks}.", "{n} weeks are not signed: {weeks}.", len(names))
    st.warning(formats.plain(text.format(n=len(names), weeks=shown)), icon=":material/draw:")


def _signatures(kept: Signed | None, *, over: bool) -> None:
    if kept is None:
        if over:
            st.caption(_("These are the current figures. The first signature freezes them."))
        else:
            st.caption(_("This week is not over: its figures still change. You can sign it from Monday on."))
        return
    zone = st.context.timezone
    for place, signature in enumerate(kept.signatures):
        sentence = _("Signed by {who}, {when}.") if place == 0 else _("Also signed by {who}, {when}.")
        line = sentence.format(who=signature.by, when=formats.moment(signature.at, zone))
        st.success(formats.plain(f"{line} {signature.note}".rstrip()), icon=":material/verified:")
    st.caption(_("These are the figures at the first signature. Seal: {seal}").format(seal=kept.seal[:16]))


def _sign(house: Appliance, name: str, figures: Document, kept: Signed | None) -> None:
    st.markdown(_("**Sign**"))
    if kept is None:
        st.markdown(
            _("By signing you confirm that you checked this week and took its decisions. This cannot be undone.")
        )
    else:
        st.markdown(_("This week is signed. You can add your signature; the figures do not change."))
    with st.form("review-form", border=False):
        st.text_area(_("Note"), key=_NOTE, max_chars=LONGEST, placeholder=_("what was agreed; cannot be changed later"))
        st.form_submit_button(
            _("Sign the review of {week}").format(week=name),
            type="primary",
            key="review-sign-now",
            on_click=sign,
            args=(house, name, figures),
        )


@guarded_action()
def sign(house: Appliance, name: str, figures: Document) -> None:
    """Sign the week `name` with the `figures` shown, as the person at this screen."""
    who = identity.require(Role.MANAGER).shown
    note = " ".join(str(st.session_state.get(_NOTE) or "").split())
    reviews.sign(house.db, house.model, name, figures, by=who, note=note)
    st.session_state[_NOTE] = ""
    leave_notice(
        Notice(
            "success",
            _("The review of {week} is signed.").format(week=name),
            _("Its figures are frozen as they were shown."),
        )
    )
