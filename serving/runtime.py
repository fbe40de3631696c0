"""The MLServer runtime of a kind's model, `prospect-scorer`: it translates V2 for the service behind it.

MLServer calls `load` once at its start; the model is ready as soon as the registry has a champion.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from mlserver import MLModel
from mlserver.errors import MLServerError
from mlserver.handlers import dataplane
from mlserver.types import (
    InferenceRequest,
    InferenceResponse,
    MetadataModelResponse,
    MetadataTensor,
    Parameters,
    RequestInput,
    ResponseOutput,
)
from mlserver.utils import generate_uuid

from core.errors import CallwiseError, Conflict, InputError
from core.oversight.memory import used_share
from core.scoring import protocol
from core.scoring.batch import Batch
from core.scoring.prediction import Prediction
from serving.kinds import kind_in
from serving.main import Service
from serving.scorer import NoChampion

log = logging.getLogger(__name__)

FIRST_LOOK_SECONDS, FIRST_LEVELS_SECONDS = 30.0, 3.0
AT_ONCE = 20
"""Rows that compiled models score on the event loop, in less time than another thread takes to begin."""
BAD_REQUEST, CONFLICT, INTERNAL_ERROR, UNAVAILABLE = 400, 409, 500, 503


class NotReady(MLServerError):  # type: ignore[misc]  # MLServer has no types
    """The answer to a request for scores while there is no champion."""

    def __init__(self, _name: str, _version: str | None = None) -> None:
        super().__init__(str(NoChampion()), UNAVAILABLE)


# MLServer checks `ready` before a request and answers 400 "not ready yet" itself: the code for a sender's mistake,
# without advice. It has no hook for this answer.
dataplane.ModelNotReady = NotReady


class ProspectScorer(MLModel):  # type: ignore[misc]
    """Scores prospects with the champion, and with the canary while there is one."""

    service: Service
    reloaded = ""  # how often, and when last, `serving.server` loaded the model again after it was out of service

    async def load(self) -> bool:
        """Start the service and wait a moment for its models and levels. Without a champion it is loaded, not ready."""
        extra = (self.settings.parameters.extra if self.settings.parameters else None) or {}
        if content := extra.get("content"):  # a kind beside the shipped one: `serving.kinds`
            self.service = await asyncio.to_thread(Service.of_kind, kind_in(content))
        else:
            self.service = await asyncio.to_thread(Service.from_environment)
        self.inputs = _tensors(protocol.inputs(self.service.schema))
        self.outputs = _tensors(protocol.OUTPUTS)
        self.service.start()
        await asyncio.to_thread(self.service.models.looked.wait, FIRST_LOOK_SECONDS)
        await asyncio.to_thread(self.service.levels.looked.wait, FIRST_LEVELS_SECONDS)
        # What is loaded by now stays: the collector need not look through it again after every few requests.
        gc.collect()
        gc.freeze()
        return True

    async def unload(self) -> bool:
        """Stop what `load` started."""
        if hasattr(self, "service"):
            await asyncio.to_thread(self.service.stop)
        return True

    def end(self) -> None:
        """The process was told to end (`serving.models.Models.end`). Safe at any time, also during `load`."""
        if hasattr(self, "service"):
            self.service.models.end()

    @property
    def ready(self) -> bool:
        """Whether there is a champion to answer; MLServer's `/ready` and `/v2/health/ready` use this."""
        return self._loaded and self.service.models.lineup is not None

    @ready.setter
    def ready(self, loaded: bool) -> None:
        self._loaded = loaded

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """The scores of the request's rows. Raises MLServerError with the status and the text of the answer."""
        # gRPC sends an empty id where there is none. MLServer answers under the id that it finds here.
        payload.id = payload.id or generate_uuid()
        try:
            return await self._answer(payload)
        except CallwiseError as error:
            raise MLServerError(str(error), _status(error)) from error
        except Exception as error:
            log.exception("request %s failed", payload.id)
            raise MLServerError("The scoring service failed; its log says why.", INTERNAL_ERROR) from error

    async def metadata(self) -> MetadataModelResponse:
        """Inputs, outputs, and in `parameters` the state: models in service, refusals, the spool's backlog."""
        if not self._loaded:
            raise MLServerError("The scoring service is starting; ask again in a moment.", UNAVAILABLE)
        answer = await super().metadata()
        try:
            answer.parameters = Parameters(**await asyncio.to_thread(self._state))
        except CallwiseError as error:
            raise MLServerError(str(error), UNAVAILABLE) from error
        return answer

    async def _answer(self, payload: InferenceRequest) -> InferenceResponse:
        if _rows(payload) <= AT_ONCE and self.service.models.is_compiled:
            asked, what_if, predictions = self._scored(payload)
        else:
            asked, what_if, predictions = await asyncio.to_thread(self._scored, payload)
        if not what_if:
            predictions = await self.service.writes.write(predictions)
        return _reply(self.name, payload.id, predictions, asked)

    def _scored(self, payload: InferenceRequest) -> tuple[Mapping[str, str], bool, Sequence[Prediction]]:
        """The outputs asked for, whether it is a what-if, and the predictions, not logged yet."""
        protocol.check_request_id(payload.id)
        rows = protocol.parse(self.service.schema, [_tensor(sent) for sent in payload.inputs])
        outputs = protocol.asked_outputs([output.name for output in payload.outputs or ()])
        parameters = payload.parameters.model_dump() if payload.parameters else {}
        what_if = protocol.asks_what_if(parameters)
        answer = self.service.scorer.what_if if what_if else self.service.scorer.predict
        return outputs, what_if, answer(payload.id, rows, with_reasons=protocol.REASONS in outputs)

    def _state(self) -> dict[str, str | int | float]:
        models, prediction_log = self.service.models, self.service.log.state()
        lineup = models.lineup
        canary = lineup.canary.version if lineup and lineup.canary else ""
        champion = lineup.champion.version if lineup else ""
        trial = self.service.scorer.trial.figures(canary)
        refresh = lineup.refresh.version if lineup and lineup.refresh else ""
        mixture, mixing = self.service.levels.mixture, self.service.scorer.mixing.figures(refresh)
        mixed = bool(refresh) and (mixture.champion, mixture.refresh) == (champion, refresh)
        levels = self.service.levels.shifts
        return {
            "champion": champion,
            "canary": canary,
            "champion_level": levels.get(champion, 0.0),
            "canary_level": levels.get(canary, 0.0),
            "canary_share": self.service.scorer.routing(canary).share if canary else 0.0,
            "refresh_level": levels.get(refresh, 0.0) if mixed else 0.0,
            "refresh": refresh if mixed else "",
            "refresh_weight": mixture.weight if mixed else 0.0,
            "refresh_requests": mixing.requests,
            "refresh_errors": mixing.errors,
            "refresh_seconds": mixing.canary_seconds,
            "canary_requests": trial.requests,
            "canary_errors": trial.errors,
            "canary_seconds": trial.canary_seconds,
            "champion_seconds": trial.champion_seconds,
            "refused_versions": ",".join(sorted(refusal.version for refusal in models.refused)),
            "refused": "; ".join(f"version {refusal.version}: {refusal.why}" for refusal in models.refused),
            "unexplained": "; ".join(
                f"version {version}: {why}" for version, why in self.service.scorer.unexplained.items()
            ),
            "registry": "answers" if models.registry_answers else "does not answer",
            "mongo": "takes predictions" if prediction_log.home else "predictions wait in the spool",
            "spool_waiting": prediction_log.waiting,
            "spool_oldest_seconds": prediction_log.oldest_seconds,
            "spool_disputed": prediction_log.disputed,
            "reloaded": self.reloaded,
            # Where MongoDB is away, predictions wait here, on a volume of this service alone.
            "spool_free_bytes": self.service.spool.free_bytes(),
            "memory_share": -1.0 if (share := used_share()) is None else share,
            "forgotten": ",".join(self.service.forgetting.forgotten),
        }


