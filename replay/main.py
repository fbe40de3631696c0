"""The command: four arms over one history, a table, a picture, and figures for programs."""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from core.errors import CallwiseError, InputError
from core.models.proof import Scores
from core.schema import Schema, read_schema
from core.settings.addresses import MongoSettings, RegistrySettings, SchemaSettings
from core.settings.loading import load
from core.settings.loop import IncidentSettings, MonitorSettings, ServingSettings, TrainerSettings, TrialSettings
from core.stores.mongo import connect
from monitor.flows.triggers import RetrainLimits
from monitor.incidents.facts import IncidentRules
from monitor.ranking.levelling import learnt
from monitor.trials.evidence import TrialRules
from replay import figures
from replay.arms import Arm, Frozen, Schedule
from replay.callwise import Callwise, Setup
from replay.forecasts import Forecaster
from replay.history import History
from replay.live import Live
from replay.picture import draw_replay
from replay.play import Protocol, play
from trainer.data.snapshot import AT
from trainer.fitting import recipe
from trainer.pipeline.registration import reference_of

ARMS = ("callwise", "frozen", "schedule", "no_canary")
EVERY = 200
SHARE = float(ServingSettings.model_fields["callwise_canary_share"].default)


class LiveSettings(MongoSettings, RegistrySettings):
    """The address of a running appliance's MongoDB, and the name of its model."""


@dataclass(frozen=True)
class Played:
    """What one arm did: its scores, and the arm itself."""

    name: str
    scores: Scores
    arm: Arm


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The options; ends with status 2 and a sentence if they make no sense."""
    parser = argparse.ArgumentParser(
        "scripts/replay",
        description="Plays a finished campaign again in time order, and shows what Callwise makes of it.",
    )
    parser.add_argument("--campaign", type=Path, required=True, metavar="FILE", help="a history with outcomes")
    parser.add_argument("--known", type=int, default=20_000, metavar="N", help="calls made before it starts")
    parser.add_argument(
        "--label-delay", type=int, default=200, metavar="N", help="calls after which an outcome is known"
    )
    parser.add_argument("--until", type=int, metavar="N", help="end after this call of the history")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file")
    parser.add_argument("--picture", type=Path, default=Path("replay.png"), metavar="PNG", help="the picture's file")
    parser.add_argument("--live", action="store_true", help="play it to the running appliance instead")
    parser.add_argument("--pace", type=float, default=1.0, metavar="SECONDS", help="with --live: wait after 50 calls")
    args = parser.parse_args(argv)
    if args.known < 2000 or args.label_delay < 0 or (args.until is not None and args.until <= args.known):
        parser.error("--known must be 2000 or more, --label-delay not negative, and --until more than --known")
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Replay; 0 when it ended well, 1 when the file does not fit or no first model passes the gates."""
    warnings.filterwarnings("ignore")  # from libraries to their developers
    args = arguments(argv)
    try:
        schema = read_schema(load(SchemaSettings).callwise_schema)
        protocol = Protocol(args.known, args.label_delay, args.until)
        if args.live:
            return live(args, schema, protocol)
        history = History.from_file(args.campaign, schema)
        if len(history.frame) <= args.known:
            raise InputError(
                f"{args.campaign.name} has {len(history.frame)} calls with an outcome; {args.known} are to be known",
                next="Give a longer history, or a smaller --known.",
            )
        # Spawned: a fork of a process that has loaded BLAS may hang.
        with ProcessPoolExecutor(max_workers=2, mp_context=get_context("spawn")) as pool:
            runs = [pool.submit(run, name, history, schema, protocol) for name in ARMS]
            played = {name: run.result() for name, run in zip(ARMS, runs, strict=True)}
    except CallwiseError as error:
        print(error, file=sys.stderr)
        return 1
    scores = {name: one.scores for name, one in played.items()}
    sold = history.sold[protocol.known : protocol.known + len(scores["callwise"])]
    loop = played["callwise"].arm
    if not isinstance(loop, Callwise):
        raise TypeError(type(loop))
    result = figures.figures(sold, scores, loop, args.label_delay)
    print(figures.table(scores, result))
    draw_replay(args.picture, sold, scores, loop, protocol.known)
    print(f"Picture: {args.picture}")
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


def live(asked: argparse.Namespace, schema: Schema, protocol: Protocol) -> int:
    """Play to the appliance that the environment names. Raises SettingsError, InputError, Unavailable."""
    settings = load(LiveSettings)
    player = Live(connect(settings), schema, settings.callwise_model_name, print, asked.pace)
    result = player.run(asked.campaign, protocol)
    print(
        f"{result['calls']} calls: AUC {result['auc']:.4f}, {result['top_half']:.1%} of the sales in the better half."
    )
    if asked.json:
        asked.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


def run(name: str, history: History, schema: Schema, protocol: Protocol) -> Played:
    """Play the arm `name`, in a process of its own. Raises GateRefused when the first model is refused."""
    warnings.filterwarnings("ignore")
    arm = compose(name, history, schema, protocol)

    def report(calls: int) -> None:
        if calls % 2_500 < 50:
            print(f"  {name}: {calls} calls, {arm.retrainings} trainings", file=sys.stderr, flush=True)

    return Played(name, play(history, arm, protocol, report), arm)


def compose(name: str, history: History, schema: Schema, protocol: Protocol) -> Arm:
    """The arm `name`, with the first model in use. Settings are the appliance's own, from the environment."""
    training, watching, incidents = load(TrainerSettings), load(MonitorSettings), load(IncidentSettings)
    trial = load(TrialSettings)
    made = recipe.make(history.frame.iloc[: protocol.known], schema, training, None, watch=recipe.Unwatched())
    reference = reference_of(made.model, made.trained_on, schema)
    window = watching.callwise_level_outcomes if name in ("callwise", "no_canary") else 0
    forecaster = Forecaster("1", made.model, len(history.frame), window, learnt(reference))
    if name == "frozen":
        return Frozen(name, forecaster)
    if name == "schedule":
        return Schedule(name, forecaster, made.candidate, schema, training, EVERY)
    setup = Setup(
        schema=schema,
        training=training,
        watching=watching,
        trial=TrialRules(
            promote=trial.callwise_trial_false_promotion,
            roll_back=trial.callwise_trial_false_rollback,
            minimum=trial.callwise_trial_minimum,
            limit=trial.callwise_trial_limit,
        ),
        incidents=IncidentRules(
            incidents.callwise_incident_attempts, fresh_outcomes=incidents.callwise_incident_outcomes
        ),
        due=RetrainLimits(outcomes=incidents.callwise_retrain_outcomes),
        share=SHARE,
    )
    until = {"1": made.trained_on[AT].iloc[-1].to_pydatetime()}
    return Callwise(name, setup, forecaster, {"1": reference}, until, trials=name == "callwise")
