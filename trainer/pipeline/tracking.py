"""One training as an MLflow run: parameters, figures, the search's trials below it, and the gates' reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunStatus, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME

from core.clock import now
from core.errors import GateRefused
from core.models.registry import reachable
from trainer.fitting.search import SearchTrial
from trainer.gates.verdict import Verdict


class Run:
    """The run of one training. Every method raises Unavailable when MLflow does not answer."""

    def __init__(self, client: MlflowClient, experiment_id: str, run_id: str) -> None:
        self._client, self._experiment_id, self.id = client, experiment_id, run_id

    def figures(self, figures: Mapping[str, float]) -> None:
        """Log figures by name."""
        with reachable(f"run {self.id}"):
            self._client.log_batch(self.id, metrics=_metrics(figures))

    def params(self, params: Mapping[str, Any]) -> None:
        """Log parameters by name."""
        with reachable(f"run {self.id}"):
            self._client.log_batch(self.id, params=_params(params))

    def tags(self, tags: Mapping[str, str]) -> None:
        """Set tags by name."""
        with reachable(f"run {self.id}"):
            self._client.log_batch(self.id, tags=[RunTag(*tag) for tag in tags.items()])

    def attach(self, file: str, text: str) -> str:
        """Store `text` as the artifact `file`; returns its address."""
        with reachable(f"run {self.id}"):
            self._client.log_text(self.id, text, file)
        return f"runs:/{self.id}/{file}"

    def enforce(self, verdict: Verdict) -> None:
        """Store a gate's report and figures; raise GateRefused if the candidate did not pass."""
        address = self.attach(verdict.file, verdict.report)
        self.tags({verdict.gate: verdict.why})
        self.figures(verdict.figures)
        if not verdict.passed:
            raise GateRefused(verdict.gate, verdict.why, report=address)

    def trial(self, tried: SearchTrial) -> None:
        """Log one trial of the search as a child of this run."""
        name = f"{tried.candidate.kind} {tried.number}"
        tags = {MLFLOW_PARENT_RUN_ID: self.id, MLFLOW_RUN_NAME: name, "pruned": str(tried.pruned).lower()}
        folds = {f"auc_fold_{place}": auc for place, auc in enumerate(tried.fold_auc, 1)}
        with reachable(f"run {self.id}"):
            below = self._client.create_run(self._experiment_id, tags=tags, run_name=name).info.run_id
            self._client.log_batch(
                below,
                metrics=_metrics({"auc": tried.auc, "seconds": tried.seconds, **folds}),
                params=_params({"kind": tried.candidate.kind, **tried.candidate.params}),
            )
            self._client.set_terminated(below)


@contextmanager
def run(client: MlflowClient, experiment: str, *, name: str, tags: Mapping[str, str]) -> Iterator[Run]:
    """A run that ends as finished, or as failed with the reason in its tag `stopped_by`.

    Only one training runs at a time. A run that is active when this one starts belongs to a killed process, and is
    marked as killed.
    """
    with reachable("the experiment"):
        experiment_id = mlflow.set_experiment(experiment).experiment_id
        for dead in client.search_runs([experiment_id], "attributes.status = 'RUNNING'", max_results=100):
            client.set_terminated(dead.info.run_id, RunStatus.to_string(RunStatus.KILLED))
        started = client.create_run(experiment_id, run_name=name, tags=dict(tags))
    current = Run(client, experiment_id, started.info.run_id)
    try:
        yield current
    except BaseException as error:
        with reachable(f"run {current.id}"):
            client.set_tag(current.id, "stopped_by", str(error) or type(error).__name__)
            client.set_terminated(current.id, RunStatus.to_string(RunStatus.FAILED))
        raise
    with reachable(f"run {current.id}"):
        client.set_terminated(current.id)


def _metrics(figures: Mapping[str, float]) -> list[Metric]:
    at = int(now().timestamp() * 1000)
    return [Metric(key, value, at, 0) for key, value in figures.items()]


def _params(params: Mapping[str, Any]) -> list[Param]:
    return [Param(key, str(value)) for key, value in params.items()]
