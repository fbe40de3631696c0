"""The base of all groups of settings, which `core.settings.loading` reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator

ROOT = Path(__file__).resolve().parents[2]
UNSAFE_SECRETS = frozenset({"", "changeme", "change-me", "secret", "password", "admin", "minioadmin", "default"})


class Group(BaseModel):
    """Base of all groups. It refuses empty and well-known secrets."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    @field_validator("*", mode="after")
    @classmethod
    def _no_default_secret(cls, value: Any) -> Any:
        if isinstance(value, SecretStr) and value.get_secret_value().strip().lower() in UNSAFE_SECRETS:
            raise ValueError("is empty or a well-known default; generate one (scripts/init does)")
        return value
