"""A handful of the laboratory's faults on an embedded appliance under load; `scripts/test faults --json` has all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.laboratory.course import BAD, Course, every_fault

KINDS = 40


@pytest.fixture(autouse=True)
def _mlflow_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's client writes the address that it is given into the environment, where the tests after these read it."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_S3_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        if name in os.environ:
            monkeypatch.setenv(name, os.environ[name])
        else:
            monkeypatch.delenv(name, raising=False)


@pytest.mark.timeout(900)
def test_what_was_acknowledged_is_there_exactly_once_after_each_fault(tmp_path: Path) -> None:
    chosen = [fault for fault in every_fault() if fault.short]
    course = Course(tmp_path, gone_seconds=5, short=True)
    figures = course.run(chosen)
    assert course.not_healed == {}
    assert course.found.sentences() == []
    assert course.wrong == []
    assert {name: figures[name] for name in BAD} == dict.fromkeys(BAD, 0)
    assert [fault["name"] for fault in figures["faults"]] == [fault.name for fault in chosen]
    assert figures["acknowledged"] > 0


def test_the_catalogue_has_many_kinds_each_under_a_name_of_its_own() -> None:
    names = [fault.name for fault in every_fault()]
    assert len(names) >= KINDS
    assert len(set(names)) == len(names)
