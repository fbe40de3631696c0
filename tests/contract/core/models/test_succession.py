"""The succession on a real MongoDB-wire server; the aliases are a dictionary here and MLflow's in the e2e suite."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import CallwiseError, Conflict
from core.models.decisions import CANARY, CHAMPION, PREVIOUS, REACH, Decision, DecisionKind, decisions, state_of
from core.models.succession import Succession
from core.stores import event_log
from core.stores.mongo import Db

pytestmark = pytest.mark.mongo
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Names(dict[str, str]):
    """Aliases, and how often one was moved. `meanwhile` happens once, before an alias is moved."""

    moves = 0
    meanwhile: Callable[[], object] | None = None

    def aliases(self) -> dict[str, str]:
        return dict(self)

    def point(self, alias: str, version: str) -> None:
        self.others()
        self.moves += 1
        self[alias] = version

    def unpoint(self, alias: str) -> None:
        self.others()
        self.moves += 1
        self.pop(alias, None)

    def others(self) -> None:
        happens, self.meanwhile = self.meanwhile, None
        if happens:
            happens()


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
def hours() -> Iterator[datetime]:
    def tick() -> Iterator[datetime]:
        moment = START
        while True:
            yield moment
            moment += timedelta(hours=1)

    return tick()


@pytest.fixture
def line(db: Db, names: Names, hours: Iterator[datetime]) -> Succession:
    return Succession(db, "scorer", names, by="a test", clock=lambda: next(hours))


def test_the_first_is_promoted_and_the_next_is_tried_first(line: Succession, names: Names) -> None:
    with pytest.raises(Conflict, match="no champion to try"):
        line.start_trial("1", why="early")
    line.promote("1", why="the first")
    assert names == {CHAMPION: "1"}
    line.start_trial("2", why="it passed the gates", incident="drift:7")
    assert names == {CHAMPION: "1", CANARY: "2"}
    line.promote("2", why="it sold more", evidence={"outcomes": 812})
    assert names == {CHAMPION: "2", PREVIOUS: "1"}


def test_after_a_loss_the_next_version_is_a_first_champion(line: Succession, names: Names) -> None:
    assert line.begin_again(why="nothing was lost yet") is None
    line.promote("1", why="the first")
    line.promote("2", why="it sold more")
    line.start_trial("3", why="it passed the gates")
    lost = line.begin_again(why="its files were lost")
    assert lost is not None
    assert (lost.what, lost.version) == (DecisionKind.LOST, "2")
    assert line.begin_again(why="again") is None
    state = line.state()
    assert (state.champion, state.previous, state.canary, state.reachable) == (None, None, None, frozenset())
    line.promote("4", why="a first one again")
    assert line.state().champion == "4"
    assert line.state().previous is None


def test_whatever_is_repeated_changes_nothing(line: Succession, names: Names, db: Db) -> None:
    for _ in range(3):
        line.promote("1", why="the first")
    for _ in range(3):
        line.start_trial("2", why="it passed the gates")
    for _ in range(3):
        line.promote("2", why="it sold more")
        line.start_trial("2", why="a trainer that woke up late")
        line.sync()
    assert [d.what for d in line.decisions()] == [DecisionKind.PROMOTED, DecisionKind.ON_TRIAL, DecisionKind.PROMOTED]
    assert names.moves == 5
    told = [event["what"] for event in db.events.find({}).sort([("_id", 1)])]
    assert told == ["model promoted", "model on trial", "model promoted"]
    assert event_log.first_broken(db) is None


def test_a_dropped_canary_leaves_the_champion(line: Succession, names: Names) -> None:
    line.promote("1", why="the first")
    line.start_trial("2", why="it passed the gates")
    assert line.end_trial("3", why="not the one on trial") is None
    assert line.end_trial("2", why="it sold less") is not None
    assert line.end_trial("2", why="it sold less") is None
    assert names == {CHAMPION: "1"}


def test_a_new_canary_takes_the_place_of_the_old_one(line: Succession, names: Names) -> None:
    line.promote("1", why="the first")
    line.start_trial("2", why="it passed the gates")
    line.start_trial("3", why="so did this")
    assert names == {CHAMPION: "1", CANARY: "3"}


def test_a_rollback_goes_one_back_and_the_next_one_further(line: Succession, names: Names) -> None:
    for version in "123":
        line.promote(version, why="better")
    line.start_trial("4", why="it passed the gates")
    line.roll_back("3", why="agents complain")
    assert names == {CHAMPION: "2", PREVIOUS: "1"}
    with pytest.raises(Conflict, match="Version 3 is not the champion; version 2 is"):
        line.roll_back("3", why="clicked twice")
    line.roll_back("2", why="still bad")
    assert names == {CHAMPION: "1"}
    with pytest.raises(Conflict, match="none before it to go back to"):
        line.roll_back("1", why="and on")


def test_rollbacks_reach_as_far_as_versions_keep_their_files(line: Succession) -> None:
    for version in range(1, REACH + 5):
        line.promote(str(version), why="better")
    newest = REACH + 4
    line.start_trial("99", why="it passed the gates")
    assert line.state().reachable == {"99", *map(str, range(newest - REACH, newest + 1))}
    for version in range(newest, newest - REACH, -1):
        line.roll_back(str(version), why="agents complain")
    with pytest.raises(Conflict, match="No champion before version 4 can be used again"):
        line.roll_back("4", why="and on")
    assert (line.state().champion, line.state().previous) == ("4", None)
    assert line.state().reachable == {"4"}
    line.promote("100", why="better")
    assert line.state().previous == "4"


def test_a_history_with_more_rollbacks_than_are_possible_now_is_still_read() -> None:
    """Decisions of a release that set no limit stay as they are."""
    many = REACH + 5
    kinds = [DecisionKind.PROMOTED] * (many + 2) + [DecisionKind.ROLLED_BACK] * many
    taken = [Decision(place, what, str(place), START, "Ann", "a test") for place, what in enumerate(kinds, 1)]
    state = state_of(taken)
    assert (state.champion, state.previous, state.reachable) == ("2", None, frozenset({"2"}))
    assert state_of(taken[:-1]).champion == "3"


def test_who_was_champion_at_any_moment(line: Succession, db: Db) -> None:
    line.promote("1", why="the first")
    line.start_trial("2", why="it passed the gates")
    line.promote("2", why="it sold more")
    line.roll_back("2", why="agents complain")
    taken = decisions(db, "scorer")
    moments = [START + timedelta(minutes=60 * hour - 1) for hour in range(5)]
    assert [state_of(taken, moment).champion for moment in moments] == [None, "1", "1", "2", "1"]
    assert [state_of(taken, moment).canary for moment in moments] == [None, None, "2", None, None]
    assert state_of(taken).promotions[-1].why == "the first"


def test_a_killed_process_leaves_nothing_half_done(
    line: Succession, names: Names, db: Db, hours: Iterator[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    line.promote("1", why="the first")

    def killed(_: Decision) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(line, "_log", killed)
    with pytest.raises(KeyboardInterrupt):
        line.promote("2", why="it sold more")
    assert names == {CHAMPION: "1"}
    heir = Succession(db, "scorer", names, by="another process", clock=lambda: next(hours))
    assert heir.sync().champion == "2"
    assert names == {CHAMPION: "2", PREVIOUS: "1"}
    assert [event["why"] for event in db.events.find({}).sort([("_id", 1)])] == ["the first", "it sold more"]


def test_of_decisions_taken_at_once_one_is_written(db: Db, names: Names, line: Succession) -> None:
    for version in "123":
        line.promote(version, why="better")
    failures: list[Exception] = []
    together = threading.Barrier(6)

    def press() -> None:
        succession = Succession(db, "scorer", names, by="a manager")
        together.wait()
        try:
            succession.roll_back("3", why="agents complain")
        except CallwiseError as error:
            failures.append(error)

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(failure) for failure in failures] == [Conflict] * 5
    assert state_of(decisions(db, "scorer")).champion == "2"
    told = [event["details"]["decision"] for event in db.events.find({}).sort([("_id", 1)])]
    assert told == [1, 2, 3, 4], "each decision is told once, whoever tells it"
    assert event_log.first_broken(db) is None


def test_a_decision_that_loses_its_place_is_taken_upon_what_came_before_it(
    line: Succession, names: Names, db: Db
) -> None:
    line.promote("1", why="the first")
    line.promote("2", why="better")
    rival = Succession(db, "scorer", names, by="a manager", clock=lambda: START)
    meanwhile = iter([lambda: rival.start_trial("3", why="so was this")])

    def clock() -> datetime:
        next(meanwhile, lambda: None)()  # after the state was read, before the decision is written
        return START

    slow = Succession(db, "scorer", names, by="a test", clock=clock)
    slow.roll_back("2", why="agents complain")
    assert [(one.place, one.what) for one in line.decisions()][2:] == [
        (3, DecisionKind.ON_TRIAL),
        (4, DecisionKind.ROLLED_BACK),
    ]
    assert names == {CHAMPION: "1"}


def second_writer(db: Db, names: Names) -> Succession:
    return Succession(db, "scorer", names, by="another", clock=lambda: START)


@pytest.mark.parametrize("slow", ["promotes", "puts on trial", "follows"])
def test_a_slow_writer_does_not_leave_the_aliases_at_an_older_decision(
    line: Succession, names: Names, db: Db, slow: str
) -> None:
    """Kind: two writers; the slow one moves the aliases after the other has decided anew and moved them."""
    line.promote("1", why="the first")
    line.promote("2", why="better")
    line.start_trial("3", why="it passed the gates")
    other = second_writer(db, names)
    names.meanwhile = lambda: other.roll_back("4" if slow == "promotes" else "2", why="agents complain")
    if slow == "promotes":
        line.promote("4", why="it sold more")
        assert names == {CHAMPION: "2", PREVIOUS: "1"}
        return
    if slow == "puts on trial":
        line.start_trial("4", why="newer")
    else:
        names[CHAMPION] = "1"  # what a process that died left behind
        line.sync()
    assert names == {CHAMPION: "1"}
    assert state_of(decisions(db, "scorer")).champion == "1"


def test_writers_that_overtake_each_other_again_and_again_end_at_the_newest_decision(
    line: Succession, names: Names, db: Db
) -> None:
    line.promote("1", why="the first")
    other = second_writer(db, names)
    versions = iter("3456")

    def decide() -> None:
        if version := next(versions, None):
            names.meanwhile = decide
            other.promote(version, why="better still")

    names.meanwhile = decide
    line.promote("2", why="better")
    assert names == {CHAMPION: "6", PREVIOUS: "5"}


def test_aliases_that_are_right_are_read_and_not_written(line: Succession, names: Names, db: Db) -> None:
    line.promote("1", why="the first")
    moves = names.moves
    assert second_writer(db, names).sync().champion == "1"
    assert names.moves == moves
