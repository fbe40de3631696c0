"""Rooms stay small enough to be looked through, and say what they are for."""

from pathlib import Path

import pytest

from core.settings.group import ROOT
from tests.lint.rooms import BY_PACKAGE, LINES, MODULES, TESTS_LINES, TESTS_MODULES, faults

FRONT = '"""What the room is for."""\n'


def test_no_room_is_too_full_too_long_or_unnamed() -> None:
    assert list(faults(ROOT)) == []


@pytest.mark.parametrize(("folder", "most"), [("app/calls", MODULES), ("tests/unit/app/calls", TESTS_MODULES)])
def test_a_folder_with_too_many_modules_is_named(tmp_path: Path, folder: str, most: int) -> None:
    room = tmp_path / folder
    room.mkdir(parents=True)
    for package in {tmp_path / "app", tmp_path / "app" / "calls"} if folder.startswith("app") else set():
        (package / "__init__.py").write_text(FRONT)
    (room / "conftest.py").touch()
    for number in range(most):
        (room / f"part{number}.py").touch()
    assert list(faults(tmp_path)) == []
    (room / "one_more.py").touch()
    assert list(faults(tmp_path)) == [
        f"{folder} holds {most + 1} modules, more than {most}: part it into rooms by feature"
    ]


@pytest.mark.parametrize(
    ("module", "most"), [("monitor/jobs.py", LINES), ("tests/unit/monitor/test_jobs.py", TESTS_LINES)]
)
def test_a_module_that_is_too_long_is_named(tmp_path: Path, module: str, most: int) -> None:
    path = tmp_path / module
    path.parent.mkdir(parents=True)
    (path.parent / "__init__.py").write_text(FRONT)
    path.write_text("x = 1\n" * most)
    assert list(faults(tmp_path)) == []
    path.write_text("x = 1\n" * (most + 1))
    assert list(faults(tmp_path)) == [f"{module} has {most + 1} lines, more than {most}: part it by what it does"]


@pytest.mark.parametrize("front", [None, "", "# no docstring\nx = 1\n"])
def test_a_room_that_says_nothing_of_itself_is_named(tmp_path: Path, front: str | None) -> None:
    room = tmp_path / "trainer" / "gates"
    room.mkdir(parents=True)
    (tmp_path / "trainer" / "__init__.py").write_text(FRONT)
    (room / "data_gate.py").touch()
    if front is not None:
        (room / "__init__.py").write_text(front)
    assert list(faults(tmp_path)) == ["trainer/gates/__init__.py has no docstring that says what the room is for"]


@pytest.mark.parametrize("suite", BY_PACKAGE)
def test_tests_that_belong_to_no_package_are_named(tmp_path: Path, suite: str) -> None:
    names = ("monitor/jobs/test_job.py", "erasure/test_erasure.py", "test_alone.py")
    for name in names:
        path = tmp_path / "tests" / suite / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert [fault.split(" ")[0] for fault in faults(tmp_path)] == [
        f"tests/{suite}/erasure/test_erasure.py",
        f"tests/{suite}/test_alone.py",
    ]
