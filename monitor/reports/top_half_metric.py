"""Our own Evidently metric: the share of sales in the better half of the list.

This module imports Evidently, so only code that makes a snapshot imports it.
"""

from __future__ import annotations

from evidently.core.datasets import Dataset
from evidently.core.metric_types import SingleValue, SingleValueCalculation, SingleValueMetric
from evidently.core.report import Context

from core.models.metrics import top_half_capture


class TopHalfCapture(SingleValueMetric):  # type: ignore[misc]
    """Of the rows whose `outcome` is a sale, the share in the better half by `score`."""

    outcome: str
    score: str


class TopHalfCaptureCalculation(SingleValueCalculation[TopHalfCapture]):  # type: ignore[misc]
    """How Evidently computes it, for a window and for the reference."""

    def calculate(
        self,
        context: Context,  # noqa: ARG002 - Evidently's interface
        current_data: Dataset,
        reference_data: Dataset | None,
    ) -> tuple[SingleValue, SingleValue | None]:
        """The value of the window, and of the reference where there is one."""
        reference = None if reference_data is None else self.result(self._value(reference_data))
        return self.result(self._value(current_data)), reference

    def display_name(self) -> str:
        """Its title in a report."""
        return "Sales in the better half of the list"

    def _value(self, data: Dataset) -> float:
        frame = data.as_dataframe()
        return top_half_capture(frame[self.metric.outcome], frame[self.metric.score])
