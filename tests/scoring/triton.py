"""`python -m tests.scoring.triton grpc|http ADDRESS`: asks for scores with `tritonclient`, a client that is not ours.

In a process of its own: its protobuf messages have the names of MLServer's, and one process takes them once. The
request comes as JSON on stdin (`id`, `compress`, and rows under `inputs` as `core.scoring.protocol.request` has them);
what the client made of the reply goes to stdout.
"""

import json
import sys
from typing import Any

import numpy as np

TYPES: dict[str, Any] = {"BYTES": np.object_, "INT64": np.int64, "FP64": np.float64}


def main(protocol: str, address: str) -> None:
    if protocol == "grpc":
        from tritonclient import grpc as triton
    else:
        from tritonclient import http as triton
    asked = json.load(sys.stdin)
    inputs = []
    for tensor in asked["inputs"]:
        sent = triton.InferInput(tensor["name"], tensor["shape"], tensor["datatype"])
        values = np.array(tensor["data"], dtype=TYPES[tensor["datatype"]])
        sent.set_data_from_numpy(values, **({} if protocol == "grpc" else {"binary_data": False}))
        inputs.append(sent)
    options: dict[str, Any] = {"request_id": asked["id"]} if asked["id"] else {}
    if asked["compress"]:
        options["compression_algorithm" if protocol == "grpc" else "request_compression_algorithm"] = asked["compress"]
    client = triton.InferenceServerClient(address)
    reply = client.infer(asked["model"], inputs, **options)
    found = reply.get_response(**({"as_json": True} if protocol == "grpc" else {}))
    scores, versions = reply.as_numpy("score"), reply.as_numpy("version")
    json.dump({"id": found["id"], "scores": scores.tolist(), "versions": [_text(one) for one in versions]}, sys.stdout)
    client.close()


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


if __name__ == "__main__":
    main(*sys.argv[1:])
