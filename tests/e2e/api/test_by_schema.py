"""schemathesis asks each operation of the OpenAPI document what it allows and what it forbids: no server error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import httpx
import pytest

from core.accounts.tokens import Scope
from core.settings.group import ROOT
from tests.e2e.api.conftest import Served

PROGRAM = ROOT / ".venv-fuzz/bin/python"
CASES = int(os.environ.get("API_CASES", "600"))
"""How many requests are tried; by hand, more."""


def narrowed(document: dict[str, Any], given: dict[str, list[str]]) -> dict[str, Any]:
    """The document with these values for the parts of an address: else nearly every request would end at a 404."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path" and parameter["name"] in given:
                    parameter["schema"] = {"type": "string", "enum": given[parameter["name"]]}
    return document


def test_no_request_that_the_document_allows_or_forbids_is_a_server_error(served: Served) -> None:
    if not PROGRAM.exists():
        pytest.skip("there is no schemathesis here; scripts/install fuzz makes its environment")
    document = served.log.with_name("openapi.json")
    described = httpx.get(f"{served.url}/api/openapi.json", trust_env=False).json()
    document.write_text(json.dumps(narrowed(described, {"kind": [served.kind, "none"], "campaign": ["autumn", "new"]})))
    people = {"people": [{"id": str(number), "opted": "yes", "mobile": f"030 90182{number}"} for number in range(9)]}
    answer = httpx.post(
        f"{served.url}/api/kinds/{served.kind}/campaigns/autumn/people",
        json=people,
        headers=served.headers("crm", Scope.PEOPLE_WRITE),
        trust_env=False,
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    done = subprocess.run(
        [PROGRAM, ROOT / "bench/fuzz/from_schema.py", document, served.url, "api", str(CASES), "1"],
        env={**os.environ, "FUZZ_TOKEN": served.token("fuzz", *Scope), "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-1_000:] + done.stderr[-3_000:]
    totals = json.loads(done.stdout.splitlines()[-1])
    sys.stderr.write(f"{json.dumps(totals, indent=1)}\n")
    assert totals["tried"] > CASES / 2
    assert (totals["server_errors"], totals["crashes"]) == (0, 0), totals
    assert "Traceback" not in served.log.read_text()
