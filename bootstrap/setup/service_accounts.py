"""Gives each service its own accounts on MongoDB and S3: `python -m bootstrap.setup.service_accounts`.

Runs at every start, before the users of the stores, with the administrators' credentials, which no service sees. Each
service reads its credentials at its start from a file that only it can read. Safe to repeat and to kill: an existing
account keeps its secret, and its rights are set again.

A store may have no accounts (a MongoDB without access control, an S3 server without an admin API). The command then
prints a warning or, with ACCOUNTS_REQUIRED=true, stops the start.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field, SecretStr

from bootstrap.setup.mongo_accounts import MongoAccounts
from bootstrap.setup.rights import RIGHTS
from bootstrap.setup.s3_accounts import S3Accounts
from core.errors import CallwiseError, SettingsError
from core.models.signature import Signer
from core.settings.key_list import key_list
from core.settings.loading import load
from core.settings.loop import SigningSettings

ROOT = Path("/run/callwise")
FILE = "account.env"
WORD = "SERVICE_ACCOUNTS"
VERIFIERS = ("app", "bootstrap", "mlserver", "monitor", "prefect-worker")
"""Who opens the files of models, and gets the key that verifies their signatures; it is no secret."""


class Settings(SigningSettings):
    """The signing key, the administrators' credentials, and the addresses of the stores."""

    mongodb_address: str = Field(description="hosts and options of MongoDB, without a login")
    mongodb_admin_user: str = Field(description="user with the right to make users")
    mongodb_admin_password: SecretStr = Field(description="that user's password")
    mongodb_database: str = Field("callwise", description="database name")
    # Empty in compose.yaml, where nothing was replaced.
    mongodb_admin_password_before: str = Field("", repr=False, description="former ones; the database may have one")
    s3_endpoint_url: str = Field(description="address of the S3 server")
    s3_admin_user: str = Field(description="the S3 administrator's access key")
    s3_admin_password: SecretStr = Field(description="the S3 administrator's secret key")
    s3_bucket_datasets: str = Field("callwise-datasets", description="bucket of the DVC remote")
    s3_bucket_models: str = Field("callwise-models", description="bucket of MLflow's artifacts")
    service_accounts: str = Field("", description="a word; with another one, services get new passwords")
    accounts_required: bool = Field(False, description="whether a store without accounts prevents the start")


def stores(settings: Settings, *, change: bool = True) -> tuple[MongoAccounts, S3Accounts]:
    """The accounts of both stores; `change`: the administrator of MongoDB gets a new password if need be.

    Raises Unavailable if a store refuses the administrator.
    """
    mongo = MongoAccounts(
        settings.mongodb_address,
        settings.mongodb_database,
        settings.mongodb_admin_user,
        settings.mongodb_admin_password.get_secret_value(),
        key_list(settings.mongodb_admin_password_before) if settings.mongodb_admin_password_before else (),
        change=change,
    )
    s3 = S3Accounts(
        settings.s3_endpoint_url,
        settings.s3_admin_user,
        settings.s3_admin_password.get_secret_value(),
        {"datasets": settings.s3_bucket_datasets, "models": settings.s3_bucket_models},
    )
    return mongo, s3


def hand_out(settings: Settings, root: Path = ROOT) -> list[str]:
    """Make every service's accounts and write its file; returns a sentence for each store without accounts.

    Raises Unavailable if a store refuses, SettingsError if accounts are required and a store has none.
    """
    mongo, s3 = stores(settings)
    missing = [store.missing for store in (mongo, s3) if store.missing]
    if missing and settings.accounts_required:
        raise SettingsError(
            " ".join(missing),
            kept="Nothing was changed.",
            next="Use servers with accounts, or allow these servers with ACCOUNTS_REQUIRED=false.",
        )
    for rights in RIGHTS:
        path, account = root / rights.service / FILE, {WORD: settings.service_accounts}
        known = read_account(path)
        if known.get(WORD, "") != settings.service_accounts:
            known = {}  # new passwords; after a kill in between, the next start gives others
        if rights.mongo is not None:
            password = known.get("MONGODB_PASSWORD") or secrets.token_hex(32)
            uri = mongo.grant(rights.service, password, rights.mongo)
            account |= {"MONGODB_PASSWORD": password, "MONGODB_URI": uri}
        if rights.s3 is not None:
            secret = known.get("S3_ACCOUNT_SECRET") or secrets.token_hex(20)
            access_key, secret_key = s3.grant(rights.service, secret, rights.s3)
            account |= {"S3_ACCOUNT_SECRET": secret, "S3_ACCESS_KEY": access_key, "S3_SECRET_KEY": secret_key}
            # The names that the S3 clients of MLflow and DVC read.
            account |= {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}
        if rights.service in VERIFIERS:
            account["CALLWISE_VERIFYING_KEY"] = Signer(settings.signing_keys[0]).verifying_key
        write_account(path, account)
    return missing


def read_account(path: Path) -> dict[str, str]:
    """The account that `write_account` wrote; empty if there is no file."""
    try:
        words = shlex.split(path.read_text(encoding="utf-8"), comments=True)
    except FileNotFoundError:
        return {}
    return dict(word.split("=", 1) for word in words)


def write_account(path: Path, given: Mapping[str, str]) -> None:
    """Replace the file, readable by its owner only; complete or not at all."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".account-")  # mode 0600
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{name}={shlex.quote(value)}\n" for name, value in given.items())
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def unsettled(settings: Settings, root: Path = ROOT) -> list[str]:
    """What the files of the services do not have yet of the present settings; changes nothing.

    Raises Unavailable if a store refuses the administrator's present password.
    """
    stores(settings, change=False)
    verifying = Signer(settings.signing_keys[0]).verifying_key
    waiting = []
    for rights in RIGHTS:
        known = read_account(root / rights.service / FILE)
        fits = bool(known) and known.get(WORD, "") == settings.service_accounts
        if not fits or (rights.service in VERIFIERS and known.get("CALLWISE_VERIFYING_KEY") != verifying):
            waiting.append(rights.service)
    return waiting


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the accounts and print a line for each; 1 after an error, which is printed."""
    parser = argparse.ArgumentParser(description="Gives each service its own accounts.")
    parser.add_argument("--check", action="store_true", help="only look whether the present secrets are in use")
    checks = parser.parse_args(arguments).check
    try:
        if checks:
            waiting = unsettled(load(Settings))
            print(f"accounts: {'waiting: ' + ', '.join(waiting) if waiting else 'the present secrets are in use'}")
            return 1 if waiting else 0
        missing = hand_out(load(Settings))
    except CallwiseError as error:
        print(f"accounts: {error}", file=sys.stderr)
        return 1
    for rights in RIGHTS:
        print(f"accounts: {rights.service}: {rights.summary()}")
    for sentence in missing:
        print(f"accounts: WARNING: {sentence}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
