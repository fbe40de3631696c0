"""Gives each service its own accounts on MongoDB and S3: `python -m bootstrap.setup.service_accounts`.

Runs at every start, before the users of the stores, with the administrators' credentials, which no service sees. Each
service reads its credentials at its start from a file that only it can read. Safe to repeat and to kill: an existing
account keeps its secret, and its rights are set again.

A store may have no accounts (a MongoDB without access control, an S3 server without an admin API). The command then
prints a warning or, with ACCOUNTS_REQUIRED=true, stops the start.
"""

from __future__ import annotations

import os
import secrets
import shlex
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, SecretStr

from bootstrap.setup.mongo_accounts import MongoAccounts
from bootstrap.setup.rights import RIGHTS
from bootstrap.setup.s3_accounts import S3Accounts
from core.errors import CallwiseError, SettingsError
from core.models.signature import Signer
from core.settings.group import Group
from core.settings.loading import load

ROOT = Path("/run/callwise")
FILE = "account.env"
VERIFIERS = ("app", "bootstrap", "mlserver", "monitor", "prefect-worker")
"""Who opens the files of models, and gets the key that verifies their signatures; it is no secret."""


class Settings(Group):
    """The administrators' credentials, and the addresses of the stores."""

    mongodb_address: str = Field(description="hosts and options of MongoDB, without a login")
    mongodb_admin_user: str = Field(description="user with the right to make users")
    mongodb_admin_password: SecretStr = Field(description="that user's password")
    mongodb_database: str = Field("callwise", description="database name")
    s3_endpoint_url: str = Field(description="address of the S3 server")
    s3_admin_user: str = Field(description="the S3 administrator's access key")
    s3_admin_password: SecretStr = Field(description="the S3 administrator's secret key")
    s3_bucket_datasets: str = Field("callwise-datasets", description="bucket of the DVC remote")
    s3_bucket_models: str = Field("callwise-models", description="bucket of MLflow's artifacts")
    callwise_signing_key: SecretStr = Field(description="secret of the key that signs models")
    accounts_required: bool = Field(False, description="whether a store without accounts prevents the start")


def hand_out(settings: Settings, root: Path = ROOT) -> list[str]:
    """Make every service's accounts and write its file; returns a sentence for each store without accounts.

    Raises Unavailable if a store refuses, SettingsError if accounts are required and a store has none.
    """
    mongo = MongoAccounts(
        settings.mongodb_address,
        settings.mongodb_database,
        settings.mongodb_admin_user,
        settings.mongodb_admin_password.get_secret_value(),
    )
    s3 = S3Accounts(
        settings.s3_endpoint_url,
        settings.s3_admin_user,
        settings.s3_admin_password.get_secret_value(),
        {"datasets": settings.s3_bucket_datasets, "models": settings.s3_bucket_models},
    )
    missing = [store.missing for store in (mongo, s3) if store.missing]
    if missing and settings.accounts_required:
        raise SettingsError(
            " ".join(missing),
            kept="Nothing was changed.",
            next="Use servers with accounts, or allow these servers with ACCOUNTS_REQUIRED=false.",
        )
    for rights in RIGHTS:
        path, account = root / rights.service / FILE, dict[str, str]()
        known = read_account(path)
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
            account["CALLWISE_VERIFYING_KEY"] = Signer(settings.callwise_signing_key.get_secret_value()).verifying_key
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


def main() -> int:
    """Make the accounts and print a line for each; 1 after an error, which is printed."""
    try:
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
