"""The parts of a week's review, drawn from its figures alone, so that a signed week never looks different."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from app.language import _, formats, plural, translate
from app.review import charts as review_charts
from app.review.figures import Figures, of_earlier_releases
from app.shell import charts, links
from app.shell.appliance import Appliance
from core.models.decisions import DecisionKind
from core.oversight import incident_words
from core.sentences import from_document

SMALL_MULTIPLES = 12  # charts of the columns that moved most
FILES = 3  # names of files that brought the newest people


def draw_open_decisions(_house: Appliance, figures: Figures) -> None:
    """The decisions that wait for a person."""
    st.markdown(_("**Needs a decision**"))
    if not figures["needs"]:
        st.markdown(_("Nothing."))
    for need in figures["needs"]:
        text = translate(from_document(need))
        st.warning(formats.plain(text[:1].upper() + text[1:]), icon=":material/gavel:")


def draw_quality(house: Appliance, figures: Figures) -> None:
    """The week's calls, and the model's measured quality beside its promise."""
    st.markdown(_("**How the model did**"))
    calls, sales, found = figures["calls"], figures["sales"], figures["quality"]
    champion = _("Version {version}").format(version=figures["champion"]) if figures["champion"] else formats.NOT_YET
    with st.container(horizontal=True, gap="medium"):
        st.metric(_("Calls"), formats.count(calls), width="content")
        st.metric(_("Sold"), formats.count(sales), width="content")
        st.metric(_("Conversion"), formats.percent(sales / calls) if calls else formats.NOT_YET, width="content")
        st.metric(_("Champion"), champion, width="content")
    if found is None:
        st.markdown(_("There is no quality report for this week: too few outcomes came in."))
        return
    if found["broken"]:
        broken = _("The model does not keep what it promised: {how}.").format(
            how="; ".join(translate(from_document(how)) for how in found["broken"])
        )
        st.warning(formats.plain(broken), icon=":material/warning:")
    auc, conversion = formats.fixed(found["auc"], 3), formats.percent(found["conversion"])
    promised_auc, promised = formats.fixed(found["promised_auc"], 3), formats.percent(found["promised_conversion"])
    head = (_("Figure"), _("Found"), _("Promised"))
    rows = [
        (_("Ranking (AUC)"), auc, promised_auc),
        (_("Conversion"), conversion, promised),
        (_("Sales in the better half"), formats.percent(found["top_half_capture"]), ""),
    ]
    st.table([dict(zip(head, row, strict=True)) for row in rows], border="horizontal", hide_index=True)
    text = _("Of the last {size} outcomes of version {version}. {reports}, {bad} of them bad.").format(
        size=formats.count(found["size"]),
        version=found["version"],
        reports=_reports(found["reports"]),
        bad=formats.count(found["bad"]),
    )
    st.caption(formats.plain(text))
    _link(house, found["page"])


def draw_distances(house: Appliance, figures: Figures) -> None:
    """The distance of each column, and charts of those that moved most."""
    st.markdown(_("**What moved, and by how much**"))
    found = figures["moved"]
    if found is None:
        st.markdown(_("There is no drift report for this week: too few people have arrived."))
        return
    found = of_earlier_releases(found)
    known = house.schema.by_name
    names = [str(column["column"]) for column in found["columns"]]
    labels = {name: formats.label(known[name]) if name in known else name for name in names}
    text = _("{moved} of {all} columns moved; the score by {score} (limit {limit}).").format(
        moved=sum(bool(column["drifted"]) for column in found["columns"]),
        all=len(labels),
        score=formats.fixed(found["score"]["distance"], 3),
        limit=formats.fixed(found["score"]["limit"], 3),
    )
    if found["against"] == "training":
        st.info(formats.plain(text), icon=":material/hourglass_empty:")
    elif found["drift"] and (found["score"]["drifted"] or any(column["drifted"] for column in found["columns"])):
        st.warning(formats.plain(text), icon=":material/moving:")
    else:
        st.success(formats.plain(text), icon=":material/check_circle:")
    for one in found["economy"]:
        st.warning(formats.plain(_economy(house, one)), icon=":material/trending_up:")
    charts.show(
        review_charts.distances(found["columns"], labels),
        words=_("How far each column moved, as a share of its limit. The table below has the figures."),
    )
    st.caption(_("Bars: the newest report. Marks: the largest of the week. Dashed: the limit."))
    _distances(found["columns"], labels)
    _small_multiples(house, found["columns"], labels)
    st.caption(formats.plain(_compared(found)))
    if found["drift"] and found["files"]:
        brought = [f"{one['file']} ({formats.count(one['people'])})" for one in found["files"][:FILES]]
        st.caption(formats.plain(_("The newest people came with: {files}.").format(files=", ".join(brought))))
    _link(house, found["page"])


def _compared(found: Figures) -> str:
    """Who was compared with whom, and how many reports there were."""
    against = {
        "before": _("The newest {window} people against the {reference} before them, by version {version}."),
        "in use": _(
            "The newest {window} people against the {reference} from when a model was last accepted, by version "
            "{version}."
        ),
        "earlier release": _("{window} predictions against {reference} training rows of version {version}."),
        "training": _(
            "The newest {window} people against {reference} training rows of version {version}. Those were chosen for "
            "a call, so a difference is no alarm. This ends when more people have arrived."
        ),
    }[found["against"]]
    size = {"window": formats.count(found["window"]), "reference": formats.count(found["reference"])}
    text = _("{reports}, {bad} of them bad.")
    reports = text.format(reports=_reports(found["reports"]), bad=formats.count(found["bad"]))
    return f"{against.format(**size, version=found['version'])} {reports}"


def _economy(house: Appliance, one: Figures) -> str:
    known = house.schema.by_name.get(one["column"])
    text = _("{figure} is {now}; the model has learnt from {least} to {most}.")
    name = formats.label(known) if known else str(one["column"])
    values = {place: formats.number(one[place]) for place in ("now", "least", "most")}
    return text.format(figure=name, **values)


def _distances(columns: Sequence[Figures], labels: Mapping[str, str]) -> None:
    with st.expander(_("As a table")):
        st.table(
            [
                {
                    _("Column"): formats.plain(labels[one["column"]]),
                    _("Distance"): formats.fixed(one["distance"], 3),
                    _("Limit"): formats.fixed(one["limit"], 3),
                    _("Largest of the week"): formats.fixed(one["largest"], 3),
                    _("Moved"): _("yes") if one["drifted"] else _("no"),
                }
                for one in columns
            ],
            border="horizontal",
            hide_index=True,
        )


def _small_multiples(house: Appliance, columns: Sequence[Figures], labels: dict[str, str]) -> None:
    pictured = [one for one in columns if one.get("shape")][:SMALL_MULTIPLES]
    if not pictured:
        return
    st.caption(_("Grey: share before. Points: share now. The columns that moved most come first."))
    with st.container(key="review-shapes"):
        for start in range(0, len(pictured), 4):
            for one, cell in zip(pictured[start : start + 4], st.columns(4), strict=False):
                column = house.schema.by_name.get(one["column"])
                words = [
                    formats.value(column, label) if column and column.is_category else str(label)
                    for label in one["shape"]["labels"]
                ]
                with cell:
                    st.markdown(f"{formats.plain(labels[one['column']])} · {formats.fixed(one['distance'], 3)}")
                    charts.show(
                        review_charts.shape(one["shape"], words),
                        words=_("Shares of {column} before and now.").format(column=labels[one["column"]]),
                    )


def draw_actions(_house: Appliance, figures: Figures) -> None:
    """Trainings, decisions and incidents of the week."""
    st.markdown(_("**What was done**"))
    words = {
        "promoted": _("promoted at once"),
        "on trial": _("put on trial"),
        "refreshed": _("of the recipe in use, for the next list"),
        "refused": _("refused by a gate"),
        "unchanged": _("skipped: nothing new to learn from"),
    }
    trainings = [f"{formats.count(n)} {words.get(how, how)}" for how, n in sorted(figures["trainings"].items())]
    st.markdown(_("Trainings: {trainings}.").format(trainings=formats.plain(", ".join(trainings) or _("none"))))
    zone = st.context.timezone
    if figures["decisions"]:
        st.table(
            [
                {
                    _("When"): formats.plain(formats.moment(decision["at"], zone)),
                    _("Version"): formats.plain(decision["version"]),
                    _("Decision"): translate(DecisionKind(decision["what"]).words),
                    _("By"): formats.plain(decision["by"]),
                    _("Why"): formats.plain(translate(from_document(decision["why"]))),
                }
                for decision in figures["decisions"]
            ],
            border="horizontal",
            hide_index=True,
        )
    else:
        st.markdown(_("No decision about a model was taken."))
    if figures["incidents"]:
        st.table(
            [
                {
                    _("Incident"): formats.plain(translate(incident_words.cause_name(incident["cause"]))),
                    _("Opened"): formats.plain(formats.moment(incident["opened"], zone)),
                    _("State"): translate(incident_words.HEADS.get(incident["status"], incident["status"])),
                    _("Last"): formats.plain(translate(from_document(incident["last"]))),
                }
                for incident in figures["incidents"]
            ],
            border="horizontal",
            hide_index=True,
        )
    else:
        st.markdown(_("There was no incident."))


def _reports(number: int) -> str:
    return plural("{n} report in the week", "{n} reports in the week", number).format(n=formats.count(number))


def _link(house: Appliance, page: str | None) -> None:
    if address := links.report_link(house, page):
        st.link_button(_("Open in Evidently"), address, icon=":material/open_in_new:")
