"""The share of the people whom a canary scores: little at first, and more as the evidence grows that it is better.

    share = s E / (s E + 1 - s)        which is E / (E + 19) for s = 5%

E is the e-value for "better in score" (`evidence`), and `s` the share while nothing is known (E = 1). It is Bayes' rule
with the evidence in the place of a Bayes factor. A canary that does not score better reaches E = 20 at some time with a
chance of at most 5% (Ville's inequality), so with a chance of at least 95% it never has more than half of the people.
"""

from __future__ import annotations

from core.errors import InputError


def canary_share(evidence: float, first: float) -> float:
    """The share of people, from 0 to 1. Raises InputError for negative `evidence` and for a `first` not from 0 to 1."""
    if not evidence >= 0 or not 0 <= first <= 1:
        raise InputError(f"the share of a canary needs evidence from 0 on and a share from 0 to 1, not {first}")
    weighted = first * evidence
    return weighted / (weighted + 1 - first) if weighted else 0.0
