"""The tables of the page Operation: plain rows of text from the monitor's last look."""

from __future__ import annotations

from datetime import datetime

from app.language import _, formats, plural, translate
from core.oversight.job_words import WORDS
from core.oversight.space import MIB
from core.stores.mongo import Document

WELL, NOT_WELL = "✓", "✗"


def services(seen: Document) -> list[dict[str, str]]:
    """Each service, whether it answers, and why not. The app answers: it draws this."""
    rows = [
        {
            _("Service"): formats.plain(str(one["name"])),
            _("State"): f"{WELL} {_('answers')}" if one["ok"] else f"{NOT_WELL} {_('does not answer')}",
            _("Why"): formats.plain(str(one["why"])),
        }
        for one in sorted(seen["services"], key=lambda one: (one["ok"], one["name"]))
    ]
    if not any(row[_("Why")] for row in rows):
        for row in rows:
            del row[_("Why")]
    return rows


def room(seen: Document, zone: str | None) -> list[dict[str, str]]:
    """Backlog, disk, memory, certificate, clock, backups and notices: a name and a figure in words."""
    rows = [(_("Predictions that wait"), _backlog(seen))]
    rows += [(_("Disk: {place}").format(place=_place(one)), _free(one)) for one in seen["disk"]["places"]]
    rows += [
        (
            _("Memory: {service}").format(service=formats.plain(one["service"])),
            _("{share} of its limit").format(share=formats.percent(one["share"], 0)),
        )
        for one in seen["memory"]
    ]
    if seen["certificate"]:
        ends = _moment(seen["certificate"]["ends"], zone)
        rows.append((_("Certificate of the door"), _("valid until {when}").format(when=ends)))
    if seen["clock"]["kept"] is not None:
        kept = _("kept by a time service") if seen["clock"]["kept"] else _("kept by nothing")
        rows.append((_("Clock"), kept))
    rows.append((_("Last backup"), _done(seen["backup"], zone)))
    rows.append((_("Last drill of a restore"), _done(seen["drill"], zone)))
    addresses = int(seen["notices"]["addresses"])
    told = plural("to {n} address", "to {n} addresses", addresses).format(n=formats.count(addresses))
    rows.append((_("Notifications"), told if addresses else _("to nobody: no address is set")))
    return [{_("What"): name, _("State"): figure} for name, figure in rows]


def jobs(seen: Document, zone: str | None) -> list[dict[str, str]]:
    """Each job: what it does, its last success and next run, and how it goes; those that fail first."""
    ordered = sorted(seen["jobs"], key=lambda one: (not one["failures"], one["name"]))
    return [_job(one, zone) for one in ordered]


def _job(one: Document, zone: str | None) -> dict[str, str]:
    name, _space, kind = str(one["name"]).partition(" ")
    about = translate(WORDS[name]) if name in WORDS else name
    failures = int(one["failures"])
    if failures:
        failed = plural("failed {n} time in a row", "failed {n} times in a row", failures)
        state = f"{NOT_WELL} {failed.format(n=formats.count(failures))}: {formats.plain(str(one['error']))}"
    else:
        state = f"{WELL} {_('well')}" if one["last"] else _("not yet")
    return {
        _("Job"): formats.plain(f"{name} {kind}".strip()),
        _("State"): state,
        _("Last success"): _moment(one["last"], zone) if one["last"] else translate(formats.NOT_YET),
        _("Next run"): _moment(one["next"], zone) if one["next"] else translate(formats.NOT_YET),
        _("What it does"): about,
    }


def _moment(at: datetime, zone: str | None) -> str:
    """A time; `1. Dez.` at the begin of a cell would be a list in Markdown."""
    return formats.plain(formats.moment(at, zone))


def _place(one: Document) -> str:
    return _("of the scoring service") if one["place"] == "spool" else _("of the data")


def _free(one: Document) -> str:
    return _("{number} GiB free").format(number=formats.fixed(one["free"] / MIB / 1024, 1))


def _backlog(seen: Document) -> str:
    waiting = seen["backlog"]["waiting"]
    if waiting is None:
        return _("unknown: the scoring service does not answer")
    if not waiting:
        return _("none")
    minutes = int(seen["backlog"]["oldest_seconds"] // 60)
    text = plural("{n} record, the oldest for {minutes} min", "{n} records, the oldest for {minutes} min", int(waiting))
    return text.format(n=formats.count(int(waiting)), minutes=formats.count(minutes))


def _done(done: Document | None, zone: str | None) -> str:
    if done is None or done["at"] is None:
        return translate(formats.NOT_YET)
    when = _moment(done["at"], zone)
    return when if done["ok"] else _("{when}; the newest one failed").format(when=when)
