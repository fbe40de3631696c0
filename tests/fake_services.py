"""MLServer and MLflow as the screens ask them, on a free port: what scores would be, and the lineage of a version."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TAGS = {
    "dataset_tag": "snapshot-20261102T090000Z-0a1b2c3d",
    "dataset_sha256": "d" * 64, "schema_sha256": "5c" * 32,
    "code_version": "c0de" * 10, "lock_sha256": "10c4" * 16, "reason": "enough new outcomes: 540",
    "parent_version": "2",
    "trained_until": "2026-11-02T08:59:00+00:00",
}  # fmt: skip

Score = Callable[[Mapping[str, Any]], float]


def by_euribor(row: Mapping[str, Any]) -> float:
    """More is expected while money is cheap."""
    return 0.05 + 0.1 / (1 + max(0.0, float(row["euribor3m"])))


@contextmanager
def answering(score: Score = by_euribor) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of both services, and every body that was posted to it."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body)
            names = [one["name"] for one in body["inputs"]]
            rows = [
                dict(zip(names, row, strict=True)) for row in zip(*(one["data"] for one in body["inputs"]), strict=True)
            ]
            outputs = {
                "score": [score(row) for row in rows],
                "version": ["3"] * len(rows),
                "route": ["champion"] * len(rows),
            }
            listed = [{"name": name, "data": data} for name, data in outputs.items()]
            self._say(200, {"id": body["id"], "outputs": listed})

        def do_GET(self) -> None:
            found = urlsplit(self.path)
            given = {name: values[0] for name, values in parse_qs(found.query).items()}
            if found.path.endswith("/model-versions/get") and given.get("version") == "404":
                self._say(404, {"error_code": "RESOURCE_DOES_NOT_EXIST"})
            elif found.path.endswith("/model-versions/get"):
                tags = [{"key": key, "value": value} for key, value in TAGS.items()]
                self._say(200, {"model_version": {"tags": tags, "run_id": "a1" * 16}})
            elif found.path.endswith("/runs/get"):
                data = {
                    "metrics": [{"key": "candidate_auc", "value": 0.7712}],
                    "tags": [{"key": "Deepchecks", "value": "no condition is broken"}],
                }
                self._say(200, {"run": {"info": {"experiment_id": "1"}, "data": data}})
            else:
                self._say(404, {})

        def _say(self, status: int, body: Mapping[str, Any]) -> None:
            sent = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
