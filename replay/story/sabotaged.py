"""A training that goes wrong: the version that it hands over has learnt the outcomes of other people.

It is the appliance's own training, with its snapshot, its gates and its registration. Only the last fit gets shuffled
outcomes (`replay.living.sabotage`), after every gate has passed, so nothing but a trial can stop the version. It says
that it is of other code, as after an upgrade of Callwise, so it goes on trial and is no refresh.
"""

from __future__ import annotations

from replay.living.sabotage import Sabotage
from trainer.fitting.recipe import unwrapped
from trainer.main import Settings, compose
from trainer.pipeline.training import TrainingResult, train

CODE = "sabotaged-for-the-demo"
REASON = "the demo's sabotage: this version learns the outcomes of other people"


def train_sabotaged(settings: Settings) -> TrainingResult:
    """Train it on the outcomes of now, and hand it over. Raises GateRefused, Conflict, Unavailable."""
    trainer = compose(settings.model_copy(update={"callwise_code_version": CODE}))
    return train(trainer, reason=REASON, step=Sabotage(unwrapped, settings.callwise_seed, broken=1))
