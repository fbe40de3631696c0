"""Bodies that are too large, as sent or as they unpack, against the real scoring service and its memory."""

import gzip
import json
import socket
import zlib
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from core.scoring import protocol
from tests.scoring.by_grpc import called
from tests.scoring.processes import SERVING_BIN, Server, some_rows

MEGABYTE = 1_000_000
PYTHON = SERVING_BIN / "python"
LIMIT = 12 * MEGABYTE
BOMB = 1_000 * MEGABYTE
# What a refusal may cost: the body as far as it is taken, and its copies.
ROOM = 6 * LIMIT


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """Some 1 MB of gzip that holds 1 GB of blanks, which JSON may begin with."""
    packer = zlib.compressobj(9, wbits=31)
    parts = [packer.compress(b" " * MEGABYTE) for _ in range(BOMB // MEGABYTE)]
    return b"".join([*parts, packer.flush()])


def grown(server: Server) -> int:
    assert server.process is not None
    return server.process.peak_bytes()


def infer(server: Server, body: bytes, **headers: str) -> httpx.Response:
    named = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return httpx.post(f"{server.path}/infer", content=body, headers=named, trust_env=False, timeout=120)


def question(server: Server, request_id: str, rows: int = 3, *, key: str = "p") -> bytes:
    schema = server.registry.schema
    people = [f"{key}{row}" for row in range(rows)]
    return json.dumps(
        protocol.request(schema, some_rows(schema, rows), people, request_id), ensure_ascii=False
    ).encode()


def refused(reply: httpx.Response, status: int, why: str) -> None:
    assert reply.status_code == status, reply.text[:500]
    said = reply.json()["error"]
    assert why in said
    assert "Nothing was scored." in said


def test_a_bomb_is_refused_and_costs_no_more_than_the_limit(server: Server, bomb: bytes) -> None:
    assert len(bomb) < 2 * MEGABYTE
    assert infer(server, question(server, "before")).status_code == 200
    before = grown(server)
    refused(infer(server, bomb, content_encoding="gzip"), 413, "more than 12 MB")
    with ThreadPoolExecutor(4) as pool:
        for reply in pool.map(lambda _: infer(server, bomb, content_encoding="gzip"), range(8)):
            refused(reply, 413, "more than 12 MB")
    assert grown(server) - before < ROOM < BOMB / 10
    assert infer(server, question(server, "after")).status_code == 200


def test_a_plain_body_is_bounded_with_and_without_a_length(server: Server) -> None:
    before = grown(server)
    large = b" " * (3 * LIMIT)
    refused(infer(server, large), 413, "more than 12 MB")
    chunked = httpx.post(
        f"{server.path}/infer",
        content=(b" " * MEGABYTE for _ in range(3 * LIMIT // MEGABYTE)),
        headers={"content-type": "application/json"}, trust_env=False, timeout=120,
    )  # fmt: skip
    refused(chunked, 413, "more than 12 MB")
    assert grown(server) - before < ROOM


def test_hostile_bodies_at_once_are_read_one_after_the_other(server: Server) -> None:
    """Empty lists and mappings are what JSON makes the most memory of: some 40 times the body."""
    head, tail = b'{"inputs":[{"name":"age","shape":[1],"datatype":"FP64","data":[', b"{}]}]}"
    hostile = head + b"{}," * ((LIMIT - len(head) - len(tail)) // 3) + tail
    assert infer(server, hostile).status_code == 400
    once = grown(server)
    with ThreadPoolExecutor(3) as pool:
        replies = list(pool.map(lambda _: infer(server, hostile), range(3)))
    assert {reply.status_code for reply in replies} == {400}
    assert grown(server) - once < 10 * LIMIT
    assert infer(server, question(server, "after-hostile")).status_code == 200


@pytest.mark.parametrize("name", ["gzip", "GZIP", "x-gzip"])
def test_a_packed_request_is_scored_like_the_plain_one(server: Server, name: str) -> None:
    plain = question(server, f"packed-{name}")
    packed = gzip.compress(plain[:100]) + gzip.compress(plain[100:])  # members, as gzip allows
    assert infer(server, packed, content_encoding=name).json() == infer(server, plain).json()


def test_as_many_rows_as_are_allowed_fit_with_the_longest_keys(server: Server) -> None:
    body = question(server, "all-rows", protocol.MAX_ROWS, key="é" * (protocol.MAX_PROSPECT - 5))
    assert len(body) < LIMIT
    assert infer(server, body).status_code == 200
    packed = gzip.compress(question(server, "all-rows-packed", protocol.MAX_ROWS))
    assert infer(server, packed, content_encoding="gzip").status_code == 200


@pytest.mark.parametrize("name", ["br", "zstd", "gzip, gzip", "deflate, gzip", "x" * 500])
def test_other_and_nested_codings_are_refused_by_name(server: Server, name: str) -> None:
    packed = gzip.compress(gzip.compress(question(server, "nested")))
    reply = infer(server, packed, content_encoding=name)
    refused(reply, 415, "which is not accepted")
    assert reply.headers["accept-encoding"] == "gzip, x-gzip, deflate"


@pytest.mark.parametrize(
    ("cut", "why"), [(slice(None, -20), "ends too early"), (slice(50, None), "is not gzip"), (slice(0, 0), "too early")]
)
def test_a_torn_body_is_refused(server: Server, cut: slice, why: str) -> None:
    refused(infer(server, gzip.compress(question(server, "torn"))[cut], content_encoding="gzip"), 400, why)


def raw(server: Server, head: str, body: bytes) -> bytes:
    """What the service answers to these very bytes, until it closes the connection or is silent for 3 s."""
    first = f"POST /v2/models/{server.registry.name}/infer HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=3) as wire:
        said = b""
        try:
            wire.sendall(first.encode() + body)
            while chunk := wire.recv(65536):
                said += chunk
        except (TimeoutError, ConnectionError):
            pass
        return said


def test_a_content_length_that_lies_gets_nobody_further(server: Server, bomb: bytes) -> None:
    before, plain = grown(server), question(server, "lie")
    packed = "Content-Type: application/json\r\nContent-Encoding: gzip\r\n"
    assert raw(server, f"{packed}Content-Length: {len(bomb)}", bomb).startswith(b"HTTP/1.1 413")
    assert raw(server, f"{packed}Content-Length: 10", bomb).startswith(b"HTTP/1.1 400")
    assert raw(server, f"{packed}Content-Length: {10**12}", b"").startswith(b"HTTP/1.1 413")
    assert raw(server, f"Content-Type: application/json\r\nContent-Length: {len(plain) + 9}", plain) == b"", "it waits"
    assert grown(server) - before < ROOM
    assert not server.database().predictions.count_documents({"request": "lie"})
    assert infer(server, question(server, "after-lies")).status_code == 200


def test_grpc_is_bounded_too_packed_or_not(server: Server) -> None:
    before = grown(server)
    answers = called(PYTHON, "large", f"127.0.0.1:{server.grpc_port}", server.registry.name, str(200 * MEGABYTE))
    assert answers == dict.fromkeys(("NoCompression", "Gzip", "Deflate"), "RESOURCE_EXHAUSTED")
    assert grown(server) - before < ROOM
