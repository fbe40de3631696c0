"""Clients of the V2 protocol that are not ours, against the real scoring service."""

import json
import subprocess
from typing import Any

import pytest

from core.models.proof import predict
from core.scoring.protocol import MAX_ROWS, check_request_id
from core.scoring.protocol import request as made
from tests.scoring.processes import ROOT, SERVING_BIN, Server, some_rows


def asked(server: Server, protocol: str, request_id: str, compress: str = "", rows: int = 3) -> dict[str, Any]:
    schema = server.registry.schema
    people = [f"spring:{row}" for row in range(rows)]
    request = made(schema, some_rows(schema, rows, seed=21), people, request_id)
    address = f"127.0.0.1:{server.grpc_port if protocol == 'grpc' else server.http_port}"
    done = subprocess.run(
        [str(SERVING_BIN / "python"), "-m", "tests.scoring.triton", protocol, address],
        input=json.dumps({**request, "model": server.registry.name, "compress": compress}),
        capture_output=True, text=True, cwd=ROOT, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(json.loads(done.stdout))


def expected(server: Server, rows: int = 3) -> list[float]:
    registry = server.registry.registry
    version = registry.version_by_alias("champion")
    assert version is not None
    asked = some_rows(server.registry.schema, rows, seed=21)
    return [float(one) for one in predict(registry.load(version).model, asked)]


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_a_request_without_an_id_is_scored_and_logged_under_one_that_is_made(server: Server, protocol: str) -> None:
    first, second = asked(server, protocol, ""), asked(server, protocol, "")
    assert first["scores"] == second["scores"] == expected(server)
    assert first["versions"] == ["1"] * 3
    assert first["id"] != second["id"]
    check_request_id(first["id"])
    for reply in (first, second):
        assert server.database().predictions.count_documents({"request": reply["id"]}) == 3


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_a_request_keeps_its_own_id(server: Server, protocol: str) -> None:
    assert asked(server, protocol, f"own-{protocol}")["id"] == f"own-{protocol}"


@pytest.mark.parametrize(("protocol", "compress"), [("grpc", "gzip"), ("http", "gzip"), ("http", "deflate")])
def test_a_packed_request_is_scored_like_a_plain_one(server: Server, protocol: str, compress: str) -> None:
    assert asked(server, protocol, f"packed-{protocol}-{compress}", compress)["scores"] == expected(server)


def test_as_many_rows_as_are_allowed_pass_over_grpc_too(server: Server) -> None:
    reply = asked(server, "grpc", "", rows=MAX_ROWS)
    assert reply["scores"] == expected(server, MAX_ROWS)
