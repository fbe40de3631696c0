"""`scripts/models` and `scripts/rollback`, also asked wrongly, on a real store; the aliases are a dictionary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Unavailable
from core.kinds import chosen
from core.models.decisions import CANARY, CHAMPION, PREVIOUS, DecisionKind
from core.models.succession import Succession
from core.stores.mongo import Db
from monitor.trials import decisions as models
from monitor.trials import roll_back
from tests.aliases import Aliases

pytestmark = pytest.mark.mongo

MODEL = "prospect-scorer"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Registry(Aliases):
    """The registry's aliases, which may be out of reach."""

    down = False

    def __call__(self, _settings: object) -> Registry:
        return self

    def aliases(self) -> dict[str, str]:
        if self.down:
            raise Unavailable("MLflow does not answer.")
        return super().aliases()


@pytest.fixture
def registry(db: Db, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The registry that the commands find in their environment."""
    monkeypatch.setenv("MONGODB_DATABASE", db.name)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    found = Registry()
    monkeypatch.setattr(roll_back, "ModelRegistry", found)
    monkeypatch.setattr(chosen, "connect", lambda _settings: db)
    return found


@pytest.fixture
def line(db: Db, registry: Registry) -> Succession:
    def hours() -> Iterator[datetime]:
        moment = START
        while True:
            yield moment
            moment += timedelta(hours=1)

    ticks = hours()
    return Succession(db, MODEL, registry, by="trainer", clock=lambda: next(ticks))


def two(line: Succession) -> None:
    line.promote("1", why="the first")
    line.promote("2", why="it sold more", incident="drift:7")


Said = pytest.CaptureFixture[str]


def test_one_step_goes_back_with_who_and_why(line: Succession, registry: Registry, capsys: Said) -> None:
    two(line)
    line.start_trial("3", why="it passed the gates")
    assert roll_back.main(["--why", "agents complain", "--by", "ann"]) == 0
    said = capsys.readouterr().out
    assert said == "Version 1 is champion again instead of 2. Serving follows in seconds.\n"
    decision = line.decisions()[-1]
    assert (decision.what, decision.version, decision.by, decision.why) == (
        DecisionKind.ROLLED_BACK, "1", "ann", "agents complain",
    )  # fmt: skip
    assert registry == {CHAMPION: "1"}, "the trial ended with it"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Version 1 is the first champion; there is none before it to go back to. Nothing was changed."),
        (["--from", "2"], "Version 2 is not the champion; version 1 is. Nothing was changed."),
    ],
    ids=["nothing to go back to", "another is champion"],
)
def test_what_cannot_be_is_said_and_not_done(
    line: Succession, registry: Registry, capsys: Said, arguments: list[str], said: str
) -> None:
    line.promote("1", why="the first")
    assert roll_back.main(arguments) == 1
    caught = capsys.readouterr()
    assert said in caught.err
    assert caught.out == ""
    assert len(line.decisions()) == 1
    assert registry == {CHAMPION: "1"}


def test_without_a_champion_it_says_what_to_do(registry: Registry, capsys: Said) -> None:
    assert roll_back.main([]) == 1
    assert "There is no champion yet. Train a model first: scripts/retrain." in capsys.readouterr().err


def test_naming_the_version_makes_asking_twice_go_back_once(line: Succession, capsys: Said) -> None:
    line.promote("0", why="the very first")
    two(line)
    assert [roll_back.main(["--from", "2"]) for _ in range(2)] == [0, 1]
    assert line.state().champion == "1"


def test_a_registry_that_is_away_is_followed_later_and_not_a_reason_to_ask_again(
    line: Succession, registry: Registry, capsys: Said
) -> None:
    two(line)
    registry.down = True
    assert roll_back.main([]) == 0
    caught = capsys.readouterr()
    assert (
        "Version 1 is champion again instead of 2. Serving follows as soon as the model registry answers" in caught.out
    )
    assert "MLflow does not answer." in caught.err
    assert registry == {CHAMPION: "2", PREVIOUS: "1"}
    registry.down = False
    line.sync()
    assert registry == {CHAMPION: "1"}


@pytest.mark.parametrize("command", [models.main, roll_back.main])
def test_a_missing_setting_is_named(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, capsys: Said, command: object
) -> None:
    monkeypatch.delenv("MONGODB_URI")
    assert callable(command)
    assert command([]) == 1
    assert "MONGODB_URI" in capsys.readouterr().err


def test_nothing_was_decided_yet(registry: Registry, capsys: Said) -> None:
    assert models.main([]) == 0
    assert capsys.readouterr().out == "No decision about a model was taken yet.\nNo champion.\n"
    assert models.main(["--json"]) == 0
    nobody = dict.fromkeys(("champion", "canary", "refresh", "refresh_waiting"))
    assert json.loads(capsys.readouterr().out) == {**nobody, "refresh_weight": 0.0, "decisions": []}


def test_every_decision_is_listed_with_when_who_and_why(line: Succession, capsys: Said) -> None:
    two(line)
    line.start_trial("3", why="it passed the gates")
    assert models.main([]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2026-03-02 09:00:00  version 1    promoted     by trainer: the first",
        "2026-03-02 10:00:00  version 2    promoted     by trainer, for drift:7: it sold more",
        "2026-03-02 11:00:00  version 3    on trial     by trainer: it passed the gates",
        "Champion: version 2 since 2026-03-02 10:00:00 (promoted: it sold more)",
        "On trial: version 3 since 2026-03-02 11:00:00",
        "A rollback goes to version 1.",
    ]


@pytest.mark.parametrize(
    ("at", "champion", "canary", "decisions"),
    [
        ("2026-03-02T08:59:59", None, None, 0),
        ("2026-03-02T09:00:00", "1", None, 1),
        ("2026-03-02 10:30", "2", None, 2),
        ("2026-03-02T10:30:00+02:00", None, None, 0),
        ("2026-03-02T12:30:00+01:00", "2", "3", 3),
        ("2027-01-01", "2", "3", 3),
    ],
)
def test_who_was_what_at_a_moment(
    line: Succession, capsys: Said, at: str, champion: str | None, canary: str | None, decisions: int
) -> None:
    two(line)
    line.start_trial("3", why="it passed the gates")
    assert models.main(["--at", at, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["champion"], found["canary"], len(found["decisions"])) == (champion, canary, decisions)
    assert models.main(["--at", at]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"Champion: version {champion} since" if champion else "No champion.")
    assert ("On trial: version 3" in said) is bool(canary)


@pytest.mark.parametrize("at", ["yesterday", "2026-13-01", ""])
def test_a_moment_that_is_none_is_refused(registry: Registry, capsys: Said, at: str) -> None:
    with pytest.raises(SystemExit) as ended:
        models.main(["--at", at])
    assert ended.value.code == 2
    assert "argument --at: invalid moment value" in capsys.readouterr().err


def test_the_canary_is_not_gone_back_from(line: Succession, registry: Registry, capsys: Said) -> None:
    two(line)
    line.start_trial("3", why="it passed the gates")
    assert roll_back.main(["--from", "3"]) == 1
    assert "Version 3 is not the champion; version 2 is." in capsys.readouterr().err
    assert registry == {CHAMPION: "2", PREVIOUS: "1", CANARY: "3"}
