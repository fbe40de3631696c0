"""The form in which a manager writes the script of a campaign."""

from __future__ import annotations

import streamlit as st

from app.access import identity
from app.access.boundary import boundary, guarded_action
from app.calls import person, script
from app.calls.script import filled_in
from app.language import _, formats
from app.shell import notices
from app.shell.appliance import Appliance
from app.shell.notices import Notice
from core.accounts.account import Role
from core.calls import script as call_script
from core.calls.script import LONGEST, REF, Script, read_script, write_script
from core.stores.mongo import Document, reachable

_SEEN = "script_seen"


def draw_script_form(house: Appliance, campaign: str) -> None:
    """Draw the form for the script of `campaign`, and a preview of what agents see."""
    key = f"script-text-{campaign}"
    seen: dict[str, Script | None] = st.session_state.setdefault(_SEEN, {})
    if key not in st.session_state:  # read once: `seen` must not change while the manager writes
        seen[campaign] = read_script(house.db, campaign)
    before = seen.get(campaign)
    with st.container(key="script-form", border=True):
        text = st.text_area(
            _("Script"),
            value=before.text if before else "",
            key=key,
            height=220,
            max_chars=LONGEST,
            placeholder=_("Good morning, this is … I am calling you because …"),
            help=_("Plain text. Names in braces are filled in for each person: {places}.").format(
                places=formats.plain(", ".join(f"{{{place}}}" for place in call_script.placeholders(house.schema)))
            ),
        )
        if before:
            when = formats.moment(before.at, st.context.timezone)
            st.caption(formats.plain(_("Written by {name}, {when}").format(name=before.by, when=when)))
        else:
            st.caption(_("There is no script yet. Agents see the script beside the person they call."))
        st.button(
            _("Save the script"), key="script-keep", icon=":material/save:", on_click=_keep, args=(house, campaign, key)
        )
        if text.strip():
            _preview(house, campaign, text)


def _preview(house: Appliance, campaign: str, text: str) -> None:
    with reachable():
        prospect: Document | None = house.db.prospects.find_one({"campaign": campaign})
    if prospect is None:
        return
    example = {**prospect, "features": person.features(house.db, house.schema, prospect)}
    with st.container(key="script-preview"), boundary():
        call_script.check(house.schema, text)
        st.caption(_("As an agent sees it, for {ref}:").format(ref=formats.plain(str(prospect[REF]))))
        st.markdown(script.as_markdown(filled_in(house.schema, text.strip(), example)))


@guarded_action()
def _keep(house: Appliance, campaign: str, key: str) -> None:
    seen: dict[str, Script | None] = st.session_state[_SEEN]
    who = identity.require(Role.MANAGER).shown
    text = str(st.session_state.get(key) or "")
    written = write_script(house.db, house.schema, campaign, text, by=who, seen=seen.get(campaign))
    seen[campaign] = written
    script.forget_script(house.db, campaign)
    what = _("The script of {campaign} is saved.") if written.text else _("{campaign} has no script any more.")
    notices.leave_notice(Notice("success", what.format(campaign=campaign)))
