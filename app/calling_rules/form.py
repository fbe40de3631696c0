"""The form in which a manager says when the people of a campaign may be called, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import available_timezones

import streamlit as st

from app.access import identity
from app.access.boundary import guarded_action
from app.calling_rules import figures
from app.calling_rules.week_chart import week_chart, weekdays
from app.language import _, formats, locale
from app.shell import charts
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.calling_rules import stored
from core.calling_rules.holiday_calendar import countries
from core.calling_rules.presets import COUNTRIES, preset
from core.calling_rules.rules import MOST, CallingRules, check_hours
from core.calling_rules.written_hours import hours_text, read_hours
from core.calls.lifecycle import Result
from core.errors import InputError

_LONGEST_PAUSE = 24.0 * 90
_LIMITS = ("a_day", "a_week", "a_month", "in_all")


@dataclass(frozen=True)
class _Fields:
    """The keys of the form's fields in the session, for one campaign."""

    campaign: str

    def key(self, name: str) -> str:
        """The key of the field `name`."""
        return f"rules-{name}-{self.campaign}"

    @property
    def is_filled(self) -> bool:
        """Whether the session has values for the fields already."""
        return self.key("zone") in st.session_state

    def fill(self, rules: CallingRules) -> None:
        """Put `rules` into the fields."""
        for day, spans in enumerate(rules.hours):
            st.session_state[self.key(f"day{day}")] = hours_text(spans)
        for name in _LIMITS:
            st.session_state[self.key(name)] = getattr(rules, name) or 0
        st.session_state[self.key("zone")] = rules.zone
        st.session_state[self.key("country")] = rules.country
        st.session_state[self.key("region")] = rules.region
        st.session_state[self.key("holidays")] = rules.holidays
        st.session_state[self.key("pause")] = rules.pauses.get(Result.NO_ANSWER.value, 0) / 60
        st.session_state[self.key("other_time")] = rules.other_time

    def read(self, before: CallingRules | None) -> CallingRules:
        """The rules in the fields; pauses after other results are those of `before`. Raises InputError."""
        said = {name: st.session_state.get(self.key(name)) for name in (*_LIMITS, "zone", "country", "region", "pause")}
        pauses = dict(before.pauses) if before else {}
        pauses[Result.NO_ANSWER.value] = round(float(said["pause"] or 0) * 60)
        country = str(said["country"] or "")
        region = str(said["region"] or "")
        return CallingRules(
            zone=str(said["zone"] or ""),
            country=country,
            region=region if region in countries().get(country, ()) else "",
            hours=tuple(read_hours(str(st.session_state.get(self.key(f"day{day}")) or "")) for day in range(7)),
            holidays=bool(st.session_state.get(self.key("holidays"))),
            pauses=pauses,
            other_time=bool(st.session_state.get(self.key("other_time"))),
            **{name: int(said[name] or 0) or None for name in _LIMITS},
        )


def draw_rules_form(house: Appliance, campaign: str) -> None:
    """Draw the form for the rules of `campaign`. Raises Unavailable."""
    fields, in_force = _Fields(campaign), stored.read_rules(house.db, campaign)
    seen = fields.key("seen")
    if seen not in st.session_state:  # read once: it must not change while the manager writes
        st.session_state[seen] = stored.version(house.db, campaign)
    if in_force and not fields.is_filled:
        fields.fill(in_force)
    with st.container(key="rules-form", border=True):
        st.markdown(f"**{formats.plain(_('When people may be called'))}**")
        _presets(fields, in_force)
        if not fields.is_filled:
            st.caption(_("This campaign has no calling rules: everybody can be called at any hour."))
            return
        _places(fields)
        _hours(fields)
        _limits(fields)
        with st.container(horizontal=True):
            st.button(
                _("Save the rules"),
                key="rules-keep",
                type="primary",
                icon=":material/save:",
                on_click=_keep,
                args=(house, fields, seen),
            )
            if in_force:
                st.button(
                    _("Call without rules"),
                    key="rules-remove",
                    icon=":material/delete:",
                    on_click=_remove,
                    args=(house, fields, seen),
                )


