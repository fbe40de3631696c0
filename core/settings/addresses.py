"""Addresses of stores and servers, and paths of files."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from core.settings.group import ROOT, Group


class MongoSettings(Group):
    """MongoDB, with prospects, outcomes, predictions and the event log."""

    mongodb_uri: SecretStr = Field(description="MongoDB connection string; may hold a password")
    mongodb_database: str = Field("callwise", description="database name")


class S3Settings(Group):
    """Any S3 server, with datasets and model artifacts."""

    s3_endpoint_url: str = Field(description="address of the S3 server, http:// or https://")
    s3_access_key: str = Field(description="S3 access key")
    s3_secret_key: SecretStr = Field(description="S3 secret key")
    s3_bucket_datasets: str = Field("callwise-datasets", description="bucket of the DVC remote")
    s3_bucket_models: str = Field("callwise-models", description="bucket of MLflow's artifacts")


class RegistrySettings(Group):
    """The MLflow server: experiments and the registered model."""

    mlflow_tracking_uri: str = Field(description="address of the MLflow server")
    callwise_model_name: str = Field("prospect-scorer", description="name of the registered model")
    callwise_experiment: str = Field("continuous-training", description="name of the MLflow experiment")
    callwise_verifying_key: str | None = Field(None, description="key that verifies the trainer's signatures")


class PrefectSettings(Group):
    """The Prefect server."""

    prefect_api_url: str = Field(description="address of the Prefect API, ending in /api")
    prefect_api_auth_string: SecretStr | None = Field(None, description="secret of the Prefect API, NAME:PASSWORD")

    @property
    def prefect_secret(self) -> str | None:
        """The secret itself."""
        return self.prefect_api_auth_string.get_secret_value() if self.prefect_api_auth_string else None


class ScoringSettings(Group):
    """The scoring service."""

    mlserver_url: str = Field(description="address of MLServer (V2 inference protocol)")
    callwise_model_name: str = Field("prospect-scorer", description="name of the registered model")


class EvidentlySettings(Group):
    """The Evidently UI."""

    evidently_url: str = Field(description="address of the Evidently UI")


class SchemaSettings(Group):
    """The campaign schema in use."""

    callwise_schema: Path = Field(ROOT / "data" / "schema.yaml", description="path of the campaign schema")


class DatasetSettings(Group):
    """The data registry: a git repository of its own, with DVC on S3."""

    callwise_data_registry: Path = Field(description="folder of the data registry's git repository")
