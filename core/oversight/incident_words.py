"""An incident in words, the same in messages and on the screens: what it is, what was kept, what to do next."""

from __future__ import annotations

from core.sentences import Sentence

MENDED_BY_TRAINING = frozenset({"drift", "quality"})

NAMES = {
    "drift": Sentence("the people to call have changed"),
    "quality": Sentence("the model does not keep what it promised"),
    "data": Sentence("a training was stopped by its data"),
    "skew": Sentence("scores in service differ from training's"),
}
HEADS = {
    "open": Sentence("Noticed"),
    "retraining": Sentence("Training a new model"),
    "canary": Sentence("Trying a new model"),
    "resolved": Sentence("Solved"),
    "escalated": Sentence("A person is needed"),
}
KEPT = Sentence("Calls go on, ranked by the present model.")
FOLLOWS = {
    "open": (
        KEPT,
        Sentence("Nothing but calling: a model is trained as soon as there is something new to learn from."),
    ),
    "retraining": (KEPT, Sentence("Nothing: you hear how it ends.")),
    "canary": (
        Sentence("Most calls go on by the present model; the new one ranks a small share until the outcomes decide."),
        Sentence("Nothing: you hear how it ends."),
    ),
    "resolved": (Sentence("Everything."), Sentence("Nothing.")),
    "escalated": (
        Sentence("Calls go on, ranked by the present model, and the incident stays open until it is well again."),
        Sentence(
            "Look at the reason above and at the reports; put right what is wrong there, then start a training"
            " (scripts/retrain, or the flow in Prefect)."
        ),
    ),
}
# Where training is no cure: the source, or the data, are for a person to look after.
UNMENDED = {
    "data": Sentence(
        "Look at the column and rule named above, put the data right, then start a training (scripts/retrain)."
    ),
    "skew": Sentence(
        "Compare the versions of scikit-learn and numpy where scores are given with the model's; until they agree,"
        " go back to the model before (scripts/rollback)."
    ),
    "economy": Sentence(
        "Nothing, if it is short: it is fetched again by itself. If it lasts, look at the log of the monitor."
    ),
}
# The same, where that has lasted and waiting is no longer enough.
LASTING = {
    "economy": Sentence(
        "See what its source answers (python -m monitor indicators), and put its line in the list of series, or"
        " the way out to it, right. Until then the last value stays in use."
    ),
}
OTHER = Sentence("Look at the log of the monitor.")


def name(cause: str) -> str:
    """A cause, in words."""
    kind, _, series = cause.partition(":")
    if kind == "economy":
        return Sentence("the economic figure {series} is out of date", series=series)
    return NAMES.get(cause, cause)


def head(status: str, place: int) -> str:
    """The state of an incident whose history has its entry of `status` at `place`, in a few words."""
    return Sentence("Waiting for outcomes") if status == "open" and place else HEADS[status]


def follows(cause: str, status: str) -> tuple[str, str]:
    """What was kept, and what to do next."""
    kept, then = FOLLOWS[status]
    if status in ("open", "escalated") and cause not in MENDED_BY_TRAINING:
        kind = cause.partition(":")[0]
        then = UNMENDED.get(kind, OTHER)
        if status == "escalated":
            then = LASTING.get(kind, then)
    return kept, then
