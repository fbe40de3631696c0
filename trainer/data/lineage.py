"""Where a model comes from: the tags that every registered version carries."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pygit2

from core.errors import SettingsError
from core.schema import Schema
from core.settings.group import ROOT
from core.stores.data_registry import Snapshot

LOCK = ROOT / "requirements" / "trainer.txt"
WHAT_MAKES_A_MODEL = ("dataset_sha256", "schema_sha256", "code_version", "lock_sha256")


@dataclass(frozen=True)
class Lineage:
    """The dataset, the schema, the code and the libraries that made a model, and why it was made."""

    dataset_tag: str
    dataset_sha256: str
    schema_sha256: str
    code_version: str
    lock_sha256: str
    reason: str
    incident: str | None = None
    parent_version: str | None = None

    @classmethod
    def from_snapshot(
        cls, snapshot: Snapshot, schema: Schema, code: str, *, reason: str, incident: str | None, parent: str | None
    ) -> Lineage:
        """The lineage of a model to be made from `snapshot` by the code of version `code`."""
        return cls(snapshot.tag, snapshot.sha256, schema.hash, code, lock_sha256(), reason, incident, parent)

    def tags(self) -> dict[str, str]:
        """As tags of a model version, without the empty fields."""
        return {key: value for key, value in vars(self).items() if value is not None}


def lock_sha256(path: Path = LOCK) -> str:
    """The sha256 of the trainer's hashed pins. Raises SettingsError if they cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise SettingsError(
            f"The pins {path.name} cannot be read: {error.strerror}.",
            kept="Nothing was trained: a model without known libraries cannot be reproduced.",
            next="Run from a complete checkout or image.",
        ) from error


def code_version(given: str | None, root: Path = ROOT) -> str:
    """The version of the code: `given` (set in an image) or the checked-out commit, with `+changes` if edited.

    Raises SettingsError when both are missing.
    """
    if given:
        return given
    try:
        git = pygit2.Repository(str(root))
        changed = bool(git.status(untracked_files="no"))
        return f"{git.head.target}{'+changes' if changed else ''}"
    except pygit2.GitError as error:
        raise SettingsError(
            f"The version of the code is not known: {error}.",
            kept="Nothing was trained.",
            next="Set CALLWISE_CODE_VERSION, or run from a checkout.",
        ) from error
