"""Plays a dialler over the API: many agents call a campaign to its end, through HTTP alone.

    python examples/dialler.py --url https://callwise.example:8443 --kind customers --campaign autumn [--agents 20]

The token comes from the variable CALLWISE_TOKEN and needs the scopes `list:read`, `calls` and `scores`, and `wishes`
for `--wishes N`: so many people of the list ask not to be called before it begins. The script prints what it measured,
from what it was given and from what the API says afterwards:

    {"people": 1000, "claimed_twice": 0, "lost": 0, "against_a_rule": 0}

`claimed_twice`: people who were given to an agent while another one held them. `lost`: results that the API confirmed
and does not know any more, and people whom nobody was given though they might have been called. `against_a_rule`:
people who were given out after a wish, a sale, a refusal or within the pause after a call that nobody answered.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

RESULTS = {"no answer": 5, "refused": 3, "sold": 1, "wrong number": 1}
"""What comes of a call, and how often."""
ENDS = {"refused": "done", "sold": "done", "wrong number": "off", "no answer": "paused"}
"""The status of a person after the first call with this result."""
BUSY = (409, 429, 503)


class Dialler:
    """One dialler and what it saw."""

    def __init__(self, client: httpx.Client, kind: str, campaign: str, seed: int) -> None:
        self._client, self._kind, self._campaign = client, f"/api/kinds/{kind}", campaign
        self._random, self._lock = random.Random(seed), threading.Lock()  # noqa: S311  made-up results
        self._on_the_phone: dict[str, str] = {}
        self.given: Counter[str] = Counter()
        self.results: dict[str, str] = {}
        self.twice, self.against = set[str](), set[str]()
        self.barred: set[str] = set()

    def ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """The answer; a request that the API could not do now is sent again with the same key."""
        headers = {"Idempotency-Key": uuid.uuid4().hex} if method == "POST" else {}
        while True:
            try:
                answer = self._client.request(method, path, headers=headers, **more)
            except httpx.TransportError:
                time.sleep(0.5)
                continue
            if answer.status_code in BUSY and "retry-after" in answer.headers:
                time.sleep(float(answer.headers["retry-after"]))
                continue
            if answer.is_error:
                raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
            document: dict[str, Any] = answer.json()
            return document

    def everybody(self) -> dict[str, str]:
        """The people still to be called: reference by key."""
        found, cursor = dict[str, str](), None
        while True:
            page = self.ask(
                "GET",
                f"{self._kind}/campaigns/{self._campaign}/people",
                params={"limit": 500, **({"cursor": cursor} if cursor else {})},
            )
            found |= {person["prospect"]: person["reference"] for person in page["people"]}
            cursor = page["next"]
            if cursor is None:
                return found

    def bar(self, people: dict[str, str]) -> None:
        """These people ask not to be called."""
        for prospect, reference in people.items():
            self.ask("POST", f"{self._kind}/wishes", json={"reference": reference})
            self.barred.add(prospect)

    def work(self, agent: str) -> None:
        """Call until nobody is free."""
        while True:
            asked = {"campaign": self._campaign, "agent": agent}
            person = self.ask("POST", f"{self._kind}/claims", json=asked)["person"]
            if person is None:
                return
            prospect = person["prospect"]
            with self._lock:
                self.given[prospect] += 1
                if prospect in self._on_the_phone:
                    self.twice.add(prospect)
                if prospect in self.barred or prospect in self.results:
                    self.against.add(prospect)
                self._on_the_phone[prospect] = agent
                result = self._random.choices(list(RESULTS), weights=list(RESULTS.values()))[0]
            said = {"prospect": prospect, "agent": agent, "call": person["calls"] + 1, "result": result}
            self.ask("POST", f"{self._kind}/results", json=said)
            with self._lock:
                del self._on_the_phone[prospect]
                self.results[prospect] = result

    def lost(self, people: dict[str, str]) -> list[str]:
        """People of whom the API does not know what it confirmed, and those whom nobody was given."""
        missing = []
        for prospect, reference in people.items():
            if prospect in self.barred:
                continue
            known = self.ask("GET", f"{self._kind}/campaigns/{self._campaign}/person", params={"reference": reference})
            result = self.results.get(prospect)
            if result is None or known["calls"] < 1 or known["status"] != ENDS[result]:
                missing.append(prospect)
        return missing


def main() -> int:
    """Run the command line; 1 if anything was claimed twice, lost, or against a rule."""
    parser = argparse.ArgumentParser(description="Plays a dialler over the API.")
    parser.add_argument("--url", required=True)
    parser.add_argument("--kind", required=True)
    parser.add_argument("--campaign", required=True)
    parser.add_argument("--agents", type=int, default=20)
    parser.add_argument("--wishes", type=int, default=0, help="people who ask not to be called before it begins")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ca", help="file with the certificate of the door's authority")
    asked = parser.parse_args()
    headers = {"Authorization": f"Bearer {os.environ['CALLWISE_TOKEN']}"}
    with httpx.Client(base_url=asked.url, headers=headers, timeout=60, verify=asked.ca or True) as client:
        dialler = Dialler(client, asked.kind, asked.campaign, asked.seed)
        people = dialler.everybody()
        dialler.bar(dict(list(people.items())[: asked.wishes]))
        with ThreadPoolExecutor(asked.agents) as pool:
            for done in [pool.submit(dialler.work, f"agent {number}") for number in range(1, asked.agents + 1)]:
                done.result()
        measured = {
            "people": len(people),
            "called": len(dialler.results),
            "claimed_twice": len(dialler.twice),
            "lost": len(dialler.lost(people)),
            "against_a_rule": len(dialler.against),
        }
    print(json.dumps(measured))
    return int(any(measured[name] for name in ("claimed_twice", "lost", "against_a_rule")))


if __name__ == "__main__":
    sys.exit(main())
