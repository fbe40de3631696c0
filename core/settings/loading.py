"""Settings from the environment, checked before anything starts.

Addresses have the names that their tools use (`MONGODB_URI`, `MLFLOW_TRACKING_URI`); Callwise's own variables start
with `CALLWISE_`. An unknown variable with that prefix is misspelt, so it stops the start. Each service composes groups
(`addresses`, `loop`, `people`) into one settings class for its main module. Nothing else reads the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TypeVar

from pydantic import ValidationError

from core.errors import SettingsError
from core.settings import addresses, loop, people  # noqa: F401  `unknown` needs all groups to be imported
from core.settings.group import Group

S = TypeVar("S", bound=Group)


def load(cls: type[S], env: Mapping[str, str] | None = None) -> S:
    """Read `cls` from the environment. Raises SettingsError naming every missing, wrong or unknown variable."""
    env = os.environ if env is None else env
    problems = [f"{name}: unknown variable; did you misspell it?" for name in unknown(env)]
    fields = {name: env[name.upper()] for name in cls.model_fields if name.upper() in env}
    try:
        settings = cls.model_validate(fields)
    except ValidationError as error:
        problems += [f"{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors(include_input=False)]
    if problems:
        raise SettingsError(
            "The settings are not usable: " + "; ".join(problems) + ".",
            kept="Nothing was started.",
            next="See .env.example for every variable and its meaning.",
        )
    return settings


def groups() -> list[type[Group]]:
    """All imported settings groups; a test compares them with .env.example."""
    found: list[type[Group]] = [Group]
    for cls in found:  # the list grows while it is read
        found += cls.__subclasses__()
    return found


def unknown(env: Mapping[str, str]) -> list[str]:
    """Names that start with CALLWISE_ and are in no group."""
    known = {name.upper() for cls in groups() for name in cls.model_fields} | RUNNER_VARIABLES
    return sorted(name for name in env if name.startswith("CALLWISE_") and name not in known)


# Read by the embedded runner and the test suite rather than by a service.
RUNNER_VARIABLES = frozenset({"CALLWISE_STATE", "CALLWISE_SERVICE", "CALLWISE_SCREENSHOTS"})
