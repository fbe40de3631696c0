"""Which model is in service, asked of the registry by its REST interface (no MLflow is needed for one question).

https://mlflow.org/docs/latest/api_reference/rest-api.html#get-model-version-by-alias
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from core.errors import Unavailable


@dataclass(frozen=True)
class Champion:
    """The model version in service, when it was registered, and the data version it was trained on, if it says."""

    version: str
    registered_at: datetime
    dataset: str | None


def champion(
    registry: str, model: str, *, timeout_seconds: float = 3.0, transport: httpx.BaseTransport | None = None
) -> Champion | None:
    """The champion of `model`, or None while there is none. Raises Unavailable."""
    try:
        with httpx.Client(timeout=timeout_seconds, trust_env=False, transport=transport) as http:
            reply = http.get(
                f"{registry.rstrip('/')}/api/2.0/mlflow/registered-models/alias",
                params={"name": model, "alias": "champion"},
            )
            content = reply.json()
    except (httpx.HTTPError, ValueError) as error:
        raise Unavailable(
            f"The model registry does not answer: {error}.",
            kept="Scoring goes on with the model that is loaded.",
            next="Look at the log of the mlflow service.",
        ) from error
    if content.get("error_code") in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
        return None
    if not reply.is_success:
        raise Unavailable(f"The model registry answered {reply.status_code}: {content.get('message', '')}.")
    version = content["model_version"]
    tags = {tag["key"]: tag["value"] for tag in version.get("tags", [])}
    at = datetime.fromtimestamp(int(version["creation_timestamp"]) / 1000, UTC)
    return Champion(str(version["version"]), at, tags.get("dataset_tag"))
