"""Late results beside another agent's: both are shown, and a manager says which one is right."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app.access import identity
from app.access.boundary import guarded_action
from app.desk.result_names import OwnNames, call_name, own_names
from app.language import _, formats
from app.ranked_list import cached
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.desk import conflicts
from core.desk.conflicts import Late
from core.desk.correction import LONGEST
from core.stores.mongo import Document


def draw_conflicts(house: Appliance, campaigns: Mapping[str, str]) -> None:
    """Draw the late results of these `campaigns` (titles by key) that nobody has settled. Raises Unavailable."""
    found = conflicts.open_conflicts(house.db, campaigns)
    if not found:
        st.caption(_("Nothing to settle: no agent's result came after another agent had the person."))
        return
    names = own_names(house.db, [call for late in found for call in (late.call, *late.others)])
    for late in found:
        _draw(house, late, campaigns, names)


def _draw(house: Appliance, late: Late, campaigns: Mapping[str, str], names: OwnNames) -> None:
    call = late.call
    key = call["_id"]
    with st.container(key=f"conflict-{key}", border=True):
        st.markdown(f"**{formats.plain(call['ref'])}** · {formats.plain(campaigns[call['campaign']])}")
        rows = [_row(one, key, names) for one in sorted((call, *late.others), key=lambda one: int(one["call"]))]
        st.table(rows, border="horizontal", hide_index=True)
        if not late.others:
            st.caption(_("A colleague had the person meanwhile, and has recorded no result."))
        left, middle, right = st.columns([4, 2, 2], vertical_alignment="bottom")
        why = f"conflict-why-{key}"
        left.text_input(_("Reason"), key=why, max_chars=LONGEST, placeholder=_("asked both; the order is there"))
        middle.button(
            _("{name} is right").format(name=formats.plain(call["agent"])),
            key=f"conflict-accept-{key}",
            width="stretch",
            help=_("The late result decides about this person; outcomes of other calls go."),
            on_click=_settle,
            args=(house, call, why, True),
        )
        right.button(
            _("Leave as it is"), key=f"conflict-leave-{key}", width="stretch", on_click=_settle,
            args=(house, call, why, False),
        )  # fmt: skip


def _row(call: Document, late: str, names: OwnNames) -> dict[str, str]:
    what = formats.plain(call_name(call, names)) + (f" :orange-badge[{_('late')}]" if call["_id"] == late else "")
    return {
        _("When"): formats.plain(formats.moment(call["at"], st.context.timezone)),
        _("Who"): formats.plain(call["agent"]),
        _("What"): what,
    }


@guarded_action()
def _settle(house: Appliance, call: Document, field: str, accept: bool) -> None:
    by, why = identity.require(Role.MANAGER).shown, str(st.session_state.get(field) or "")
    conflicts.settle_late(house.db, call["_id"], accept=accept, by=by, why=why, rules=house.rules)
    cached.forget_progress(house.db, call["campaign"])
    text = (
        _("{ref} is settled: the result of {name} counts.") if accept else _("{ref} is settled: all stays as it was.")
    )
    leave_notice(Notice("success", text.format(ref=call["ref"], name=call["agent"])))
