"""The command: six arms over one history, a table, a picture, and figures for programs."""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from core.calls.contact_keys import keys_of
from core.errors import InputError, exit_status
from core.kinds.chosen import KindSettings, choose
from core.kinds.kind import read_kind_file
from core.models.proof import Scores
from core.schema import Schema, read_schema
from core.settings.addresses import RegistrySettings, SchemaSettings
from core.settings.loading import load
from core.settings.people import ContactSettings
from replay import figures
from replay.arms import Arm, Frozen, Schedule
from replay.callwise import Callwise
from replay.forecasts import Forecaster
from replay.history import History, days_of
from replay.live import Live
from replay.living import quick
from replay.picture import draw_replay
from replay.play import Protocol, play
from replay.setup import Functions, Settings, Setup
from replay.upkeep import Upkeep, Version
from trainer.fitting import recipe

ARMS = ("callwise", "frozen", "schedule", "unguarded", "all_on_trial", "no_canary")
KEPT_FRESH = ("callwise", "unguarded")
EVERY = 200
PAGES = Functions(refresh=quick.step)
"""The appliance's own reports and gates. Only a refresh's gates, which run every hundred outcomes, are without the
pages that people read: so they take a tenth of the time."""


class LiveSettings(KindSettings, RegistrySettings, ContactSettings):
    """The address of a running appliance's MongoDB, the name of its model, and the key of names and numbers."""


@dataclass(frozen=True)
class ArmResult:
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
    parser.add_argument(
        "--without-pages",
        action="store_true",
        help="leave out the pages of reports and gates: the same figures, sooner (replay.living.quick)",
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file")
    parser.add_argument("--picture", type=Path, default=Path("replay.png"), metavar="PNG", help="the picture's file")
    parser.add_argument("--live", action="store_true", help="play it to the running appliance instead")
    parser.add_argument("--kind", type=Path, metavar="KIND.yaml", help="the history's kind (default: CALLWISE_SCHEMA)")
    parser.add_argument("--pace", type=float, default=1.0, metavar="SECONDS", help="with --live: wait after 50 calls")
    args = parser.parse_args(argv)
    if args.known < 2000 or args.label_delay < 0 or (args.until is not None and args.until <= args.known):
        parser.error("--known must be 2000 or more, --label-delay not negative, and --until more than --known")
    return args


@exit_status
def main(argv: Sequence[str] | None = None) -> None:
    """Replay; 0 when it ended well, 1 when the file does not fit or no first model passes the gates."""
    warnings.filterwarnings("ignore")  # from libraries to their developers
    args = arguments(argv)
    schema = read_kind_file(args.kind) if args.kind else read_schema(load(SchemaSettings).callwise_schema)
    protocol = Protocol(args.known, args.label_delay, args.until)
    if args.live:
        live(args, schema, protocol)
        return
    history = History.from_file(args.campaign, schema)
    if len(history.frame) <= args.known:
        raise InputError(
            f"{args.campaign.name} has {len(history.frame)} calls with an outcome; {args.known} are to be known",
            next="Give a longer history, or a smaller --known.",
        )
    # Spawned: a fork of a process that has loaded BLAS may hang.
    with ProcessPoolExecutor(max_workers=2, mp_context=get_context("spawn")) as pool:
        first = pool.submit(first_model, history, schema, protocol).result()  # that of all arms
        functions = quick.QUICK if args.without_pages else PAGES
        runs = [pool.submit(run, name, history, schema, protocol, first, functions) for name in ARMS]
        played = {name: run.result() for name, run in zip(ARMS, runs, strict=True)}
    scores = {name: one.scores for name, one in played.items()}
    sold = history.sold[protocol.known : protocol.known + len(scores["callwise"])]
    loop = played["callwise"].arm
    if not isinstance(loop, Callwise):
        raise TypeError(type(loop))
    days = days_of(history.frame, schema)[protocol.known : protocol.known + len(sold)]
    result = figures.figures(sold, scores, days, loop, args.label_delay)
    print(figures.table(scores, result))
    draw_replay(args.picture, sold, scores, loop, protocol.known)
    print(f"Picture: {args.picture}")
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def live(asked: argparse.Namespace, schema: Schema, protocol: Protocol) -> None:
    """Play to the appliance that the environment names. Raises SettingsError, InputError, Unavailable."""
    chosen = choose(load(LiveSettings), schema.name if asked.kind else None)
    settings = chosen.settings
    player = Live(chosen.db, chosen.schema, settings.callwise_model_name, print, asked.pace, keys_of(settings))
    result = player.run(asked.campaign, protocol)
    print(
        f"{result['calls']} calls: AUC {result['auc']:.4f}, {result['top_half']:.1%} of the sales in the better half."
    )
    if asked.json:
        asked.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def first_model(history: History, schema: Schema, protocol: Protocol) -> recipe.ValidatedModel:
    """The model that is made of the known calls. Raises GateRefused when a gate refuses it."""
    warnings.filterwarnings("ignore")
    known = history.frame.iloc[: protocol.known]
    return recipe.train_model(known, schema, load(Settings), None, watch=recipe.Unwatched())


def run(
    name: str,
    history: History,
    schema: Schema,
    protocol: Protocol,
    first: recipe.ValidatedModel | None = None,
    functions: Functions | None = None,
) -> ArmResult:
    """Play the arm `name`, in a process of its own, from its `first` model on, with `functions` (default: `PAGES`).

    Raises GateRefused (`first_model`).
    """
    warnings.filterwarnings("ignore")
    arm = compose(name, history, schema, first or first_model(history, schema, protocol), functions or PAGES)

    def report(calls: int) -> None:
        if calls % 2_500 < 50:
            print(f"  {name}: {calls} calls, {arm.retrainings} trainings", file=sys.stderr, flush=True)

    return ArmResult(name, play(history, arm, protocol, report), arm)


def compose(
    name: str, history: History, schema: Schema, made: recipe.ValidatedModel, functions: Functions = PAGES
) -> Arm:
    """The arm `name`, with the first model in use. Settings are the appliance's own, from the environment."""
    settings, calls = load(Settings), len(history.frame)
    if name == "frozen":
        return Frozen(name, Forecaster("1", made.model, calls))
    if name == "schedule":
        return Schedule(name, Forecaster("1", made.model, calls), made.candidate, schema, settings, EVERY)
    setup = Setup.from_settings(settings, schema, functions)
    first, window = Version.from_training("1", made, schema), settings.callwise_level_outcomes
    kept_fresh = name in KEPT_FRESH and not setup.every_version_on_trial
    rules = replace(setup.refresh, worse=0.0) if name == "unguarded" else setup.refresh
    return Callwise(
        name=name,
        setup=setup,
        champion=first,
        trials=name != "no_canary",
        upkeep=Upkeep(rules) if kept_fresh else None,
        calls=calls,
        window=window,
    )
