"""An incident in words, the same in messages and on the screens: what it is, what was kept, what to do next."""

from __future__ import annotations

MENDED_BY_TRAINING = frozenset({"drift", "quality"})

NAMES = {
    "drift": "the people to call have changed",
    "quality": "the model does not keep what it promised",
    "data": "a training was stopped by its data",
    "skew": "scores in service differ from training's",
}
HEADS = {
    "open": "Noticed",
    "retraining": "Training a new model",
    "canary": "Trying a new model",
    "resolved": "Solved",
    "escalated": "A person is needed",
}
KEPT = "Calls go on, ranked by the present model."
FOLLOWS = {
    "open": (KEPT, "Nothing but calling: a model is trained as soon as there is something new to learn from."),
    "retraining": (KEPT, "Nothing: you hear how it ends."),
    "canary": (
        "Most calls go on by the present model; the new one ranks a small share until the outcomes decide.",
        "Nothing: you hear how it ends.",
    ),
    "resolved": ("Everything.", "Nothing."),
    "escalated": (
        "Calls go on, ranked by the present model, and the incident stays open until it is well again.",
        "Look at the reason above and at the reports; put right what is wrong there, then start a training"
        " (scripts/retrain, or the flow in Prefect).",
    ),
}
# Where training is no cure: the source, or the data, are for a person to look after.
UNMENDED = {
    "data": "Look at the column and rule named above, put the data right, then start a training (scripts/retrain).",
    "skew": "Compare the versions of scikit-learn and numpy where scores are given with the model's; until they agree,"
    " go back to the model before (scripts/rollback).",
    "economy": "Nothing, if it is short: it is fetched again by itself. If it lasts, look at the log of the monitor.",
}
# The same, where that has lasted and waiting is no longer enough.
LASTING = {
    "economy": "See what its source answers (python -m monitor indicators), and put its line in the list of series, or"
    " the way out to it, right. Until then the last value stays in use.",
}
OTHER = "Look at the log of the monitor."


def name(cause: str) -> str:
    """A cause, in words."""
    kind, _, series = cause.partition(":")
    if kind == "economy":
        return f"the economic figure {series} is out of date"
    return NAMES.get(cause, cause)


def head(status: str, place: int) -> str:
    """The state of an incident whose history has its entry of `status` at `place`, in a few words."""
    return "Waiting for outcomes" if status == "open" and place else HEADS[status]


def follows(cause: str, status: str) -> tuple[str, str]:
    """What was kept, and what to do next."""
    kept, then = FOLLOWS[status]
    if status in ("open", "escalated") and cause not in MENDED_BY_TRAINING:
        kind = cause.partition(":")[0]
        then = UNMENDED.get(kind, OTHER)
        if status == "escalated":
            then = LASTING.get(kind, then)
    return kept, then
