"""A short run of `scripts/bench fuzz` at the scoring service: whatever comes is answered, and the process goes on."""

from __future__ import annotations

import json
import subprocess
from random import Random

import httpx

from bench.fuzz.hostile import Hostile
from bench.fuzz.place import good_body
from bench.fuzz.senders import SCORING, Target, send
from bench.fuzz.totals import Totals
from core.settings.group import ROOT
from tests.scoring.processes import SERVING_BIN, Server

OVER_HTTP, OVER_GRPC = 3_000, 1_000
VALUE = "Rosalind-Unlikely"


def test_hostile_requests_are_answered_and_end_nothing(server: Server) -> None:
    totals, port, schema = Totals(), server.http_port, server.registry.schema
    bodies = [good_body(schema, Random(seed), rows) for seed, rows in enumerate((1, 1, 2, 3, 5))]
    target = Target("scoring", port, None, 1, lambda random: Hostile(random, f"127.0.0.1:{port}", SCORING, bodies))
    send(target, OVER_HTTP, totals, seed=7)
    assert totals.tried["scoring"] == OVER_HTTP
    assert totals.examples == []
    answers = {key.rpartition(" ")[2] for key in totals.answers}
    assert {"200", "400", "404", "405", "422"} <= answers, "the requests reach what they are meant for"
    assert server.client.ready()
    assert "Traceback" not in server.output


def test_hostile_messages_over_grpc_are_answered_and_end_nothing(server: Server) -> None:
    command = [SERVING_BIN / "python", "-m", "bench.fuzz.grpc_calls", server.grpc_port, OVER_GRPC, 7]
    done = subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["tried"] == OVER_GRPC
    assert found["examples"] == [], "\n".join(found["examples"])
    assert server.client.ready()
    assert "Traceback" not in server.output
    assert "raised by servicer" not in server.output


def test_a_refused_value_goes_back_to_whoever_sent_it_and_into_no_log(server: Server) -> None:
    command = [str(SERVING_BIN / "python"), "-m", "tests.scoring.one_value", str(server.grpc_port), VALUE]
    over_grpc = subprocess.run(
        command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    ).stdout
    assert over_grpc.startswith("INVALID_ARGUMENT ")
    body = good_body(server.registry.schema, Random(1), 1)
    word = next(one for one in body["inputs"] if one["datatype"] == "BYTES")
    word["data"][0] = VALUE
    over_http = httpx.post(f"{server.path}/infer", json=body, trust_env=False)
    assert over_http.status_code == httpx.codes.BAD_REQUEST
    assert VALUE in over_grpc
    assert VALUE in over_http.text
    assert server.client.ready()
    assert VALUE not in server.output
