"""A runtime of MLServer that does nothing: the limit of what any runtime behind it may answer."""

from __future__ import annotations

from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput


class Empty(MLModel):  # type: ignore[misc]  # MLServer has no types
    """Answers every request with one score a row, and looks at none."""

    async def load(self) -> bool:
        """Nothing to load."""
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """A half for each row."""
        rows = int(payload.inputs[0].shape[0])
        scores = ResponseOutput(name="score", shape=[rows], datatype="FP64", data=[0.5] * rows)
        return InferenceResponse(model_name=self.name, id=payload.id, outputs=[scores])
