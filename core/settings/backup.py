"""Settings for backups."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from core.settings.group import Group


class BackupSettings(Group):
    """Where the appliance's data lie, where backups go, and which of them stay."""

    callwise_backup_of: Path = Field(description="folder with a folder for each store: mlflow, prefect, spool, …")
    callwise_backup_folder: Path = Field(description="folder of the archive of backups")
    callwise_backup_scratch: Path = Field(description="folder for copies while a backup is made; emptied afterwards")
    callwise_backup_passphrase: SecretStr = Field(description="passphrase of the archive")
    # These may hold a password, and may be empty, as in .env.
    mlflow_backend_store_uri: str = Field("", repr=False, description="MLflow's database, if not on its volume")
    prefect_api_database_connection_url: str = Field(
        "", repr=False, description="Prefect's database, if not on its volume"
    )
    callwise_backup_port: int = Field(8091, ge=0, le=65535, description="port of the page about backups")
    callwise_backup_host: str = Field("127.0.0.1", description="address of the page about backups")
    callwise_backup_daily: Literal["on", "off"] = Field("on", description="whether a backup is made every day")
    callwise_backup_hour: int = Field(2, ge=0, le=23, description="hour (UTC) of the daily backup")
    callwise_backup_days: int = Field(7, ge=1, description="days whose last backup is kept")
    callwise_backup_weeks: int = Field(4, ge=0, description="weeks whose last backup is kept")
    callwise_backup_months: int = Field(3, ge=0, description="months whose last backup is kept")
