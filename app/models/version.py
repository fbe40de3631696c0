"""One version of the model: the figures of its trial, its lineage, and links to more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import streamlit as st

from app.access.boundary import boundary
from app.language import _, formats, translate
from app.models import trial_figures
from app.models.timeline import Training, trial_evidence
from app.shell import links as addresses
from app.shell.appliance import Appliance
from app.shell.lineage import Lineage, LineageReader
from core.models import trials
from core.models.decisions import Decision, SuccessionState
from core.oversight.report_words import REPORTS
from core.stores.mongo import Document, reachable


# A version's lineage never changes; the time limit is for a lineage that was not there yet.
def _read_lineage(_reader: LineageReader, model: str, version: str) -> Lineage:  # noqa: ARG001  a key of the cache
    return _reader.lineage_of(version)


_read = st.cache_data(ttl=timedelta(minutes=10), max_entries=64, show_spinner=False)(_read_lineage)
SHORT = 12  # characters of a hash that distinguish it from others


def draw_version(
    house: Appliance, taken: Sequence[Decision], found: SuccessionState, made: Mapping[str, Training]
) -> None:
    """Draw the card: a choice of version, and the details of that version. Raises Unavailable."""
    versions = list(dict.fromkeys(decision.version for decision in reversed(taken)))
    start = versions.index(found.champion) if found.champion in versions else 0
    name = partial(_name, found)
    chosen = str(st.selectbox(_("Version"), versions, start, key="model-version", format_func=name, width=320))
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(_("**Its trial**"))
        figures = trial_evidence(taken, chosen)
        if chosen == found.canary and (last := trials.latest_evidence(house.db, chosen)):
            figures = last.evidence
        if figures:
            trial_figures.table(figures)
        else:
            why = next(decision.why for decision in taken if decision.version == chosen)
            st.markdown(formats.plain(_("There are no figures of a trial. {why}").format(why=translate(why))))
    with right, boundary():
        st.markdown(_("**Where it comes from**"))
        _lineage(house, chosen, made.get(chosen))


def _name(current: SuccessionState, version: str) -> str:
    text = _("Version {version}")
    if version == current.champion:
        text = _("Version {version}, champion")
    elif version == current.canary:
        text = _("Version {version}, on trial")
    elif version == current.refresh:
        text = _("Version {version}, mixed with the champion")
    return text.format(version=version)


def _lineage(house: Appliance, version: str, training: Training | None) -> None:
    links = [(_("Version in MLflow"), addresses.version_link(house, version))]
    if training is not None:
        links.append((_("Training in Prefect"), addresses.flow_run_link(house, training.run)))
    lineage: Lineage | None = None
    with boundary():
        lineage = _read(house.lineage, house.model, version) if house.lineage is not None else None
    if lineage is not None:
        links.insert(1, (_("Run in MLflow"), addresses.run_link(house, lineage)))
        st.table(_rows(lineage), border="horizontal", hide_index=True)
        if lineage.gates:
            with st.expander(_("Results of the gates")):
                for gate, result in lineage.gates.items():
                    st.markdown(f"**{formats.plain(gate)}**: {formats.plain(result)}")
        if lineage.figures:
            with st.expander(_("All figures of its training")):
                figures = sorted(lineage.figures.items())
                rows = [{_("Figure"): formats.plain(name), _("Value"): f"{value:.5g}"} for name, value in figures]
                st.table(rows, border="horizontal", hide_index=True)
    elif house.lineage is None:
        st.markdown(_("The app has no address of MLflow, so it cannot read the lineage."))
    links += [(words, addresses.report_link(house, page)) for words, page in _reports(house, version)]
    with st.container(horizontal=True, key="version-links"):
        for words, address in links:
            if address:
                st.link_button(words, address, icon=":material/open_in_new:")


def _rows(lineage: Lineage) -> list[dict[str, str]]:
    tags = lineage.tags
    named = [
        (_("Dataset"), tags.get("dataset_tag")),
        (_("Hash of the dataset"), _short(tags.get("dataset_sha256"))),
        (_("Learnt from outcomes until"), _day(tags.get("trained_until"))),
        (_("Code"), _short(tags.get("code_version"))),
        (_("Hash of the pinned libraries"), _short(tags.get("lock_sha256"))),
        (_("Hash of the campaign schema"), _short(tags.get("schema_sha256"))),
        (_("Parent"), tags.get("parent_version") or _("none")),
        (_("Asked for because"), tags.get("reason")),
        (_("Incident"), tags.get("incident")),
        (_("Run"), _short(lineage.run)),
    ]
    return [{_("What"): what, _("Which"): formats.plain(value)} for what, value in named if value]


def _day(text: str | None) -> str:
    return formats.date_of(datetime.fromisoformat(text).date()) if text else ""


def _short(text: str | None) -> str:
    return text[:SHORT] if text else ""


def _reports(house: Appliance, version: str) -> list[tuple[str, str | None]]:
    """The newest report of each kind on `version` that Evidently shows, with its address."""
    words = {"drift": _("Drift in Evidently"), "performance": _("Quality in Evidently")}
    pages: list[tuple[str, str | None]] = []
    for kind, _field in REPORTS.values():
        query: Document = {"kind": kind, "verdict.version": version, "snapshot.id": {"$gt": ""}}
        with reachable():
            newest = house.db.reports.find_one(query, sort=[("verdict.until", -1)])
        if newest is not None:
            pages.append((words[kind], str(newest["snapshot"]["page"])))
    return pages
