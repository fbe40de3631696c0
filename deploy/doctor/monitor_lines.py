"""Lines for scripts/doctor from the monitor's health page: jobs that fail, notices, incidents and warnings.

    docker compose exec -T monitor python3 -IS - <deploy/doctor/monitor_lines.py

Each line has four parts with tabs between them: BAD or WARN, a name, what is wrong, what to do.
"""

import json
import sys
import urllib.error
import urllib.request

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8090/health"
NOTHING = ("", "no incident")


def page(address):
    """The content of the page, which comes with status 503 when something fails."""
    try:
        with urllib.request.urlopen(address, timeout=5) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        return json.load(error)


def lines(health):
    """What is not well, worst first."""
    jobs = health.get("jobs", {})
    for name, record in jobs.items():
        failures, error = record["failures_in_a_row"], record["error"]
        if name.split(" ")[0] == "notify" and failures:
            yield (
                "BAD",
                "notices",
                error,
                "correct CALLWISE_NOTIFY_URLS in settings.env, then docker compose up -d monitor",
            )
        elif name in health.get("failing", []):
            yield "BAD", "jobs", f"{name} failed {failures} times in a row: {error}", "docker compose logs monitor"
    if not health.get("scheduler", True):
        yield "BAD", "jobs", "the scheduler starts no jobs", "docker compose restart monitor"
    for name, record in jobs.items():
        if name.split(" ")[0] == "incidents" and record["said"] not in NOTHING:
            yield "WARN", "incidents", record["said"], "the page Overview says what to do"
    for warning in health.get("warnings", []):
        yield warning["grade"], warning["name"], warning["what"], warning["next"]


for line in lines(page(ADDRESS)):
    print("\t".join(" ".join(str(part).split()) for part in line))
