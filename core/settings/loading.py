"""Settings from the environment, checked before anything starts.

Addresses have the names that their tools use (`MONGODB_URI`, `MLFLOW_TRACKING_URI`); Callwise's own variables start
with `CALLWISE_`. An unknown variable with that prefix is misspelt, so it stops the start. Each service composes groups
(`addresses`, `loop`, `people`) into one settings class for its main module. Nothing else reads the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TypeVar

from pydantic import ValidationError

from core.errors import SettingsError
from core.settings import addresses, backup, loop, people  # noqa: F401  `unknown` needs all groups to be imported
from core.settings.group import Group

S = TypeVar("S", bound=Group)


def load(cls: type[S], env: Mapping[str, str] | None = None) -> S:
    """Read `cls` from the environment. Raises SettingsError naming every missing, wrong or unknown variable."""
    env = os.environ if env is None else env
    problems = _misspelt(env)
    try:
        settings = cls.model_validate(_fields(cls, env))
    except ValidationError as error:
        problems += [f"{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors(include_input=False)]
    if problems:
        raise _refused(problems)
    return settings


def check(env: Mapping[str, str] | None = None) -> None:
    """Look at every variable that is set, whichever service reads it, before any of them starts.

    What is missing is not looked for: each service has what it needs from somewhere else. Raises SettingsError naming
    every variable that is wrong or unknown.
    """
    env = os.environ if env is None else env
    problems = _misspelt(env)
    for cls in groups():
        try:
            cls.model_validate(_fields(cls, env))
        except ValidationError as error:
            wrong = [e for e in error.errors(include_input=False) if e["type"] != "missing"]
            problems += [f"{str(e['loc'][0]).upper()}: {e['msg']}" for e in wrong]
    if problems:
        raise _refused(list(dict.fromkeys(problems)))


def _fields(cls: type[Group], env: Mapping[str, str]) -> dict[str, str]:
    return {name: env[name.upper()] for name in cls.model_fields if name.upper() in env}


def _misspelt(env: Mapping[str, str]) -> list[str]:
    """What is wrong with variables of ours that nobody knows, each with the known one that it looks like."""
    said = []
    for name in unknown(env):
        close = get_close_matches(name, sorted(_known()), n=1, cutoff=0.8)
        said.append(f"{name}: unknown variable; did you {f'mean {close[0]}' if close else 'misspell it'}")
    return said


def _refused(problems: Sequence[str]) -> SettingsError:
    return SettingsError(
        "The settings are not usable: " + "; ".join(problems) + ".",
        kept="Nothing was started.",
        next="See .env.example for every variable and its meaning.",
    )


def groups() -> list[type[Group]]:
    """All imported settings groups; a test compares them with .env.example."""
    found: list[type[Group]] = [Group]
    for cls in found:  # the list grows while it is read
        found += cls.__subclasses__()
    return found


def unknown(env: Mapping[str, str]) -> list[str]:
    """Names that start with CALLWISE_ and are in no group."""
    known = _known()
    return sorted(name for name in env if name.startswith("CALLWISE_") and name not in known)


def _known() -> set[str]:
    return {name.upper() for cls in groups() for name in cls.model_fields} | RUNNER_VARIABLES


# Read by the embedded runner and the test suite rather than by a service.
RUNNER_VARIABLES = frozenset({"CALLWISE_STATE", "CALLWISE_SERVICE", "CALLWISE_SCREENSHOTS"})
