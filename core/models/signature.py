"""The signature of a version: which files it has, by digest, as the trainer registered them.

The digests and their signature (Ed25519, RFC 8032) are one tag of the version, so that no moment has the one without
the other. The trainer has the key that signs; the services that open a version's files have the one that verifies, and
open nothing that does not fit. So whoever can write to the registry or its bucket can take a model away, and cannot put
another in its place.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.errors import ModelError, NotFound

SIGNATURE = "signature"
"""The tag: JSON with `files`, and `signed`, the signature in hexadecimal digits."""
ADDED = "registered_model_meta"
"""A file with the version's name, which MLflow writes beside the downloaded ones."""
_PURPOSE = b"callwise model signature\0"

Digests = Mapping[str, Sequence[str]]
"""File (a path inside the version) to its SHA-256; two of them while erasure writes the file again without somebody."""


def digest(path: Path) -> str:
    """The SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digests(folder: Path) -> dict[str, list[str]]:
    """The digest of each file in `folder` and below, without the one that MLflow adds to what it downloads."""
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: [digest(path)] for name, path in files.items() if name != ADDED}


class Signer:
    """Signs with the key that `secret`, any long random word, gives."""

    def __init__(self, secret: str) -> None:
        seed = hashlib.sha256(_PURPOSE + secret.encode()).digest()
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def verifying_key(self) -> str:
        """The key that verifies what this one signed, in hexadecimal digits. It is no secret."""
        return self._key.public_key().public_bytes_raw().hex()

    def tag(self, model: str, run_id: str, files: Digests) -> str:
        """The tag of a version of `model` from the run `run_id`."""
        return json.dumps({"files": files, "signed": self._key.sign(_statement(model, run_id, files)).hex()})


class Verifier:
    """Verifies with the key that `key` (64 hexadecimal digits) is. Raises ModelError where it is none."""

    def __init__(self, key: str | None) -> None:
        try:
            self._key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key or ""))
        except ValueError as error:
            raise _refused("No version can be verified: CALLWISE_VERIFYING_KEY is not set to a key.") from error

    def files(self, model: str, version: str, run_id: str, tags: Mapping[str, str]) -> dict[str, list[str]]:
        """The digests that were signed for this version. Raises ModelError if none were, or not these."""
        named = f"{model} version {version}"
        if not tags.get(SIGNATURE):
            raise _refused(f"{named} has no signature.")
        try:
            tag = json.loads(tags[SIGNATURE])
            files: dict[str, list[str]] = tag["files"]
            self._key.verify(bytes.fromhex(tag["signed"]), _statement(model, run_id, files))
        except (InvalidSignature, ValueError, TypeError, KeyError) as error:
            raise _refused(f"The signature of {named} is not the trainer's.") from error
        return files


def check(files: Digests, folder: Path, named: str) -> None:
    """Raise ModelError unless `folder` has exactly the signed `files`; NotFound if it has none, as when archived."""
    present = digests(folder)
    if not present:
        raise NotFound(f"{named} has no files: it was archived.", kept="Nothing was opened.")
    for name in sorted(files.keys() | present.keys()):
        if name not in files:
            raise _refused(f"{named} has a file that was not signed: {name}.")
        if name not in present:
            raise _refused(f"{named} lacks a file that was signed: {name}.")
        check_file(files, name, present[name][0], named)


def check_file(files: Digests, name: str, found: str, named: str) -> None:
    """Raise ModelError unless the digest `found` is that of the signed file `name`."""
    if found not in files.get(name, ()):
        raise _refused(f"{name} of {named} is not the file that was signed.")


def _statement(model: str, run_id: str, files: Digests) -> bytes:
    return json.dumps([model, run_id, files], sort_keys=True).encode()


def _refused(what: str) -> ModelError:
    return ModelError(
        what,
        kept="Its files were not opened.",
        next="docs/operations.md, Signatures of models, says what may have happened and what to do.",
    )