def _status(error: CallwiseError) -> int:
    if isinstance(error, InputError):
        return BAD_REQUEST
    return CONFLICT if isinstance(error, Conflict) else UNAVAILABLE


def _rows(payload: InferenceRequest) -> int:
    """How many rows the request says it has; the check of what it has comes later."""
    return max((sent.shape[0] for sent in payload.inputs if sent.shape), default=0)


def _tensor(sent: RequestInput) -> protocol.Tensor:
    data = sent.data.root
    if not isinstance(data, list):
        raise InputError("must hold a list of values", column=sent.name)
    return protocol.Tensor(sent.name, str(sent.datatype), sent.shape, data)


def _tensors(names: dict[str, str]) -> list[MetadataTensor]:
    return [MetadataTensor(name=name, datatype=datatype, shape=[-1]) for name, datatype in names.items()]


def _reply(
    name: str, request_id: str, predictions: Sequence[Prediction], outputs: Mapping[str, str]
) -> InferenceResponse:
    columns = {name: _column(predictions, name) for name in protocol.OUTPUTS}
    if protocol.REASONS in outputs:
        columns[protocol.REASONS] = [json.dumps(reasons) for reasons in _column(predictions, protocol.REASONS)]
    return InferenceResponse(
        model_name=name,
        id=request_id,
        parameters=Parameters(
            request=request_id,
            version=",".join(sorted(set(columns["version"]))),
            route=",".join(sorted(set(columns["route"]))),
        ),
        outputs=[
            ResponseOutput(name=column, shape=[len(predictions)], datatype=datatype, data=_sendable(columns[column]))
            for column, datatype in outputs.items()
        ],
    )


def _column(predictions: Sequence[Prediction], name: str) -> Sequence[Any]:
    """One field of n predictions."""
    if isinstance(predictions, Batch):
        return predictions.columns[name]
    return [getattr(prediction, name) for prediction in predictions]


def _sendable(values: Sequence[str] | Sequence[float]) -> list[bytes] | list[float]:
    """Words as bytes: gRPC accepts nothing else for BYTES, and MLServer turns them into text for JSON."""
    return [value.encode() if isinstance(value, str) else value for value in values]  # type: ignore[return-value]
