"""The line-up follows the aliases, and nothing that goes wrong takes a model away."""

import threading
from pathlib import Path

import pytest

from core.models.registry import Loaded, ModelVersion
from core.schema import read_schema
from core.settings.group import ROOT
from serving.loading_mark import SURVIVED_SECONDS, LoadingMark
from serving.models import RETRY_SECONDS, Models
from tests.scoring.fakes import FakeModel, FakeRegistry

SCHEMA = read_schema(ROOT / "data" / "schema.yaml")


@pytest.fixture
def registry() -> FakeRegistry:
    names = SCHEMA.feature_names
    return FakeRegistry({number: FakeModel(int(number) / 10, names) for number in ("1", "2", "3")})


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def models(registry: FakeRegistry, now: list[float], tmp_path: Path) -> Models:
    return begun(registry, now, tmp_path, "the first process")


def begun(registry: FakeRegistry, now: list[float], folder: Path, process: str) -> Models:
    """What a process finds at its start, on what those before it left in `folder`."""
    return Models(registry, SCHEMA, LoadingMark(folder, process=process), clock=lambda: now[0])


def versions(models: Models) -> tuple[str | None, str | None]:
    lineup = models.lineup
    if lineup is None:
        return None, None
    return lineup.champion.version, lineup.canary.version if lineup.canary else None


def state(models: Models) -> str:
    return "up" if models.registry_answers else "down"


def test_without_a_champion_there_is_nobody_until_the_alias_appears(registry: FakeRegistry, models: Models) -> None:
    models.refresh()
    assert versions(models) == (None, None)
    registry.aliases["champion"] = "1"
    models.refresh()
    assert versions(models) == ("1", None)


def test_a_canary_without_a_champion_does_not_answer(registry: FakeRegistry, models: Models) -> None:
    registry.aliases["canary"] = "1"
    models.refresh()
    assert versions(models) == (None, None)


def test_a_canary_comes_is_promoted_and_the_old_one_comes_back(registry: FakeRegistry, models: Models) -> None:
    seen = []
    for aliases in (
        {"champion": "1"},
        {"champion": "1", "canary": "2"},
        {"champion": "2", "canary": "2"},
        {"champion": "2"},
        {"champion": "1"},
    ):
        registry.aliases = aliases
        models.refresh()
        seen.append(versions(models))
    assert seen == [("1", None), ("1", "2"), ("2", None), ("2", None), ("1", None)]
    assert registry.loads == ["1", "2", "1"], "a version that is held is not loaded again"


def test_nothing_new_is_no_new_line_up(registry: FakeRegistry, models: Models) -> None:
    registry.aliases = {"champion": "1", "canary": "2"}
    models.refresh()
    before = models.lineup
    models.refresh()
    assert models.lineup is before


def test_a_request_finishes_on_the_line_up_it_took(registry: FakeRegistry, models: Models) -> None:
    registry.aliases = {"champion": "1"}
    models.refresh()
    taken = models.lineup
    registry.aliases = {"champion": "2"}
    models.refresh()
    assert taken is not None
    assert taken.champion.version == "1"
    assert versions(models) == ("2", None)


