"""The files .env and settings.env of docker compose, made again from the variables that a container finds.

The container's user cannot read .env, which belongs to whoever installed the appliance. Compose gives the service all
its variables instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from core.errors import NotFound
from core.settings.group import ROOT

EXAMPLE = ROOT / ".env.example"
PARTS = "# === the services' settings"
VARIABLE = re.compile(r"^(?:# )?([A-Z][A-Z0-9_]+)=", re.MULTILINE)
OWN = re.compile(r"CALLWISE_BACKUP_(OF|FOLDER|SCRATCH|HOST|PORT)|MONGODB_.*|S3_(?!ROOT).*")
"""What compose.yaml sets itself."""
UNSAFE = re.compile(r"""[$#'"\\\n]|^\s|\s$""")


def files(env: Mapping[str, str], example: Path = EXAMPLE) -> dict[str, str]:
    """The content of `.env` and of `settings.env`, by name without the dot.

    Raises NotFound if `env` has none of the secrets: nobody restores an appliance without its keys.
    """
    of_compose, _, of_services = example.read_text(encoding="utf-8").partition(PARTS)
    secrets = re.findall(r"^([A-Z][A-Z0-9_]+)=$", of_compose, re.MULTILINE)
    if missing := [name for name in secrets if not env.get(name)]:
        raise NotFound(
            f"The secrets {', '.join(missing)} are not among the variables.",
            kept="No backup was made.",
            next="Start the service with docker compose, beside .env.",
        )
    first = list(dict.fromkeys(VARIABLE.findall(of_compose)))
    second = [
        name for name in dict.fromkeys(VARIABLE.findall(of_services)) if name not in first and not OWN.match(name)
    ]
    return {"env": _lines(first, env), "settings.env": _lines(second, env)}


def _lines(names: list[str], env: Mapping[str, str]) -> str:
    return "".join(f"{name}={quoted(env[name])}\n" for name in names if name in env)


def quoted(value: str) -> str:
    """`value` as Compose reads it back: within quotes where a bare one would be filled in, cut off or changed.

    In single quotes everything is as it stands, but for the quote itself:
    https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/.
    """
    if not UNSAFE.search(value):
        return value
    if "\n" not in value and "'" not in value and not value.endswith("\\"):
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("\n", "\\n")
    return f'"{escaped}"'
