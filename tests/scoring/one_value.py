"""Sends one value to the scoring service over gRPC, in MLServer's environment, and prints how it was refused.

`python -m tests.scoring.one_value PORT VALUE`
"""

from __future__ import annotations

import sys
from random import Random

import grpc  # type: ignore[import-untyped]

from bench.fuzz.grpc_calls import SERVICE, good
from core.schema import read_schema
from core.settings.addresses import SchemaSettings
from core.settings.loading import load


def main(port: str, value: str) -> None:
    """Send a good request with `value` in the place of a word."""
    asked = good(read_schema(load(SchemaSettings).callwise_schema), Random(1))
    word = next(tensor for tensor in asked.inputs if tensor.datatype == "BYTES")
    word.contents.bytes_contents[0] = value.encode()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(f"{SERVICE}ModelInfer", request_serializer=bytes, response_deserializer=bytes)
        try:
            call(asked.SerializeToString(), timeout=30)
        except grpc.RpcError as error:
            sys.stdout.write(f"{error.code().name} {error.details()}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
