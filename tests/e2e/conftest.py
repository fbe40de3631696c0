"""What all end-to-end tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

TRACKING = "MLFLOW_TRACKING_URI"


@pytest.fixture(scope="module", autouse=True)
def tracking_server_as_it_was() -> Iterator[None]:
    """Leave the next module the tracking server it was given: MLflow writes the one in use into the environment."""
    before = os.environ.get(TRACKING)
    yield
    if before is None:
        os.environ.pop(TRACKING, None)
    else:
        os.environ[TRACKING] = before
