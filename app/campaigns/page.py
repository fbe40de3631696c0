"""The page Campaigns: lists campaigns, imports their files, runs each one, and edits the do-not-call list."""

from __future__ import annotations

import streamlit as st

from app.access.boundary import boundary
from app.campaigns import running
from app.campaigns.do_not_call_form import draw_do_not_call_form
from app.campaigns.imported_files import draw_imported_files
from app.campaigns.running import draw_running_campaign
from app.imports.form import draw_import_form
from app.kinds.retiring import draw_retired, draw_retiring
from app.kinds.wizard import draw_wizard
from app.language import _, formats
from app.lists.deletion_form import draw_deletions
from app.ranked_list import cached
from app.shell import notices
from app.shell.appliance import Appliance
from core.accounts import directory, tokens
from core.accounts.account import Role
from core.accounts.tokens import Scope
from core.calls.campaigns import state_of, title_of
from core.clock import now
from core.stores.mongo import Document, reachable


def page(house: Appliance) -> None:
    """Draw the page."""
    st.title(_("Campaigns"))
    with reachable():
        campaigns = list(house.db.campaigns.find().sort([("created_at", -1)]))
    if campaigns:
        with st.container(key="campaign-list"):
            _listing(house, campaigns)
    else:
        with st.container(key="empty-campaigns"):
            st.info(
                _(
                    "**There is no campaign yet.** Bring in the file of people to call: give it a name below, choose "
                    "the file, and press Import. Callwise then ranks them automatically."
                ),
                icon=":material/campaign:",
            )
            draw_retiring(house)
    with st.container(key="campaigns-message"):
        notices.show_waiting()
    bring, new, run, barred = st.tabs(
        [_("Import a file"), _("A new kind of campaign"), _("Run a campaign"), _("Do not call")]
    )
    with new, boundary():
        draw_wizard(house)
        draw_retired(house)
    with bring, boundary():
        draw_import_form(house, {str(c["_id"]): title_of(c) for c in campaigns if not c.get("deleting")})
        _columns(house)
        if campaigns:
            st.subheader(_("Imported files"))
            draw_imported_files(house, campaigns)
    with run, boundary():
        if campaigns:
            agents = [a.shown for a in directory.all_accounts(house.db) if a.role is Role.AGENT and not a.disabled]
            agents += [f"{t.name}/" for t in tokens.all_tokens(house.db) if t.opens(now()) and Scope.CALLS in t.scopes]
            draw_running_campaign(house, campaigns, agents)
        else:
            st.caption(_("Once you have a campaign, you can pause, assign and export it here."))
        draw_deletions(house)
    with barred, boundary():
        draw_do_not_call_form(house)


def _listing(house: Appliance, campaigns: list[Document]) -> None:
    rows = []
    for campaign in campaigns:
        state = cached.progress(house.db, campaign["_id"])
        rows.append(
            {
                _("Campaign"): formats.plain(title_of(campaign)),
                _("State"): _("being deleted") if campaign.get("deleting") else running.state_word(state_of(campaign)),
                _("People"): formats.count(state.total),
                _("To call"): formats.count(state.to_call),
                _("Finished"): formats.count(state.called)
                + (f" ({formats.percent(state.called / state.total)})" if state.total else ""),
                _("Sold"): formats.count(state.sold),
                _("Sold of decided"): formats.percent(state.sold / state.done) if state.done else formats.NOT_YET,
                _("Since"): formats.moment(campaign["created_at"], st.context.timezone),
            }
        )
    st.table(rows, border="horizontal", hide_index=True)


def _columns(house: Appliance) -> None:
    with st.expander(_("Which columns a file needs")):
        outcome, plain = house.schema.outcome, formats.plain
        rows = [
            {_("Column"): plain(c.name), _("Meaning"): plain(c.label), _("Values"): plain(c.rule)}
            for c in house.schema.features
        ]
        st.table(rows, border="horizontal", hide_index=True)
        st.caption(
            _(
                "Your file may use other names and spellings: Callwise proposes a match, and you choose. A column "
                "{column} may have the result of a call ({positive} or {negative}); people without a result are still "
                "to be called."
            ).format(
                column=plain(outcome.column),
                positive=plain(", ".join(outcome.positive)),
                negative=plain(", ".join(outcome.negative)),
            )
        )
