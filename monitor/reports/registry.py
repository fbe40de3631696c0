"""What the reports need of the model registry; `core.models.registry.ModelRegistry` is the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pandas as pd

if TYPE_CHECKING:
    from core.models.registry import Loaded, ModelVersion


class Registry(Protocol):
    """The champion, and its training data."""

    def version_by_alias(self, alias: str) -> ModelVersion | None:
        """The version under `alias`, or None. Raises Unavailable."""
        ...

    def reference(self, version: ModelVersion) -> pd.DataFrame:
        """The version's training rows: features, `outcome` (0 or 1), its own `score`. Raises NotFound."""
        ...

    def load(self, version: ModelVersion) -> Loaded:
        """The version's model, proven, with its training rows. Raises ModelError, Unavailable."""
        ...
