"""A wrong setting or schema is said before anything is started: the variable or the file, the place, and the rule."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap.embedded import environment
from bootstrap.embedded.state import StateFolder
from bootstrap.setup import preflight
from core.errors import CallwiseError, SchemaError, SettingsError
from core.schema import read_schema
from core.schema.calendar import CampaignCalendar
from core.settings.group import ROOT

SCHEMA = (ROOT / "data" / "schema.yaml").read_text(encoding="utf-8")


def test_what_is_right_passes_and_what_is_missing_is_each_services_own_matter() -> None:
    assert preflight.check({}).name == "bank-marketing"
    assert preflight.check({"CALLWISE_SCHEMA": str(ROOT / "tests" / "schemas" / "bank-full.yaml")}).calendar
    assert preflight.check({"CALLWISE_ECONOMY": "live"}, series=True)


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("CALLWISE_CANARY_SHARE", "0.9", "CALLWISE_CANARY_SHARE: Input should be less than or equal to 0.5"),
        ("CALLWISE_LEVEL_OUTCOMES", "7", "CALLWISE_LEVEL_OUTCOMES: Value error, must be 0 .off. or at least 50"),
        ("CALLWISE_CLAIM_MINUTES", "soon", "CALLWISE_CLAIM_MINUTES: Input should be a valid number"),
        ("CALLWISE_ROUTING_KEY", "changeme", "CALLWISE_ROUTING_KEY: .*well-known default"),
        ("CALLWISE_CANARY_SHAR", "0.1", "CALLWISE_CANARY_SHAR: unknown variable; did you mean CALLWISE_CANARY_SHARE"),
        ("CALLWISE_XYZ", "1", "CALLWISE_XYZ: unknown variable; did you misspell it"),
    ],
)
def test_a_wrong_setting_of_any_service_is_named(variable: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as refused:
        preflight.check({variable: value})
    assert "\n" not in str(refused.value)
    assert str(refused.value).count(variable) <= 2, "said once, however many services read it"


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(SettingsError, match=r"CALLWISE_ATTEMPTS.*CALLWISE_SEED|CALLWISE_SEED.*CALLWISE_ATTEMPTS"):
        preflight.check({"CALLWISE_SEED": "x", "CALLWISE_ATTEMPTS": "0"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("columns: [", r"is not YAML: line 1, column 11: "),
        ("", r"is not usable: file: Input should be a valid dictionary"),
        (SCHEMA.replace("type: integer,", "type: colour,", 1), r"line \d+, column \d+, columns\.0\.type"),
        (SCHEMA.replace("month: month, ", "month: day, "), r"'day' is not a column"),
        (SCHEMA.replace("{month: month, weekday: day_of_week, ", "{"), r"line \d+, .*names a column"),
        (SCHEMA.replace("calendar: {month: month,", "calendar: {month: job,"), r"'job' must be a category of jan, feb"),
        (SCHEMA.replace("title: Term", "colour: red\ntitle: Term", 1), r"line \d+, column \d+, colour: Extra inputs"),
    ],
)  # fmt: skip
def test_a_wrong_schema_is_said_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "schema.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SchemaError, match=says) as refused:
        preflight.check({"CALLWISE_SCHEMA": str(path)})
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.next


def test_the_line_is_the_right_one(tmp_path: Path) -> None:
    path = tmp_path / "schema.yaml"
    lines = SCHEMA.splitlines()
    number = next(place for place, line in enumerate(lines, 1) if "name: euribor3m" in line)
    lines[number - 1] = lines[number - 1].replace("role: indicator", "role: indicatr")
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(SchemaError, match=f"line {number}, column {lines[number - 1].index('indicatr') + 1}, "):
        read_schema(path)


def test_a_live_economy_must_feed_the_schema() -> None:
    env = {"CALLWISE_ECONOMY": "live", "CALLWISE_SCHEMA": str(ROOT / "tests" / "schemas" / "bank-full.yaml")}
    with pytest.raises(SchemaError, match=r"economy\.yaml feeds euribor3m.*CALLWISE_ECONOMY=off"):
        preflight.check(env, series=True)


@pytest.mark.parametrize("module", ["bootstrap.demo.command_line", "bootstrap.setup.steps"])
@pytest.mark.parametrize(
    ("variable", "value"), [("CALLWISE_CANARY_SHAR", "0.1"), ("CALLWISE_SCHEMA", "/nowhere/schema.yaml")]
)
def test_nothing_is_started(tmp_path: Path, module: str, variable: str, value: str) -> None:
    command = [sys.executable, "-m", module]
    state = tmp_path / "state"
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), variable: value}
    more = ["--state", str(state)] if module == "bootstrap.demo.command_line" else []
    done = subprocess.run([*command, *more], env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert (variable if variable == "CALLWISE_CANARY_SHAR" else value) in said
    assert "Nothing was started." in said
    assert "Traceback" not in said
    assert not state.exists()


def test_a_path_that_starts_where_the_caller_is_means_the_same_file_to_every_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shared = environment.base(StateFolder(tmp_path / "state"), {"CALLWISE_SCHEMA": "mine.yaml", "PATH": "/bin"})
    assert shared["CALLWISE_SCHEMA"] == str(tmp_path / "mine.yaml")


def with_calendar(tmp_path: Path, calendar: dict[str, Any] | None) -> Path:
    content = yaml.safe_load(SCHEMA)
    content["calendar"] = calendar
    path = tmp_path / "schema.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "names", [{"month": "month"}, {"weekday": "day_of_week"}, {"month": "month", "weekday": "day_of_week"}]
)
def test_a_calendar_of_month_or_weekday_keeps_the_order_of_the_file(tmp_path: Path, names: dict[str, str]) -> None:
    schema = read_schema(with_calendar(tmp_path, {**names, "start": "2008-05"}))
    assert schema.calendar is not None
    rows = [("may", "mon"), ("may", "tue"), ("jun", "mon"), ("jun", "mon"), ("jan", "fri")]
    calendar = CampaignCalendar(schema.calendar.start)
    moments = [schema.calendar.moment(calendar, {"month": m, "day_of_week": d}) for m, d in rows]
    assert moments == sorted(set(moments))
    if "month" in names:
        assert [(at.year, at.month) for at in moments] == [(2008, 5), (2008, 5), (2008, 6), (2008, 6), (2009, 1)]
    else:
        assert [f"{at:%a}".lower() for at in moments] == [day for _, day in rows]


def test_without_a_calendar_a_schema_is_usable(tmp_path: Path) -> None:
    assert read_schema(with_calendar(tmp_path, None)).calendar is None
    with pytest.raises(CallwiseError, match="names a column"):
        read_schema(with_calendar(tmp_path, {"start": "2008-05"}))