def test_a_registry_that_is_down_changes_nothing_and_is_mentioned_once(
    registry: FakeRegistry, models: Models, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    registry.aliases = {"champion": "1"}
    models.refresh()
    registry.down = True
    for _ in range(5):
        models.refresh()
    assert versions(models) == ("1", None)
    assert state(models) == "down"
    registry.down, registry.aliases = False, {"champion": "2"}
    models.refresh()
    models.refresh()
    assert versions(models) == ("2", None)
    assert state(models) == "up"
    assert caplog.text.count("the model registry does not answer") == 1
    assert caplog.text.count("the model registry answers again") == 1


def test_artifacts_out_of_reach_are_tried_at_every_look(
    registry: FakeRegistry, models: Models, caplog: pytest.LogCaptureFixture
) -> None:
    registry.aliases, registry.out_of_reach = {"champion": "1"}, {"1"}
    for _ in range(3):
        models.refresh()
    assert registry.loads == ["1"] * 3
    assert models.refused == []
    assert caplog.text.count("does not answer") == 1
    registry.out_of_reach.clear()
    models.refresh()
    assert versions(models) == ("1", None)


@pytest.mark.parametrize("fault", ["unproven", "unreadable"])
def test_a_version_that_cannot_be_trusted_is_refused_and_the_old_one_goes_on(
    registry: FakeRegistry, models: Models, now: list[float], caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    registry.aliases = {"champion": "1"}
    models.refresh()
    registry.aliases = {"champion": "2", "canary": "3"}
    setattr(registry, fault, {"2", "3"})
    for _ in range(4):
        models.refresh()
    assert versions(models) == ("1", None)
    assert [refusal.version for refusal in models.refused] == ["2", "3"]
    assert registry.loads == ["1", "2", "3"], "not loaded at every look"
    now[0] += RETRY_SECONDS
    models.refresh()
    assert registry.loads == ["1", "2", "3", "2", "3"]
    assert caplog.text.count("version 2 is refused") == 1
    setattr(registry, fault, set())
    now[0] += RETRY_SECONDS
    models.refresh()
    assert versions(models) == ("2", "3")
    assert models.refused == []


def test_a_refusal_is_forgotten_with_its_alias(registry: FakeRegistry, models: Models) -> None:
    registry.aliases, registry.unproven = {"champion": "1", "canary": "2"}, {"2"}
    models.refresh()
    assert len(models.refused) == 1
    registry.aliases = {"champion": "1"}
    models.refresh()
    assert models.refused == []


def test_a_model_of_other_columns_is_refused(registry: FakeRegistry, models: Models) -> None:
    registry.models["1"] = FakeModel(0.5, [*SCHEMA.feature_names, "duration"])
    registry.aliases = {"champion": "1"}
    models.refresh()
    assert versions(models) == (None, None)
    assert "needs 'duration'" in models.refused[0].why


def test_a_champion_alias_that_is_gone_leaves_the_champion(registry: FakeRegistry, models: Models) -> None:
    registry.aliases = {"champion": "1"}
    models.refresh()
    registry.aliases = {}
    models.refresh()
    assert versions(models) == ("1", None)


def test_version_1_of_a_registry_made_anew_is_another_model(registry: FakeRegistry, models: Models) -> None:
    registry.aliases = {"champion": "1"}
    models.refresh()
    registry.run, registry.models["1"] = "another", FakeModel(0.9, SCHEMA.feature_names)
    models.refresh()
    assert models.lineup is not None
    assert models.lineup.champion.model is registry.models["1"]


def test_the_thread_outlives_a_look_that_fails(registry: FakeRegistry, models: Models) -> None:
    registry.aliases = {"champion": "1"}
    real, calls = registry.version_by_alias, iter(["fail"])

    def version_by_alias(alias: str) -> object:
        if next(calls, None):
            raise RuntimeError("unheard of")
        return real(alias)

    registry.version_by_alias = version_by_alias  # type: ignore[method-assign, assignment]
    stop = threading.Event()
    thread = threading.Thread(target=models.run, args=(0.01, stop))
    thread.start()
    assert models.looked.wait(10)
    while models.lineup is None:
        stop.wait(0.01)
    stop.set()
    thread.join()
    assert versions(models) == ("1", None)


class Died(BaseException):
    """The process is no more: nothing that it would have done comes after this."""


def die_of(registry: FakeRegistry, number: str) -> None:
    """Let the load of version `number` end the process."""
    load = registry.load

    def fatal(version: ModelVersion) -> Loaded:
        if version.version == number:
            registry.loads.append(number)
            raise Died
        return load(version)

    registry.load = fatal  # type: ignore[method-assign]


@pytest.mark.parametrize("alias", ["canary", "refresh"])
def test_a_newcomer_whose_load_ends_the_process_is_loaded_once(
    registry: FakeRegistry, now: list[float], tmp_path: Path, caplog: pytest.LogCaptureFixture, alias: str
) -> None:
    """Kind: what takes serving down is taken up again at every start."""
    die_of(registry, "2")
    registry.aliases = {"champion": "1", alias: "2"}
    with pytest.raises(Died):
        begun(registry, now, tmp_path, "first").refresh()
    for process in ("second", "third"):
        models = begun(registry, now, tmp_path, process)
        for _ in range(3):
            models.refresh()
            now[0] += 2 * SURVIVED_SECONDS
        assert versions(models) == ("1", None)
        (refusal,) = models.refused
        assert (refusal.version, "the scoring service died while it loaded" in refusal.why) == ("2", True)
        models.end()
    assert registry.loads.count("2") == 1
    assert caplog.text.count("version 2 is beside the champion, but the scoring service died") == 2, (
        "once in each process"
    )


def test_who_is_left_out_is_forgotten_with_its_alias_and_the_next_canary_is_tried(
    registry: FakeRegistry, now: list[float], tmp_path: Path
) -> None:
    die_of(registry, "2")
    registry.aliases = {"champion": "1", "canary": "2"}
    with pytest.raises(Died):
        begun(registry, now, tmp_path, "first").refresh()
    models = begun(registry, now, tmp_path, "second")
    models.refresh()
    registry.aliases = {"champion": "1", "canary": "3"}
    models.refresh()
    assert (versions(models), models.refused) == (("1", "3"), [])
    registry.aliases = {"champion": "1"}
    models.refresh()
    assert LoadingMark(tmp_path, process="third").fatal is None


def test_a_canary_that_ends_the_process_soon_after_its_load_is_left_out_too(
    registry: FakeRegistry, models: Models, now: list[float], tmp_path: Path
) -> None:
    registry.aliases = {"champion": "1", "canary": "2"}
    models.refresh()
    now[0] += SURVIVED_SECONDS - 1
    models.refresh()
    heir = begun(registry, now, tmp_path, "second")
    heir.refresh()
    assert versions(heir) == ("1", None)


@pytest.mark.parametrize("registry_down", [False, True])
def test_a_process_that_dies_long_after_did_not_die_of_its_canary(
    registry: FakeRegistry, models: Models, now: list[float], tmp_path: Path, registry_down: bool
) -> None:
    registry.aliases = {"champion": "1", "canary": "2"}
    models.refresh()
    now[0] += SURVIVED_SECONDS
    registry.down = registry_down
    models.refresh()
    registry.down = False
    heir = begun(registry, now, tmp_path, "second")
    heir.refresh()
    assert versions(heir) == ("1", "2")


def test_a_process_that_is_told_to_end_did_not_die_of_its_canary(
    registry: FakeRegistry, models: Models, now: list[float], tmp_path: Path
) -> None:
    registry.aliases = {"champion": "1", "canary": "2"}
    models.refresh()
    models.end()
    heir = begun(registry, now, tmp_path, "second")
    heir.refresh()
    assert versions(heir) == ("1", "2")


@pytest.mark.parametrize("fault", ["unproven", "unreadable", "out_of_reach"])
def test_a_canary_that_is_only_refused_is_tried_again_by_the_next_process(
    registry: FakeRegistry, models: Models, now: list[float], tmp_path: Path, fault: str
) -> None:
    registry.aliases = {"champion": "1", "canary": "2"}
    setattr(registry, fault, {"2"})
    models.refresh()
    setattr(registry, fault, set())
    heir = begun(registry, now, tmp_path, "second")
    heir.refresh()
    assert versions(heir) == ("1", "2")


def test_a_champion_is_never_left_out(registry: FakeRegistry, now: list[float], tmp_path: Path) -> None:
    """Neither one whose load ended the process, nor a canary that was left out and that a person has promoted."""
    load = registry.load
    die_of(registry, "2")
    registry.aliases = {"champion": "2"}
    with pytest.raises(Died):
        begun(registry, now, tmp_path, "first").refresh()
    registry.aliases = {"champion": "1", "canary": "2"}
    with pytest.raises(Died):
        begun(registry, now, tmp_path, "second").refresh()
    models = begun(registry, now, tmp_path, "third")
    models.refresh()
    registry.load = load  # type: ignore[method-assign]
    registry.aliases = {"champion": "2"}
    models.refresh()
    assert (versions(models), models.refused) == (("2", None), [])


def test_a_kind_that_is_loaded_again_in_the_same_process_keeps_its_canary(
    registry: FakeRegistry, models: Models, now: list[float], tmp_path: Path
) -> None:
    registry.aliases = {"champion": "1", "canary": "2"}
    models.refresh()
    again = begun(registry, now, tmp_path, "the first process")
    again.refresh()
    assert versions(again) == ("1", "2")


def test_a_canary_that_takes_its_time_to_load_does_not_keep_the_champion_from_answering(
    registry: FakeRegistry, models: Models
) -> None:
    load, during = registry.load, []

    def slow(version: ModelVersion) -> Loaded:
        during.append(versions(models))
        return load(version)

    registry.load = slow  # type: ignore[method-assign]
    registry.aliases = {"champion": "1", "canary": "2"}
    models.refresh()
    assert during == [(None, None), ("1", None)]
    assert versions(models) == ("1", "2")
