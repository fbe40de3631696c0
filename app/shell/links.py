"""Addresses inside MLflow, Prefect and Evidently, made of the ones at which people open them (`Appliance.links`)."""

from __future__ import annotations

from urllib.parse import urlsplit

from app.shell.appliance import Appliance
from app.shell.lineage import Lineage


def version(house: Appliance, version: str) -> str | None:
    """The version in MLflow; None where people do not open it."""
    return _in(house, "MLflow", f"/#/models/{house.model}/versions/{version}")


def run(house: Appliance, lineage: Lineage) -> str | None:
    """The training's run in MLflow."""
    return (
        _in(house, "MLflow", f"/#/experiments/{lineage.experiment}/runs/{lineage.run}") if lineage.experiment else None
    )


def flow_run(house: Appliance, run: str) -> str | None:
    """The training in Prefect."""
    return _in(house, "Prefect", f"/runs/flow-run/{run}")


def report(house: Appliance, page: str | None) -> str | None:
    """A report in Evidently, of the address that monitoring has kept, which is the one that services open."""
    return _in(house, "Evidently", urlsplit(page).path) if page else None


def _in(house: Appliance, title: str, path: str) -> str | None:
    base = next((link.address for link in house.links if link.title == title), None)
    return f"{base.rstrip('/')}{path}" if base else None
