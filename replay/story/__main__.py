"""`python -m replay.story --diary FILE`: plays the story on the appliance that the environment names."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import warnings
from functools import partial
from pathlib import Path

warnings.filterwarnings("ignore")  # from libraries to their developers; some warn on import

from bootstrap.check.journey import SAMPLE_CAMPAIGN  # noqa: E402
from core.errors import exit_status  # noqa: E402
from core.kinds.chosen import KindSettings, choose  # noqa: E402
from core.settings.loading import load  # noqa: E402
from core.settings.loop import RefreshSettings  # noqa: E402
from core.settings.people import ErasureSettings  # noqa: E402
from core.stores.mongo import reachable  # noqa: E402
from replay.story.acts import Story, play  # noqa: E402
from replay.story.agents import Team  # noqa: E402
from replay.story.diary import Diary  # noqa: E402
from replay.story.pace import Pace  # noqa: E402
from replay.story.sabotaged import train_sabotaged  # noqa: E402
from replay.story.view import Settings as ViewSettings  # noqa: E402
from replay.story.view import View  # noqa: E402
from replay.story.work import Work  # noqa: E402
from trainer.main import Settings as TrainerSettings  # noqa: E402

LONGEST = 180  # characters of a line


class Settings(ViewSettings, KindSettings, RefreshSettings, ErasureSettings):
    """Where the appliance is, and when a refresh is due."""


def say(text: str) -> None:
    """Print one line of the story."""
    print(text if len(text) <= LONGEST else f"{text[: LONGEST - 2]} …", flush=True)


@exit_status
def main() -> None:
    """Play what is left of the story; 1 after an error, which is printed."""
    parser = argparse.ArgumentParser(prog="python -m replay.story", description=__doc__)
    parser.add_argument("--diary", type=Path, required=True, help="the file that says what has happened")
    parser.add_argument("--speed", type=float, help="so fast that one can watch: 1, or more (default: without a pause)")
    asked = parser.parse_args()
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    settings, pace = load(Settings), Pace(asked.speed)
    chosen = choose(settings)
    view = View(settings, chosen.kind, say, with_reasons=False)
    with reachable():
        if view.db.campaigns.find_one({"_id": SAMPLE_CAMPAIGN}) is None:
            say("The story needs the sample campaign, which is not here.")
            return
    with tempfile.TemporaryDirectory(prefix="callwise-story-") as folder:
        story = Story(
            view,
            Work(view, Team(view.db, view.schema, pace.after_call), Path(folder), settings.erasure_key),
            Diary.open(asked.diary),
            settings.refresh_every,
            partial(train_sabotaged, load(TrainerSettings)),
        )
        play(story, pace.before_act)
    say("The story is told. The appliance goes on; what it shows has happened.")


if __name__ == "__main__":
    sys.exit(main())