def _presets(fields: _Fields, in_force: CallingRules | None) -> None:
    offered = sorted(COUNTRIES, key=_country)
    here = locale().territory
    with st.container(horizontal=True, vertical_alignment="bottom"):
        country = st.selectbox(
            _("Begin with the rules for"),
            offered,
            key=fields.key("preset"),
            format_func=_country,
            index=offered.index(here) if here in offered and not in_force else None,
            placeholder=_("Choose a country"),
        )
        st.button(
            _("Fill in"),
            key="rules-preset",
            icon=":material/edit_calendar:",
            disabled=country is None,
            on_click=_fill,
            args=(fields, country),
        )
    st.caption(
        _(
            "They are a careful beginning and no legal advice. Law, consent and the codes of your trade may ask "
            "for more: have them checked."
        )
    )


def _fill(fields: _Fields, country: str) -> None:
    fields.fill(preset(country))


def _places(fields: _Fields) -> None:
    left, middle, right = st.columns(3)
    with left:
        st.selectbox(
            _("Time zone"),
            sorted(available_timezones()),
            key=fields.key("zone"),
            help=_(
                "For people of whom nothing else is known. All others are called by the clock of their own place: from "
                "a column with their time zone or country, or from their phone number."
            ),
        )
    with middle:
        known = ["", *sorted(countries(), key=_country)]
        country = st.selectbox(_("Holidays of"), known, key=fields.key("country"), format_func=_country)
    with right:
        regions = ["", *countries().get(country or "", ())]
        if st.session_state.get(fields.key("region")) not in regions:
            st.session_state[fields.key("region")] = ""
        st.selectbox(_("Region"), regions, key=fields.key("region"), format_func=lambda one: one or _("all of it"))
    st.checkbox(
        _("No calls on public holidays"),
        key=fields.key("holidays"),
        help=_("Those of the country where the person is. The region counts for people in the country above."),
    )


def _hours(fields: _Fields) -> None:
    left, right = st.columns([2, 3], gap="large")
    with left:
        for day, name in enumerate(weekdays()):
            st.text_input(formats.capital(name), key=fields.key(f"day{day}"), placeholder=_("no calls"))
        st.caption(_("Such as 09:00-12:00, 13:00-20:00, by the person's clock. An empty day has no calls."))
    with right:
        try:
            hours = tuple(read_hours(str(st.session_state.get(fields.key(f"day{day}")) or "")) for day in range(7))
            check_hours(hours)
        except InputError as error:
            st.warning(f"{formats.plain(Notice.from_error(error).what)}.")
            return
        words = "; ".join(f"{name} {hours_text(spans) or '-'}" for name, spans in zip(weekdays(), hours, strict=True))
        charts.show(week_chart(hours), words=_("Calling hours: {hours}").format(hours=words))


def _limits(fields: _Fields) -> None:
    labels = (_("Most calls on a day"), _("In seven days"), _("In 30 days"), _("In all"))
    for column, name, label in zip(st.columns(4), _LIMITS, labels, strict=True):
        with column:
            st.number_input(label, min_value=0, max_value=MOST, key=fields.key(name), help=_("0 means no limit."))
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        st.number_input(
            _("Hours to wait after a call that nobody answered"),
            min_value=0.0,
            max_value=_LONGEST_PAUSE,
            step=0.5,
            key=fields.key("pause"),
        )
    with right:
        st.checkbox(
            _("Try again at another time of day"),
            key=fields.key("other_time"),
            help=_("Morning, afternoon (from 12:00) or evening (from 17:00). After three days any time will do."),
        )


def _country(code: str) -> str:
    return str(locale().territories.get(code, code)) if code else _("no country")


@guarded_action()
def _keep(house: Appliance, fields: _Fields, seen: str) -> None:
    who = identity.require(Role.MANAGER).shown
    rules = fields.read(stored.read_rules(house.db, fields.campaign))
    stored.write_rules(house.db, fields.campaign, rules, by=who, seen=int(st.session_state[seen]))
    _written(house, fields, seen)
    leave_notice(Notice("success", _("The calling rules are in force."), _("They hold from the next call on.")))


@guarded_action()
def _remove(house: Appliance, fields: _Fields, seen: str) -> None:
    who = identity.require(Role.MANAGER).shown
    stored.write_rules(house.db, fields.campaign, None, by=who, seen=int(st.session_state[seen]))
    _written(house, fields, seen)
    del st.session_state[fields.key("zone")]
    leave_notice(
        Notice("success", _("The campaign has no calling rules any more: everybody can be called at any hour."))
    )


def _written(house: Appliance, fields: _Fields, seen: str) -> None:
    st.session_state[seen] = int(st.session_state[seen]) + 1
    figures.forget(house.db, fields.campaign)
