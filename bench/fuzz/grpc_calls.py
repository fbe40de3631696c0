"""Hostile messages to the scoring service over gRPC: `python -m bench.fuzz.grpc_calls PORT MANY SEED`, prints totals.

It runs in MLServer's environment, which has gRPC. A message is sent as bytes: a good one that was changed, or none.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from random import Random
from typing import Any

import grpc  # type: ignore[import-untyped]
from mlserver.grpc import dataplane_pb2 as pb

from bench.fuzz.hostile import VALUES
from bench.fuzz.totals import SILENT, Totals
from core.schema import Schema, read_schema
from core.settings.addresses import SchemaSettings
from core.settings.loading import load

SERVICE = "/inference.GRPCInferenceService/"
REPOSITORY = "/inference.model_repository.ModelRepositoryService/"
METHODS = (
    *(f"{SERVICE}{name}" for name in ("ModelInfer", "ModelInfer", "ModelInfer", "ModelInfer", "ModelMetadata")),
    *(f"{SERVICE}{name}" for name in ("ModelReady", "ServerReady", "ServerLive", "ServerMetadata", "RepositoryIndex")),
    *(f"{SERVICE}{name}" for name in ("RepositoryModelLoad", "RepositoryModelUnload", "Nothing")),
    *(f"{REPOSITORY}{name}" for name in ("RepositoryIndex", "RepositoryModelLoad", "RepositoryModelUnload")),
)
ERRORS = {"UNKNOWN": 500, "INTERNAL": 500, "DATA_LOSS": 500, "UNAVAILABLE": 503, "DEADLINE_EXCEEDED": SILENT}
"""What gRPC's codes for a server's own faults are over HTTP; every other one says what is wrong with the request."""
DOOR = "scoring over gRPC"


def good(schema: Schema, random: Random) -> Any:
    """A good request for scores."""
    asked = pb.ModelInferRequest(model_name="prospect-scorer", id=f"fuzz-{random.randrange(10**12)}")
    rows = random.choice((1, 1, 2, 4))
    for column in schema.features:
        tensor = asked.inputs.add(name=column.name, shape=[rows, 1])
        if column.is_category:
            tensor.datatype = "BYTES"
            tensor.contents.bytes_contents.extend(random.choice(column.categories).encode() for _ in range(rows))
        elif column.type.value == "integer" and not column.optional:
            tensor.datatype = "INT64"
            least = int(column.minimum or 0)
            tensor.contents.int64_contents.extend(random.randrange(least, least + 20) for _ in range(rows))
        else:
            tensor.datatype = "FP64"
            low = column.minimum or 0.0
            tensor.contents.fp64_contents.extend(low + random.random() for _ in range(rows))
    people = asked.inputs.add(name="prospect", datatype="BYTES", shape=[rows, 1])
    people.contents.bytes_contents.extend(f"fuzz-{random.randrange(10**9)}".encode() for _ in range(rows))
    return asked


def changed(asked: Any, random: Random) -> bytes:
    """The request with a change, as bytes."""
    changes: tuple[Callable[[], Any], ...] = (
        lambda: setattr(random.choice(asked.inputs), "datatype", str(random.choice(VALUES))[:40]),
        lambda: setattr(random.choice(asked.inputs), "name", str(random.choice(VALUES))[:40]),
        lambda: random.choice(asked.inputs).shape.append(random.choice((-1, 0, 2**40, 3))),
        lambda: random.choice(asked.inputs).ClearField("shape"),
        lambda: random.choice(asked.inputs).ClearField("contents"),
        lambda: random.choice(asked.inputs).contents.fp64_contents.append(float("nan")),
        lambda: random.choice(asked.inputs).contents.bytes_contents.append(
            bytes(random.randrange(256) for _ in range(9))
        ),
        lambda: random.choice(asked.inputs).contents.bool_contents.append(True),
        lambda: asked.raw_input_contents.append(bytes(random.randrange(256) for _ in range(random.randrange(40)))),
        lambda: (
            random.choice(asked.inputs)
            .parameters["content_type"]
            .MergeFrom(
                pb.InferParameter(string_param=random.choice(("np", "pd", "str", "base64", "datetime", "hg_json", "x")))
            )
        ),
        lambda: asked.parameters["what_if"].MergeFrom(pb.InferParameter(int64_param=random.randrange(3))),
        lambda: asked.outputs.add(name=str(random.choice(VALUES))[:40]),
        lambda: setattr(asked, "id", str(random.choice(VALUES))[:300]),
        lambda: setattr(asked, "model_name", str(random.choice(VALUES))[:40]),
        lambda: setattr(asked, "model_version", str(random.choice(VALUES))[:40]),
        lambda: asked.inputs.append(asked.inputs[0]),
        lambda: asked.ClearField("inputs"),
    )
    for _ in range(random.choice((1, 1, 2, 4))):
        try:
            random.choice(changes)()
        except (IndexError, ValueError):
            continue  # an earlier change left nothing to change
    data = bytes(asked.SerializeToString())
    if random.random() < 0.2 and data:
        place = random.randrange(len(data))
        return random.choice((data[:place], data[:place] + bytes((random.randrange(256),)) + data[place + 1 :]))
    return data if random.random() > 0.03 else bytes(random.randrange(256) for _ in range(random.randrange(60)))


def main(arguments: list[str]) -> int:
    """Send the messages and print the totals as JSON."""
    port, many, seed = (int(word) for word in arguments)
    random, totals = Random(seed), Totals()  # noqa: S311  made-up requests
    schema = read_schema(load(SchemaSettings).callwise_schema)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        calls = {
            method: channel.unary_unary(method, request_serializer=bytes, response_deserializer=bytes)
            for method in METHODS
        }
        for _ in range(many):
            method, data = random.choice(METHODS), changed(good(schema, random), random)
            status = 200
            try:
                calls[method](data, timeout=30)
            except grpc.RpcError as error:
                status = ERRORS.get(error.code().name, 400)
                if status not in (200, 400):
                    totals.example(f"{method}: {error.code().name} {error.details()[:300]}")
            totals.add(DOOR, status, data)
        try:
            calls[METHODS[0]](good(schema, random).SerializeToString(), timeout=30)
        except grpc.RpcError as error:
            totals.crash(f"{DOOR} answered {error.code().name} to a good request in the end: {error.details()[:300]}")
    print(json.dumps(totals.document()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
