"""An incident in words, for messages and screens: what it is, what was kept, what to do next."""

from __future__ import annotations

from core.sentences import Sentence

MENDED_BY_TRAINING = frozenset({"drift", "quality"})

NAMES = {
    "drift": Sentence("the people to call or the economy have changed"),
    "quality": Sentence("the model does not keep what it promised"),
    "data": Sentence("a training was stopped by its data"),
    "skew": Sentence("scores in service differ from training's"),
    "disk": Sentence("the server's disk is nearly full"),
    "certificate": Sentence("the door's certificate ends soon"),
    "clock": Sentence("the server's clock is not right"),
    "backlog": Sentence("predictions do not reach the database"),
    "backup": Sentence("there is no recent backup"),
    "drill": Sentence("no recent drill shows that a backup can be restored"),
    "stores": Sentence("a store was lost"),
}
HEADS = {
    "open": Sentence("Noticed"),
    "retraining": Sentence("Training a new model"),
    "canary": Sentence("Trying a new model"),
    "resolved": Sentence("Solved"),
    "escalated": Sentence("A person is needed"),
}
KEPT = Sentence("Calls continue, ranked by the present model.")
WAIT = Sentence("Nothing: wait for the result.")
FOLLOWS = {
    "open": (
        KEPT,
        Sentence("Just continue calling: a model is trained as soon as there are new outcomes to learn from."),
    ),
    "retraining": (KEPT, WAIT),
    "canary": (
        Sentence("The present model keeps its say; the new one has a part in the calls until the outcomes decide."),
        WAIT,
    ),
    "resolved": (Sentence("Everything."), Sentence("Nothing.")),
    "escalated": (
        Sentence("Calls continue, ranked by the present model. The incident stays open until the cause is gone."),
        Sentence(
            "Read the reason above and the reports, correct what is wrong, then start a training"
            " (scripts/retrain, or the flow in Prefect)."
        ),
    ),
}
# Causes that training does not solve: a person must look after the source or the data.
UNMENDED = {
    "data": Sentence(
        "Look at the column and rule named above, correct the data, then start a training (scripts/retrain)."
    ),
    "skew": Sentence(
        "Compare the versions of scikit-learn and numpy in the scoring service with the model's. Until they agree,"
        " go back to the model before (scripts/rollback)."
    ),
    "economy": Sentence(
        "Nothing at first: the figure is fetched again automatically. If this lasts, look at the log of the monitor."
    ),
    "disk": Sentence(
        "Make room on the server (docker image prune, old backups) or give it a larger disk. Until then work stops in"
        " this order: reports, trainings, imports, ranking. Calls and their results are always recorded."
    ),
    "certificate": Sentence(
        "Look at the door's log (docker compose logs caddy), or renew the certificate of your own."
    ),
    "clock": Sentence("Turn the time service on (timedatectl set-ntp true), and compare the clock with another."),
    "backlog": Sentence("Look at MongoDB's log and its disk. No prediction is lost: they wait in the scoring service."),
    "memory": Sentence("Raise the service's memory limit in .env, then docker compose up -d."),
    "job": Sentence("Look at the log of the monitor, and at the service that the reason names."),
    "service": Sentence("Look at the service's log (docker compose logs), then run scripts/doctor."),
    "backup": Sentence("Look at the last backup's log, and make one by hand (docs/operations.md, Backup)."),
    "drill": Sentence("Restore a backup on a scratch appliance by hand, and compare (docs/operations.md, Backup)."),
    "stores": Sentence("Restore the volume from a backup, or go on without it (docs/operations.md, A volume is lost)."),
}
# The same for an incident that lasts, so that waiting is no longer enough.
LASTING = {
    "economy": Sentence(
        "See what its source answers (python -m monitor indicators). Then correct its line in the list of series, or"
        " the network access to the source. Until then the last value stays in use."
    ),
}
OTHER = Sentence("Look at the log of the monitor.")


def cause_name(cause: str) -> str:
    """A cause, in words."""
    kind, _, series = cause.partition(":")
    match kind:
        case "economy":
            return Sentence("the economic figure {series} is out of date", series=series)
        case "job":
            return Sentence("the job {job} fails again and again", job=series)
        case "service":
            return Sentence("the service {service} does not answer", service=series)
        case "memory":
            return Sentence("the service {service} has little memory left", service=series)
    return NAMES.get(cause, cause)


def status_heading(status: str, place: int) -> str:
    """The status of an incident in a few words; `place` is that of the entry of `status` in its history."""
    return Sentence("Waiting for outcomes") if status == "open" and place else HEADS[status]


def kept_and_next(cause: str, status: str) -> tuple[str, str]:
    """What was kept, and what to do next."""
    kept, next_step = FOLLOWS[status]
    if status in ("open", "escalated") and cause not in MENDED_BY_TRAINING:
        kind = cause.partition(":")[0]
        next_step = UNMENDED.get(kind, OTHER)
        if status == "escalated":
            next_step = LASTING.get(kind, next_step)
    return kept, next_step
