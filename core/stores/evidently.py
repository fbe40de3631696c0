"""The Evidently UI over its HTTP API: the project of the reports, its dashboard and its snapshots.

Evidently's own client waits for ever for an answer and costs four seconds of CPU to import, so this module makes the
few requests itself. The ids of the project and its panels derive from their names, so a repeated or resumed set-up
writes the same again. What people add by hand stays.
"""

from __future__ import annotations

import uuid
from typing import Any, TypedDict

import httpx

from core.errors import Unavailable

PROJECT = "Callwise"
NAMESPACE = uuid.UUID("6f1f3c0e-53cb-4b6f-8f5e-3c2f0b7d9a41")  # drawn once; any constant will do
TIMEOUT_SECONDS = 30.0

# Each snapshot carries one of these tags, so that a panel shows only one kind of report.
DRIFT, QUALITY = "drift", "quality"


class Series(TypedDict):
    """A line of a panel: an Evidently metric of the snapshots with `tag`, narrowed to `labels`."""

    tag: str
    metric: str
    labels: dict[str, str]
    legend: str


def _series(tag: str, metric: str, legend: str, **labels: str) -> Series:
    return {"tag": tag, "metric": metric, "labels": labels, "legend": legend}


_SHARE = _series(DRIFT, "DriftedColumnsCount", "share of columns", value_type="share")
_SCORE = _series(DRIFT, "ValueDrift", "distance", column="score")
_CONVERSION = _series(QUALITY, "MeanValue", "conversion", column="outcome")
_PROMISED = _series(QUALITY, "MeanValue", "mean score", column="score")
_AUC = _series(QUALITY, "RocAuc", "AUC")
_CAPTURE = _series(QUALITY, "TopHalfCapture", "sales in the better half")

TAB = "Weekly review"

# Title, subtitle, kind, size, series; in reading order. Evidently's open edition has one tab, so headings divide it.
PANELS: list[tuple[str, str, str, str, list[Series]]] = [
    ("Has the world moved?", "The people who arrived last against those who arrived before them.", "text", "full", []),
    ("Columns that drifted", "Share, in the newest window", "counter", "half", [_SHARE]),
    ("Drift of the score", "Distance in standard deviations, in the newest window", "counter", "half", [_SCORE]),
    ("Share of drifted columns", "By window", "line", "half", [_SHARE]),
    ("Drift of the score over time", "In standard deviations, by window", "line", "half", [_SCORE]),
    ("Drift of words", "0 is the same as before, 0.83 nothing in common; by window", "line", "full",
     [_series(DRIFT, "ValueDrift", "", method="jensenshannon")]),
    ("Drift of numbers", "In standard deviations of those before, the score among them; by window", "line", "full",
     [_series(DRIFT, "ValueDrift", "", method="wasserstein")]),
    ("Does the ranking still hold?", "Calls with an outcome against what was said before them.", "text", "full", []),
    ("AUC", "In the newest window", "counter", "half", [_AUC]),
    ("Better half", "Share of the sales found in the better half of the list", "counter", "half", [_CAPTURE]),
    ("Conversion", "What was sold, and what the scores said would be", "line", "full", [_CONVERSION, _PROMISED]),
    ("Ranking over time", "0.5 is no order at all", "line", "full", [_AUC, _CAPTURE]),
    ("Log loss", "Lower is better", "line", "half", [_series(QUALITY, "LogLoss", "log loss")]),
    ("Brier score", "Lower is better", "line", "half",
     [_series(QUALITY, "MeanValue", "Brier score", column="squared_error")]),
]  # fmt: skip


