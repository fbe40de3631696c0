"""Addresses inside MLflow, Prefect and Evidently, under those of `Appliance.links`; None if a link is missing."""

from __future__ import annotations

from urllib.parse import urlsplit

from app.shell.appliance import Appliance
from app.shell.lineage import Lineage


def version_link(house: Appliance, version: str) -> str | None:
    """The version in MLflow."""
    return _in(house, "MLflow", f"/#/models/{house.model}/versions/{version}")


def run_link(house: Appliance, lineage: Lineage) -> str | None:
    """The training's run in MLflow; None if MLflow no longer has the run."""
    path = f"/#/experiments/{lineage.experiment}/runs/{lineage.run}"
    return _in(house, "MLflow", path) if lineage.experiment else None


def flow_run_link(house: Appliance, run: str) -> str | None:
    """The training in Prefect."""
    return _in(house, "Prefect", f"/runs/flow-run/{run}")


def report_link(house: Appliance, page: str | None) -> str | None:
    """A report in Evidently. `page` is the stored address, under a host that only the services reach."""
    return _in(house, "Evidently", urlsplit(page).path) if page else None


def _in(house: Appliance, title: str, path: str) -> str | None:
    base = next((link.address for link in house.links if link.title == title), None)
    return f"{base.rstrip('/')}{path}" if base else None
