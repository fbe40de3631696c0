"""The gRPC server: MLServer's own in all but refusals, which no log has."""

import asyncio
import logging

import pytest
from mlserver.errors import MLServerError, ModelNotFound
from mlserver.grpc.interceptors import LoggingInterceptor, PromServerInterceptor
from mlserver.grpc.logging import logger
from mlserver.settings import Settings

from serving.refusals.grpc_server import UNREADABLE, GrpcServer, Readable, converting, is_no_refusal


def logged(error: Exception) -> logging.LogRecord:
    return logging.LogRecord("mlserver.grpc", logging.ERROR, "", 0, str(error), None, (type(error), error, None))


def test_refusals_are_not_logged_and_faults_are() -> None:
    assert not is_no_refusal(logged(MLServerError("'Ann' is not a number")))
    assert not is_no_refusal(logged(ModelNotFound("Ann")))
    assert is_no_refusal(logged(MLServerError("the disk is full", 500)))
    assert is_no_refusal(logged(ValueError("a mistake")))
    assert is_no_refusal(logging.LogRecord("mlserver.grpc", logging.INFO, "", 0, "running", None, None))


def test_a_message_that_cannot_be_converted_is_refused_without_naming_it() -> None:
    def convert(asked: str, _context: object) -> float:
        return float(asked)

    assert converting(convert)("1.5", None) == 1.5
    with pytest.raises(MLServerError) as refusal:
        converting(convert)("Ann", None)
    assert str(refusal.value) == UNREADABLE
    assert refusal.value.status_code == 400


def test_it_has_what_mlserver_sets_up_behind_its_own() -> None:
    settings = Settings(debug=True, host="127.0.0.1", grpc_port=0)
    made = GrpcServer(settings, None, None)  # nobody asks it anything

    async def create() -> None:
        made._create_server()

    asyncio.run(create())
    assert [type(one) for one in made._interceptors] == [Readable, LoggingInterceptor, PromServerInterceptor]
    assert is_no_refusal in logger.filters
