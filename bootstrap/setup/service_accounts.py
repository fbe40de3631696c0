"""Gives each service accounts of its own on MongoDB and S3: `python -m bootstrap.setup.service_accounts`.

Runs at every start, before everything that uses the stores, with the administrators' credentials, which no service
sees. What a service is given is written to a file that only that service can read, and read from there at its start.
May be repeated and killed anywhere: an account that has been handed out keeps its secret, and its rights are set anew.

A store that keeps no accounts (a MongoDB without access control, an S3 server without an admin API) is found out by
asking it, and said. With ACCOUNTS_REQUIRED=true it stops the start instead.
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
from core.settings.group import Group
from core.settings.loading import load

ROOT = Path("/run/callwise")
FILE = "account.env"


class Settings(Group):
    """The administrators' credentials, and where the stores are."""

    mongodb_address: str = Field(description="host:port of the MongoDB server")
    mongodb_admin_user: str = Field(description="user with the right to make users")
    mongodb_admin_password: SecretStr = Field(description="that user's password")
    mongodb_database: str = Field("callwise", description="database name")
    s3_endpoint_url: str = Field(description="address of the S3 server")
    s3_admin_user: str = Field(description="the S3 administrator's access key")
    s3_admin_password: SecretStr = Field(description="the S3 administrator's secret key")
    s3_bucket_datasets: str = Field("callwise-datasets", description="bucket of the DVC remote")
    s3_bucket_models: str = Field("callwise-models", description="bucket of MLflow's artifacts")
    accounts_required: bool = Field(False, description="whether a store without accounts stops the start")


def hand_out(settings: Settings, root: Path = ROOT) -> list[str]:
    """Make every service's accounts and write its file; what could not be done, one sentence each.

    Raises Unavailable if a store does not do what it is asked.
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
            next="Use servers that keep accounts, or allow these with ACCOUNTS_REQUIRED=false.",
        )
    for rights in RIGHTS:
        known = read_account(root / rights.service / FILE)
        given: dict[str, str] = {}
        if rights.mongo is not None:
            password = known.get("MONGODB_PASSWORD") or secrets.token_hex(32)
            given |= {
                "MONGODB_PASSWORD": password,
                "MONGODB_URI": mongo.grant(rights.service, password, rights.mongo),
            }
        if rights.s3 is not None:
            secret = known.get("S3_ACCOUNT_SECRET") or secrets.token_hex(20)
            access_key, secret_key = s3.grant(rights.service, secret, rights.s3)
            given |= {"S3_ACCOUNT_SECRET": secret, "S3_ACCESS_KEY": access_key, "S3_SECRET_KEY": secret_key}
            # What MLflow's and DVC's own S3 client reads.
            given |= {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}
        write_account(root / rights.service / FILE, given)
    return missing


def read_account(path: Path) -> dict[str, str]:
    """What `write` wrote there; empty if nothing."""
    try:
        words = shlex.split(path.read_text(encoding="utf-8"), comments=True)
    except FileNotFoundError:
        return {}
    return dict(word.split("=", 1) for word in words)


def write_account(path: Path, given: Mapping[str, str]) -> None:
    """Replace the file, readable by its owner only; whole or not at all."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".account-")  # mode 0600
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{name}={shlex.quote(value)}\n" for name, value in given.items())
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def main() -> int:
    """Hand the accounts out, one line each; 1 if that failed, after saying why."""
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
