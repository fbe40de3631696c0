"""MLServer's gRPC server, which refuses a message that it cannot read, and streams.

A message that is none, raw contents that are none, and a question about a model that is not here ended in UNKNOWN or
INTERNAL, as if the server were broken: clients repeat such a call. `serving.refusals.answers` says why there are no
streams.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from grpc import aio
from mlserver.errors import MLServerError
from mlserver.grpc.converters import ModelInferRequestConverter
from mlserver.grpc.dataplane_pb2_grpc import add_GRPCInferenceServiceServicer_to_server
from mlserver.grpc.interceptors import PromServerInterceptor
from mlserver.grpc.model_repository import ModelRepositoryServicer
from mlserver.grpc.model_repository_pb2_grpc import add_ModelRepositoryServiceServicer_to_server
from mlserver.grpc.server import DefaultGrpcWorkers, GRPCServer
from mlserver.grpc.servicers import InferenceServicer
from mlserver.grpc.utils import STATUS_CODE_MAPPING

UNREADABLE = "This is no message of the V2 protocol. Nothing was scored."


class Unreadable:
    """Stands for a message that cannot be read."""


class Readable(aio.ServerInterceptor):  # type: ignore[misc]
    """Refuses messages that cannot be read; there are no streams."""

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler | None:
        """The handler of a call, or None if there is none."""
        handler = await continuation(details)
        if handler is None or handler.request_streaming or handler.response_streaming:
            return None
        return handler._replace(
            request_deserializer=_reading(handler.request_deserializer), unary_unary=_answering(handler.unary_unary)
        )


class GrpcServer(GRPCServer):  # type: ignore[misc]
    """MLServer's, with `Readable` before its services. It has no place for an interceptor of somebody else."""

    def _create_server(self) -> aio.Server:
        self._server = aio.server(
            ThreadPoolExecutor(max_workers=DefaultGrpcWorkers),
            interceptors=[Readable(), PromServerInterceptor(enable_handling_time_histogram=True)],
            options=self._get_options(),
        )
        inference = InferenceServicer(self._data_plane, self._model_repository_handlers)
        add_GRPCInferenceServiceServicer_to_server(inference, self._server)
        repository = ModelRepositoryServicer(self._model_repository_handlers)
        add_ModelRepositoryServiceServicer_to_server(repository, self._server)
        self._server.add_insecure_port(f"{self._settings.host}:{self._settings.grpc_port}")
        return self._server


def _reading(read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def reading(message: bytes) -> Any:
        try:
            return read(message)
        except DecodeError:
            return Unreadable()

    return reading


def _answering(answer: Callable[[Any, Any], Awaitable[Any]]) -> Callable[[Any, Any], Awaitable[Any]]:
    async def answering(asked: Any, context: Any) -> Any:
        if isinstance(asked, Unreadable) or not _has_raw_contents(asked):
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, UNREADABLE)
        try:
            return await answer(asked, context)
        except MLServerError as error:
            await context.abort(STATUS_CODE_MAPPING.get(error.status_code, grpc.StatusCode.UNKNOWN), str(error))

    return answering


def _has_raw_contents(asked: Any) -> bool:
    """Whether the raw contents of a request, if it has some, are those of its inputs."""
    if not getattr(asked, "raw_input_contents", None):
        return True
    try:
        ModelInferRequestConverter.to_types(asked)
    except Exception:  # noqa: BLE001  struct, numpy and MLServer each have their own for bytes that are none
        return False
    return True
