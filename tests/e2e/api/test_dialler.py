"""The example of a dialler: 20 agents call 1,000 people to the end of the list, through HTTP alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import httpx

from core.accounts.tokens import Scope
from core.settings.group import ROOT
from tests.customers import people
from tests.e2e.api.conftest import Served

PEOPLE, AGENTS, WISHES = 1_000, 20, 50


def test_nobody_is_claimed_twice_lost_or_called_against_a_rule(served: Served) -> None:
    rows = [
        {"id": f"{number:05}", **{name: value for name, value in row.items() if value is not None}}
        for number, row in enumerate(people(PEOPLE), 1)
    ]
    import_headers = served.headers("crm", Scope.PEOPLE_WRITE)
    answer = httpx.post(
        f"{served.url}/api/kinds/{served.kind}/campaigns/autumn/people",
        json={"people": rows},
        headers=import_headers,
        timeout=120,
        trust_env=False,
    )
    assert (answer.status_code, answer.json().get("inserted")) == (200, PEOPLE), answer.text
    token = served.token("dialler", Scope.LIST_READ, Scope.CALLS, Scope.SCORES, Scope.WISHES)
    done = subprocess.run(
        [
            *(sys.executable, ROOT / "examples/dialler.py", "--url", served.url, "--kind", served.kind),
            *("--campaign", "autumn", "--agents", str(AGENTS), "--wishes", str(WISHES)),
        ],
        env={**os.environ, "CALLWISE_TOKEN": token, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    measured = json.loads(done.stdout)
    assert measured == {
        "people": PEOPLE, "called": PEOPLE - WISHES, "claimed_twice": 0, "lost": 0, "against_a_rule": 0,
    }  # fmt: skip
    assert len(list(served.db.calls.find({}))) == PEOPLE - WISHES
    assert "Traceback" not in served.log.read_text()
