"""Lines for scripts/doctor from the page about backups: what failed, and how old the newest backup is.

    docker compose exec -T backup python3 -IS - <deploy/doctor/backup_lines.py

Each line has three parts with tabs between them: BAD, WARN or ok, what is so, what to do.
"""

import json
import sys
import urllib.request
from datetime import UTC, datetime, timedelta

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8091/health"
LATE = timedelta(hours=30)


def lines(page):
    """What failed; then the newest backup."""
    for what, why in page["failures"].items():
        yield "BAD", f"the last {what} failed: {why}", "docker compose logs backup; docs/operations.md, Backup"
    if page["last_drill"] != page["last_equal_drill"] and "drill" not in page["failures"]:
        yield "BAD", "the last drill found a difference", "scripts/backup, then scripts/backup --drill"
    by_hand = "scripts/backup makes one"
    if page["daily"] == "off":
        by_hand += "; CALLWISE_BACKUP_DAILY is off"
    if not page["last_backup"]:
        yield "WARN", "there is none yet; the service makes the first an hour after its start", by_hand
        return
    made = datetime.fromisoformat(page["last_backup"])
    newest = f"the newest is of {made:%Y-%m-%d %H:%M} UTC"
    if datetime.now(UTC) - made > LATE:
        yield "WARN", newest, by_hand
    else:
        yield "ok", newest, ""


with urllib.request.urlopen(ADDRESS, timeout=5) as reply:
    for line in lines(json.load(reply)):
        print("\t".join(" ".join(part.split()) for part in line))
