"""The champion's upkeep: when the recipe in use is fitted again, and how much say the newer fit has.

A refresh has the champion's recipe, code and kind, and newer outcomes. It goes into use at once, as a mixture of
log-odds with the champion (`core.models.mixture`), with a prior of 0.8. Its weight moves with the outcomes of calls
that both had scored, and is fixed for a list. It is 0 from the first outcome at which the evidence for "worse"
(`eprocess`) reaches 1/`worse`, and stays 0.

**What is compared is the upkeep, not one fit.** Refreshes come every 100 outcomes, and the outcomes of a fit's own
calls are known later than the next fit is made. So a newer fit takes the place of the one before it, with its weight
and its evidence: "whatever was the newest fit" is one forecaster, and each of its forecasts was made before its call.
Evidence for sequential forecasters needs no more (`eprocess`). After `limit` outcomes the comparison ends: whoever has
more than half of the weight is the champion, and the next refresh begins a new comparison. So fits that are all broken
meet one champion that is not, with all outcomes that speak against them. If each fit were compared with the one before,
the comparison would be over before its first outcome was known, and the second broken fit would meet a broken champion.

The rates are those of Bayes' rule, not of a test: `scripts/bench decisions` prints them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from core.models import mixture
from core.sentences import Sentence
from core.settings.loop import RefreshSettings
from monitor.trials.eprocess import evidence, log_evidence
from monitor.trials.evidence import Pair
from monitor.trials.gains import SCORE_BETS, score_gain


@dataclass(frozen=True)
class RefreshRules:
    """`every`: new outcomes from which a refresh is due; 0: none is. `prior`: its weight before the first outcome.

    `worse`: the chance that an upkeep that is not worse is ever left out; 0: none is, whatever the evidence. `limit`:
    outcomes of a comparison.
    """

    every: int = 100
    prior: float = 0.8
    worse: float = 0.05
    limit: int = 200

    @classmethod
    def from_settings(cls, settings: RefreshSettings) -> Self:
        """The rules that `settings` name."""
        return cls(
            every=settings.refresh_every,
            prior=settings.callwise_refresh_weight,
            worse=settings.callwise_refresh_false_worse,
            limit=settings.callwise_refresh_limit,
        )

    def is_due(self, last: int, outcomes: int) -> bool:
        """Whether a refresh is due with `outcomes` in all, where the newest fit has learnt the first `last`."""
        return 0 < self.every <= outcomes - last


@dataclass(frozen=True)
class Standing:
    """What `outcomes` say of an upkeep: its weight in the mixture, and the evidence (e-value) that it is worse.

    `gain`: its mean gain in log score, in nats an outcome. `shown_worse_at`: the outcome, from 1, at which the evidence
    reached its bound. `over`: the comparison has as many outcomes as it may have.
    """

    weight: float
    outcomes: int
    gain: float
    worse: float
    shown_worse_at: int | None
    over: bool

    @property
    def wins(self) -> bool:
        """Whether the newest fit has more than half of the say."""
        return self.weight > 0.5

    def document(self) -> dict[str, Any]:
        """The document for MongoDB."""
        return {**asdict(self), "sentence": self.sentence}

    @property
    def sentence(self) -> str:
        """The say in words, for people."""
        if self.shown_worse_at is not None:
            return Sentence(
                "shown to be worse after {outcomes} outcomes, so it has no say", outcomes=self.shown_worse_at
            )
        return Sentence(
            "weight {weight} after {outcomes} outcomes ({gain} nats a call)",
            weight=f"{self.weight:.2f}",
            outcomes=self.outcomes,
            gain=f"{self.gain:+.4f}",
        )


def weigh(pairs: Sequence[Pair], rules: RefreshRules) -> Standing:
    """The say of an upkeep (the canary of each pair) after n `pairs`, in the order in which outcomes became known."""
    pairs = pairs[: rules.limit]
    gains = score_gain(
        np.array([pair.positive for pair in pairs], dtype=np.bool_),
        np.array([pair.champion for pair in pairs], dtype=np.float64),
        np.array([pair.canary for pair in pairs], dtype=np.float64),
    )
    bound = -np.log(rules.worse) if rules.worse else np.inf
    shown = np.flatnonzero(log_evidence(gains.mirrored, SCORE_BETS) >= bound)
    return Standing(
        weight=0.0 if shown.size else mixture.weight(rules.prior, gains.gain),
        outcomes=len(pairs),
        gain=float(gains.gain.mean()) if pairs else 0.0,
        worse=evidence(gains.mirrored, SCORE_BETS),
        shown_worse_at=int(shown[0]) + 1 if shown.size else None,
        over=len(pairs) >= rules.limit,
    )
