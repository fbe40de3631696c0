"""A caller by gRPC: `by_grpc.py infer|repository|large ADDRESS MODEL [ARGUMENT]`. It prints the answer as JSON.

A program of its own, because MLServer's stubs are in MLServer's environment; `called` runs it there.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FIELDS = {"BYTES": "bytes", "INT64": "int64", "FP64": "fp64"}


def called(python: Path, what: str, address: str, model: str, argument: str = "", stdin: str = "") -> Any:
    """What this program, run by MLServer's `python`, printed."""
    command = [str(python), __file__, what, address, model, argument]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def infer(stub: Any, pb: Any, model: str, name: str) -> Any:
    """The scores of the request on stdin, in its V2 form, under the id `name`."""
    request = pb.ModelInferRequest(model_name=model, id=name)
    for tensor in json.load(sys.stdin)["inputs"]:
        data = [value.encode() if isinstance(value, str) else value for value in tensor["data"]]
        contents = pb.InferTensorContents(**{f"{FIELDS[tensor['datatype']]}_contents": data})
        request.inputs.add(name=tensor["name"], datatype=tensor["datatype"], shape=[len(data)], contents=contents)
    scores, versions = stub.ModelInfer(request, timeout=30).outputs[:2]
    return {
        "scores": list(scores.contents.fp64_contents),
        "versions": [word.decode() for word in versions.contents.bytes_contents],
    }


def repository(stub: Any, pb: Any, model: str, _argument: str) -> Any:
    """The status that unloading and loading `model` end with."""
    return {
        "unload": status(stub.RepositoryModelUnload, pb.RepositoryModelUnloadRequest(model_name=model)),
        "load": status(stub.RepositoryModelLoad, pb.RepositoryModelLoadRequest(model_name=model)),
    }


def large(stub: Any, pb: Any, model: str, size: str) -> Any:
    """The status that a message of `size` spaces ends with, by its compression."""
    import grpc  # type: ignore[import-untyped]

    request = pb.ModelInferRequest(model_name=model)
    contents = pb.InferTensorContents(bytes_contents=[b" " * int(size)])
    request.inputs.add(name="job", datatype="BYTES", shape=[1], contents=contents)
    packings = (grpc.Compression.NoCompression, grpc.Compression.Gzip, grpc.Compression.Deflate)
    return {packing.name: status(stub.ModelInfer, request, compression=packing) for packing in packings}


def status(method: Any, request: Any, **options: Any) -> str:
    import grpc

    try:
        method(request, timeout=60, **options)
    except grpc.RpcError as error:
        return str(error.code().name)
    return "OK"


def main(what: str, address: str, model: str, argument: str) -> None:
    import grpc
    from mlserver.grpc import dataplane_pb2 as pb
    from mlserver.grpc.dataplane_pb2_grpc import GRPCInferenceServiceStub

    with grpc.insecure_channel(address, options=[("grpc.max_send_message_length", -1)]) as channel:
        ask = {"infer": infer, "repository": repository, "large": large}[what]
        json.dump(ask(GRPCInferenceServiceStub(channel), pb, model, argument), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
