"""The arithmetic of the benches of growth, and what they write into the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench import figures_page
from bench.growth import startup, training, year
from bench.growth.one_training import Timed
from core.settings.group import ROOT

MACHINE = {"machine": {"processors": 2, "kind": "x86_64"}, "versions": {"mlflow": "3"}}


def test_a_training_is_compared_with_the_mean_of_its_bare_steps() -> None:
    bare = [{"read": 1.0, "search": 9.0}, {"read": 3.0, "search": 11.0}]
    found = training.compared(bare, 18.0)
    assert (found["bare_steps_s"], found["over_bare_steps"]) == (12.0, 1.5)
    assert found["steps_s"] == {"read": 2.0, "search": 10.0}


def test_a_step_that_comes_twice_or_fails_keeps_its_seconds() -> None:
    step = Timed()
    assert step("add", lambda first, second: first + second)(1, 2) == 3
    with pytest.raises(ZeroDivisionError):
        step("divide", lambda: 1 / 0)()
    step("add", lambda: None)()
    assert set(step.seconds) == {"add", "divide"}


def test_a_restart_is_compared_with_its_slowest_service_alone_by_medians() -> None:
    rounds = [
        {"ready": ready, "together": {"s3": 3.0, "mlflow": ready}, "alone": {"s3": 2.0, "mlflow": alone}}
        | {"cpu": 40.0, "cpu_by_service": {"s3": 4.0, "mlflow": 36.0}}
        for ready, alone in ((20.0, 9.0), (30.0, 10.0), (90.0, 50.0))
    ]
    found = startup.compared(rounds)
    assert (found["slowest"], found["ready_s"], found["over_slowest_alone"]) == ("mlflow", 30.0, 3.0)
    text = startup.page(found | MACHINE)
    assert "| mlflow | 10 s | 30 s |" in text
    assert "3.00 of the time that `mlflow`, the slowest, takes alone" in text


@pytest.mark.parametrize(
    ("sizes", "month"),
    [
        ([1, 2, 3, 3, 3, 3, 3], 3),
        ([1, 2, 3, 4, 5, 6, 7], None),
        ([5, 5, 5, 5], 1),
        ([1, 2, 3, 3, 3], None),  # two months more are too few to say so
        ([4, 9, 8, 8.5, 8, 8.2], 2),
        ([0, 0, 0, 0], 1),
    ],
)
def test_a_store_levels_off_where_no_later_month_is_a_tenth_larger(sizes: list[float], month: int | None) -> None:
    assert year.levels_off(sizes) == month


def test_each_page_has_its_own_place() -> None:
    stores = year.summed([{"calls, documents": float(size), "empty": 0.0} for size in range(1, 13)])
    scale = {"people_a_month": 400, "calls_a_day": 12, "trainings_a_month": 5}
    text = year.page(stores | scale | MACHINE)
    assert "| calls, documents | 1 | 3 | 6 | 9 | 12 | grows |" in text
    assert "empty" not in text
    memory = {"memory_mib": {"10": 500.0, "20": 550.0}, "memory_ratio": 1.1, "memory_outcomes": 20}
    figures = training.compared([{"read": 10.0}], 12.0) | memory | {"outcomes": 41_188, "history": "a file"}
    assert "1.20 of its bare steps" in training.page(figures | {"refresh_s": 11.0} | MACHINE)


def test_the_figures_of_one_command_leave_those_of_another_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    marks = [f"{figures_page.begin(name)}\n{figures_page.END}\n" for name in ("year", "startup")]
    page.write_text("".join(marks), encoding="utf-8")
    figures_page.put(page, "startup", "new")
    assert page.read_text(encoding="utf-8") == marks[0] + f"{figures_page.begin('startup')}\nnew\n{figures_page.END}\n"
    with pytest.raises(ValueError, match="has no place for the figures"):
        figures_page.put(page, "training", "new")


def test_every_bench_of_growth_is_in_the_command() -> None:
    script = (ROOT / "scripts" / "bench").read_text(encoding="utf-8")
    found: list[Any] = [path.stem for path in (ROOT / "bench" / "growth").glob("*.py")]
    for name in ("training", "startup", "year", "living_load", "ranking"):
        assert name in found
        assert f"scripts/bench {name.replace('_', '-')} " in script
