"""The words of an erasure: its places, its progress, and what stays and why."""

from __future__ import annotations

from app.language import _, formats
from core.privacy.requests import Erasure, Status

ORDER = (
    *("calls", "outcomes", "contacts", "prospects", "predictions", "do_not_call", "barred_numbers"),
    *("answers", "changes"),
    *("spool", "rejects", "model rows", "datasets"),
)
"""The places, in the order in which an erasure searches them."""


def place(name: str) -> str:
    """The name of a place on the screens."""
    return {
        "calls": _("Calls made, with their notes"),
        "outcomes": _("Sales and refusals"),
        "contacts": _("Names and numbers"),
        "prospects": _("Records on the call lists"),
        "predictions": _("Predictions, with their inputs"),
        "answers": _("Answers kept for programs"),
        "changes": _("Entries of the feed for programs"),
        "do_not_call": _("Entry on the do-not-call list"),
        "barred_numbers": _("Calls named by wishes not to call a number"),
        "spool": _("Predictions that wait to be stored"),
        "rejects": _("Rows in files of rejected rows"),
        "model rows": _("Rows kept beside models"),
        "datasets": _("Rows in datasets"),
    }.get(name, name)


def role(name: str) -> str:
    """The name of a model's role on the screens."""
    return {
        "champion": _("in use"),
        "canary": _("on trial"),
        "refresh": _("mixed with the one in use"),
        "previous": _("the one before"),
        "waiting": _("for the next list"),
        "retired": _("out of use"),
    }.get(name, name)


def state(erasure: Erasure, zone: str | None) -> str:
    """The progress of an erasure, in a sentence."""
    if erasure.status is Status.ASKED:
        return _("Requested. The erasure begins within a minute.")
    if erasure.status is Status.ERASING:
        return _("Being erased, place by place.")
    if erasure.status is Status.WATCHING and erasure.due_at is not None:
        at = formats.moment(erasure.due_at, zone, day=False)
        return _("Removed everywhere. At {at} a last check finds records that were written meanwhile.").format(at=at)
    return _("Done.")


def steps(erasure: Erasure) -> list[tuple[str, bool, int]]:
    """(place, whether the present pass has searched it, records removed by all passes), in order."""
    present = str(erasure.passes + 1)
    over = erasure.status in (Status.WATCHING, Status.DONE)
    return [(place(name), over or present in erasure.found.get(name, {}), erasure.removed(name)) for name in ORDER]


def what_stays() -> list[tuple[str, str]]:
    """(what stays, why), the same for every erasure."""
    return [
        (
            _("Figures about many people: counts, rates, drift and quality reports, the level of the scores"),
            _("These figures identify nobody."),
        ),
        (
            _("What models have learnt, until one without this person takes their place"),
            _("A model holds weights, not rows. The receipt lists the versions to be trained again."),
        ),
        (
            _("The tags, row counts and hashes of the replaced datasets"),
            _("They say where each model came from; the content is gone."),
        ),
        (_("The event log"), _("It names campaigns, models and colleagues, and nobody who was called.")),
        (
            _("A keyed hash of the reference"),
            _("It finds this receipt again, and recognises people who must not be imported again."),
        ),
        (
            _("A keyed hash of each phone number that the person or a colleague put on the do-not-call list"),
            _("Without it the number would be called again. It names nobody, and no number can be read from it."),
        ),
        (
            _("Backups made before"),
            _("They are not changed. After a restore, erase once more: the receipt gives the date."),
        ),
    ]