class EvidentlyUI:
    """The API of one Evidently UI. Every method raises Unavailable."""

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, timeout=TIMEOUT_SECONDS, trust_env=False, transport=transport)

    def ensure_project(self, name: str = PROJECT) -> str:
        """Create or renew the project `name` and its dashboard; returns the project's id."""
        project = str(project_id(name))
        if all(known["id"] != project for known in self._call("GET", "/api/v2/projects").json()):
            description = "Is the world still the one the champion was trained on, and does its ranking still hold?"
            self._call("POST", "/api/v2/projects", json={"id": project, "name": name, "description": description})
        present = self._call("GET", f"/api/v2/dashboards/{project}").json()
        renewed = merge_dashboards(present, dashboard(name))
        if renewed != present:
            self._call("POST", f"/api/v2/dashboards/{project}", json=renewed)
        return project

    def snapshots(self, project: str, **metadata: str) -> list[str]:
        """Ids of the project's snapshots that carry all of `metadata`, the oldest first."""
        snapshots = self._call("GET", f"/api/projects/{project}/snapshots").json()
        return sorted(snapshot["id"] for snapshot in snapshots if metadata.items() <= snapshot["metadata"].items())

    def add_snapshot(self, project: str, content: str) -> str:
        """Add a snapshot (from Evidently's `Snapshot.dumps`) and return its id."""
        headers = {"Content-Type": "application/json"}
        reply = self._call("POST", f"/api/v2/snapshots/{project}", content=content, headers=headers)
        return str(reply.json()["snapshot_id"])

    def delete_snapshot(self, project: str, snapshot: str) -> None:
        """Delete one snapshot."""
        self._call("DELETE", f"/api/projects/{project}/{snapshot}")

    def page(self, project: str, snapshot: str) -> str:
        """The address of a snapshot's page."""
        return f"{self.url}/projects/{project}/reports/{snapshot}"

    def _call(self, method: str, path: str, **body: Any) -> httpx.Response:
        try:
            reply = self._http.request(method, path, **body)
            return reply.raise_for_status()
        except httpx.HTTPStatusError as error:
            what = f"The Evidently UI answered {error.response.status_code} to {method} {path}"
            raise Unavailable(f"{what}: {error.response.text[:200]}.") from error
        except httpx.HTTPError as error:
            raise Unavailable(
                f"The Evidently UI did not answer {method} {path}: {error}.",
                next="Try again; if it persists, look at the log of the evidently service.",
            ) from error


def project_id(name: str) -> uuid.UUID:
    """The id of the project `name`, the same in every Evidently UI."""
    return uuid.uuid5(NAMESPACE, name)


def dashboard(name: str) -> dict[str, Any]:
    """The dashboard of project `name`, as Evidently stores it (`evidently.sdk.models.DashboardModel`)."""
    panels = [_panel(name, *panel) for panel in PANELS]
    tab = {"id": _id(name, TAB), "title": TAB, "panels": [panel["id"] for panel in panels]}
    return {"tabs": [tab], "panels": panels}


def merge_dashboards(there: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """`ours`, followed by the panels that people added. People's changes to our own panels are undone."""
    known = {panel["id"] for panel in ours["panels"]}
    foreign = [panel for panel in there["panels"] if panel["id"] not in known]
    tab = ours["tabs"][0]
    shown = {**tab, "panels": tab["panels"] + [panel["id"] for panel in foreign]}
    return {"tabs": [shown], "panels": ours["panels"] + foreign}


def _panel(place: str, title: str, subtitle: str, kind: str, size: str, series: list[Series]) -> dict[str, Any]:
    plot: dict[str, Any] = {"plot_type": kind, **({"aggregation": "last"} if kind == "counter" else {})}
    return {
        "id": _id(place, title, kind),
        "title": title,
        "subtitle": subtitle,
        "size": size,
        "values": [
            {
                "legend": line["legend"] or None,
                "tags": [line["tag"]],
                "metadata": {},
                "metric": f"evidently:metric_v2:{line['metric']}",
                "metric_labels": line["labels"],
                "view_params": {},
            }
            for line in series
        ],
        "plot_params": plot,
    }


def _id(*names: str) -> str:
    return str(uuid.uuid5(NAMESPACE, "/".join(names)))
