"""The rule of a range of numbers, in words that people can act on."""

from __future__ import annotations

from core.sentences import Sentence


def range_rule(lowest: float | None, highest: float | None, *, whole: bool) -> Sentence:
    """The rule for numbers from `lowest` to `highest`, None being no limit; `whole`: of whole numbers alone."""
    kind = Sentence("a whole number") if whole else Sentence("a number")
    low, high = ("" if bound is None else f"{bound:g}" for bound in (lowest, highest))
    if low and high:
        return Sentence("{kind} from {low} to {high}", kind=kind, low=low, high=high)
    if low:
        return Sentence("{kind} from {low}", kind=kind, low=low)
    return Sentence("{kind} to {high}", kind=kind, high=high) if high else kind
