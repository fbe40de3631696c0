import re

import pytest

from core.errors import SettingsError
from core.models.level import LEAST_OUTCOMES
from core.oversight.space import STALE
from core.settings.addresses import MongoSettings, S3Settings
from core.settings.group import ROOT
from core.settings.loading import RUNNER_VARIABLES, groups, load
from core.settings.loop import MonitorSettings, ServingSettings, WatchSettings

S3 = {"S3_ENDPOINT_URL": "http://127.0.0.1:9000", "S3_ACCESS_KEY": "key", "S3_SECRET_KEY": "generated-long-secret"}


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(SettingsError, match="MONGODB_URI: Field required"):
        load(MongoSettings, {})


@pytest.mark.parametrize("secret", ["", "changeme", "ChangeMe", " minioadmin ", "password"])
def test_a_default_secret_stops_the_start_and_is_not_shown(secret: str) -> None:
    with pytest.raises(SettingsError, match="S3_SECRET_KEY") as caught:
        load(S3Settings, {**S3, "S3_SECRET_KEY": secret})
    assert (
        not secret.strip() or secret.strip() not in str(caught.value).split("generate one")[0].split("S3_SECRET_KEY")[1]
    )


def test_a_misspelt_variable_of_ours_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="CALLWISE_CANARY_SHAR: unknown variable"):
        load(S3Settings, {**S3, "CALLWISE_CANARY_SHAR": "0.1"})


def test_variables_of_other_programs_are_none_of_our_business() -> None:
    assert load(S3Settings, {**S3, "PATH": "/bin"}).s3_access_key == "key"


def test_a_value_out_of_range_is_named() -> None:
    env = {"CALLWISE_SPOOL_DIR": "spool", "CALLWISE_ROUTING_KEY": "generated", "CALLWISE_CANARY_SHARE": "0.9"}
    with pytest.raises(SettingsError, match="CALLWISE_CANARY_SHARE"):
        load(ServingSettings, env)


def test_the_monitor_looks_before_its_last_look_is_stale() -> None:
    assert load(WatchSettings, {"CALLWISE_WATCH_SECONDS": "60"}).callwise_watch_seconds < STALE.total_seconds()
    with pytest.raises(SettingsError, match="CALLWISE_WATCH_SECONDS"):
        load(WatchSettings, {"CALLWISE_WATCH_SECONDS": "61"})


@pytest.mark.parametrize("outcomes", [-1, 1, LEAST_OUTCOMES - 1])
def test_a_level_on_too_few_outcomes_is_refused(outcomes: int) -> None:
    with pytest.raises(SettingsError, match="CALLWISE_LEVEL_OUTCOMES"):
        load(MonitorSettings, {"CALLWISE_LEVEL_OUTCOMES": str(outcomes)})


@pytest.mark.parametrize("outcomes", [0, LEAST_OUTCOMES])
def test_a_level_may_be_off_or_follow_few_outcomes(outcomes: int) -> None:
    assert load(MonitorSettings, {"CALLWISE_LEVEL_OUTCOMES": str(outcomes)}).callwise_level_outcomes == outcomes


def test_secrets_do_not_print() -> None:
    assert "generated-long-secret" not in repr(load(S3Settings, S3))


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    documented = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    of_core = {
        name.upper()
        for group in groups()
        if group.__module__.startswith("core.settings.")
        for name in group.model_fields
    }
    assert of_core - documented == set()
    assert {name for name in documented if name.startswith("CALLWISE_")} - of_core - RUNNER_VARIABLES == set()
