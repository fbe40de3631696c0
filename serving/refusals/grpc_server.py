"""MLServer's gRPC server, which refuses a message that it cannot read, and streams.

A message that is none, raw contents that are none, and a question about a model that is not here ended in UNKNOWN or
INTERNAL, as if the server were broken: clients repeat such a call. `serving.refusals.answers` says why there are no
streams. And MLServer logs each refusal with a traceback: a refusal quotes the value that is wrong to whoever sent it,
and the log is read by others.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from grpc import aio
from mlserver.errors import MLServerError
from mlserver.grpc.logging import logger
from mlserver.grpc.server import GRPCServer
from mlserver.grpc.utils import STATUS_CODE_MAPPING

SERVER_ERROR = 500
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
    """MLServer's, with `Readable` before its other interceptors, and no refusal in the log."""

    _before: list[aio.ServerInterceptor]

    @property
    def _interceptors(self) -> list[aio.ServerInterceptor]:
        return self._before

    @_interceptors.setter
    def _interceptors(self, others: list[aio.ServerInterceptor]) -> None:
        # MLServer makes its list while it makes its server, and has no place for an interceptor of somebody else.
        self._before = [Readable(), *others]

    def _create_server(self) -> aio.Server:
        logger.addFilter(is_no_refusal)
        server = super()._create_server()
        # Its servicer converts a message here, and takes a message that cannot be converted for a fault of its own.
        servicer = self._inference_servicer
        servicer._InsertHeaders = converting(servicer._InsertHeaders)
        return server


def is_no_refusal(record: logging.LogRecord) -> bool:
    """Whether a line of MLServer's log is about anything but the refusal of a request."""
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, MLServerError) and error.status_code < SERVER_ERROR)


def converting(convert: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """`convert`, which raises MLServerError for a message that is none, such as one with odd raw contents."""

    def converted(asked: Any, context: Any) -> Any:
        try:
            return convert(asked, context)
        except Exception as error:  # struct, numpy and MLServer each have their own for bytes that are none
            raise MLServerError(UNREADABLE) from error

    return converted


def _reading(read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def reading(message: bytes) -> Any:
        try:
            return read(message)
        except DecodeError:
            return Unreadable()

    return reading


def _answering(answer: Callable[[Any, Any], Awaitable[Any]]) -> Callable[[Any, Any], Awaitable[Any]]:
    async def answering(asked: Any, context: Any) -> Any:
        if isinstance(asked, Unreadable):
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, UNREADABLE)
        try:
            return await answer(asked, context)
        except MLServerError as error:
            await context.abort(STATUS_CODE_MAPPING.get(error.status_code, grpc.StatusCode.UNKNOWN), str(error))

    return answering
