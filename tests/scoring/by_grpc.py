"""A caller by gRPC: `by_grpc.py ADDRESS MODEL NAME` sends the request that it reads, and prints the answer.

Both are JSON. A program of its own, because MLServer's stubs are in MLServer's environment.
"""

import json
import sys

import grpc  # type: ignore[import-untyped]
from mlserver.grpc import dataplane_pb2 as pb
from mlserver.grpc.dataplane_pb2_grpc import GRPCInferenceServiceStub

FIELDS = {"BYTES": "bytes", "INT64": "int64", "FP64": "fp64"}


def main(address: str, model: str, name: str) -> None:
    request = pb.ModelInferRequest(model_name=model, id=name)
    for tensor in json.load(sys.stdin)["inputs"]:
        data = [value.encode() if isinstance(value, str) else value for value in tensor["data"]]
        contents = pb.InferTensorContents(**{f"{FIELDS[tensor['datatype']]}_contents": data})
        request.inputs.add(name=tensor["name"], datatype=tensor["datatype"], shape=[len(data)], contents=contents)
    with grpc.insecure_channel(address) as channel:
        scores, versions = GRPCInferenceServiceStub(channel).ModelInfer(request, timeout=30).outputs[:2]
    answer = {
        "scores": list(scores.contents.fp64_contents),
        "versions": [word.decode() for word in versions.contents.bytes_contents],
    }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
