"""What schemathesis makes of an OpenAPI document: `python from_schema.py DOCUMENT URL DOOR MANY SEED`, prints totals.

FUZZ_TOKEN, if it is set, is sent as the bearer token of each request, so that more than a refusal is tried.

It runs in an environment of its own (`requirements/fuzz.txt`) and needs nothing of ours but `totals.py` beside it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import requests
import schemathesis  # type: ignore[import-not-found]
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from totals import CLOSED, SILENT, Totals  # type: ignore[import-not-found]  # beside this file

QUIET = 60


def sound(document: Any) -> Any:
    """The document without the type `bytes`, which OpenAPI does not know and MLServer's document names."""
    if isinstance(document, dict):
        return {
            name: "string" if name == "type" and value == "bytes" else sound(value) for name, value in document.items()
        }
    return [sound(value) for value in document] if isinstance(document, list) else document


def main(arguments: list[str]) -> int:
    """Send the requests and print the totals as JSON."""
    path, url, door, many, first = arguments
    totals, session = Totals(), requests.Session()
    session.trust_env = False
    token = os.environ.get("FUZZ_TOKEN")
    schema = schemathesis.openapi.from_dict(sound(json.loads(Path(path).read_text(encoding="utf-8"))))
    operations = [found.ok() for found in schema.get_all_operations()]
    each = max(1, int(many) // (2 * len(operations)))
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @seed(int(first))
            @settings(
                max_examples=each,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                sent = case.as_transport_kwargs(base_url=url)
                if token:
                    sent["headers"] = {**(sent.get("headers") or {}), "Authorization": f"Bearer {token}"}
                try:
                    status = session.request(**sent, timeout=QUIET, allow_redirects=False).status_code
                except requests.Timeout:
                    status = SILENT
                except requests.ConnectionError:
                    status = CLOSED
                totals.add(door, status, str(sent))

            try:
                ask()
            except Unsatisfiable:
                if mode is not GenerationMode.NEGATIVE:
                    raise  # there is nothing wrong to send to a GET without a value, but always something right
    print(json.dumps(totals.document()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
