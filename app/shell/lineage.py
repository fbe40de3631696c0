"""Reads the lineage of a model version from MLflow's HTTP API, because MLflow's client takes seconds to load.

`/api/2.0/mlflow/model-versions/get` and `/runs/get`, MLflow 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from core.errors import NotFound, Unavailable
from core.models.gates import Gate

TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True)
class Lineage:
    """A version's tags (dataset, code, lock, schema, parent, reason), its run, and the verdicts of the run's gates.

    `figures`: the run's metrics. `experiment` is "" if MLflow no longer has the run.
    """

    version: str
    run: str
    experiment: str
    tags: Mapping[str, str]
    gates: Mapping[str, str]
    figures: Mapping[str, float]


GATES = tuple(Gate)


class LineageReader:
    """Reads from the MLflow server at `url`. May be shared between threads."""

    def __init__(self, url: str, model: str, *, transport: httpx.BaseTransport | None = None) -> None:
        base = f"{url.rstrip('/')}/api/2.0/mlflow"
        self._model = model
        self._http = httpx.Client(base_url=base, timeout=TIMEOUT_SECONDS, trust_env=False, transport=transport)

    def lineage_of(self, version: str) -> Lineage:
        """The lineage of `version`. Raises NotFound, Unavailable."""
        registered = self._get("/model-versions/get", name=self._model, version=version)["model_version"]
        run_id = str(registered.get("run_id") or "")
        try:
            run = self._get("/runs/get", run_id=run_id)["run"] if run_id else {}
        except NotFound:
            run = {}
        data = run.get("data", {})
        tags = _pairs(data.get("tags", []))
        return Lineage(
            version=version,
            run=run_id,
            experiment=str(run.get("info", {}).get("experiment_id", "")),
            tags=_pairs(registered.get("tags", [])),
            gates={gate: tags[gate] for gate in GATES if gate in tags},
            figures={str(metric["key"]): float(metric["value"]) for metric in data.get("metrics", [])},
        )

    def _get(self, path: str, **params: str) -> dict[str, Any]:
        try:
            reply = self._http.get(path, params=params)
        except httpx.HTTPError as error:
            raise Unavailable(f"MLflow did not answer: {error}.", next="Try again in a moment.") from error
        if reply.status_code == httpx.codes.NOT_FOUND:
            raise NotFound(
                f"The model registry does not know {' '.join(params.values())}.", next="Look for it in MLflow itself."
            )
        if not reply.is_success:
            raise Unavailable(f"MLflow answered {reply.status_code}.", next="Try again in a moment.")
        return dict(reply.json())


def _pairs(listed: list[dict[str, Any]]) -> dict[str, str]:
    return {str(pair["key"]): str(pair["value"]) for pair in listed}
