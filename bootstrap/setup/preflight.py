"""What is looked at before anything is started: every setting that is set, and the files that settings name.

A wrong value stops a service minutes later, or ends it again and again; here it is said in the first second.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

from core.errors import SchemaError
from core.schema import Schema, read_schema
from core.settings.addresses import SchemaSettings
from core.settings.group import ROOT
from core.settings.loading import check as check_settings
from core.settings.loading import load
from core.settings.loop import MonitorSettings


def check(env: Mapping[str, str], *, series: bool = False) -> Schema:
    """The schema that `env` names. Raises SettingsError and SchemaError, naming the variable, or file and place.

    `series`: where the economy is live, look at its list of series, too. That takes the monitor's code, which the
    set-up's image does not have.
    """
    check_settings(env)
    schema = read_schema(load(SchemaSettings, env).callwise_schema)
    if series and load(MonitorSettings, env).callwise_economy == "live":
        _check_series(env)
    return schema


def _check_series(env: Mapping[str, str]) -> None:
    """Ask the monitor about its list of series; as a command, because services do not import each other."""
    ours = {name: value for name, value in env.items() if name.startswith("CALLWISE_") or name == "PATH"}
    command = [sys.executable, "-P", "-m", "monitor.economy.series"]
    done = subprocess.run(command, env={**ours, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SchemaError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "The series cannot be read.")
