"""docs/operations.md is run: every command in it, in the order in which it stands, and what it shows.

A command that is not run here says why. A new one in the guide fails until it is one or the other.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from core.schema import Schema
from core.scoring import protocol
from core.settings.group import ROOT
from tests.compose.appliance import Appliance
from tests.compose.guide import Run, commands

SECONDS = 1500.0
EMPTIED = "CALLWISE_MAY_BE_EMPTIED"
BY_ANOTHER = "tests run it in a form of its own:"
NOT_HERE = {
    "docker compose build": "the images are what is tested",
    "docker pull REGISTRY/callwise-worker:1.2.0 && docker tag REGISTRY/callwise-worker:1.2.0 callwise-worker:1.2.0": (
        "there is no registry"
    ),
    "scripts/bundle": "3.8 GiB of images",
    "tar -xf callwise-0.1.0.tar && cd callwise-0.1.0": "of a bundle",
    "scripts/init --from-bundle ../callwise-0.1.0.tar": "of a bundle",
    "scripts/init --from-bundle": "of a bundle",
    "scripts/init --from-bundle FILE": "of a bundle",
    "scripts/init --from-bundle OLD-FILE": "of a bundle",
    "scripts/accounts reset-factor NAME": f"{BY_ANOTHER} tests/contract/app/access/test_second_step.py",
    "scripts/restore --docker volume --backup ID": "it is what `scripts/upgrade` does on the way back",
    "scripts/upgrade": f"{BY_ANOTHER} tests/e2e/bootstrap/test_upgrade.py",
    "scripts/upgrade --back": f"{BY_ANOTHER} tests/e2e/bootstrap/test_upgrade.py",
    "scripts/upgrade --check": f"{BY_ANOTHER} tests/e2e/bootstrap/test_upgrade.py",
    "scripts/bench footprint": "a measurement",
    "scripts/bench reading": "a measurement",
    "scripts/bench proposals --campaign FILE KIND.yaml": "a measurement",
    "scripts/init --host NAME": f"{BY_ANOTHER} tests/unit/bootstrap/scripts/test_init.py",
    "docker compose exec": "a beginning, not a command",
    "scripts/demo": "the embedded appliance: README's test",
    "scripts/demo --check --kind leads.yaml --campaign leads.csv": "the embedded appliance",
    "scripts/demo --check --idle SECONDS": "the embedded appliance: scripts/test loop",
    "scripts/test nightly": "a suite of tests",
    "scripts/advisories FILE": "it needs a list of advisories",
    "scripts/lock --upgrade-package NAME": "it changes the pins",
    "scripts/restore .state/demo.backups --state /srv/callwise": f"{BY_ANOTHER} tests/e2e/bootstrap/test_backup.py",
    "scripts/restore --receipts FILE": f"{BY_ANOTHER} tests/unit/bootstrap/backup/test_restore.py",
    "docker compose exec monitor with-account python -m monitor indicators": "it asks the ECB and Eurostat",
    "docker compose exec -T prefect-worker with-account python -m trainer.privacy.erase_again --by NAME "
    "< erasures.json": f"{BY_ANOTHER} tests/contract/trainer",
    "docker compose run --rm --no-deps bootstrap python -m bootstrap.setup.signing --by NAME "
    '--why "the key was lost"': f"{BY_ANOTHER} tests/contract/bootstrap/setup/test_signing.py",
    "docker compose down --volumes": "it is part of the restore below",
}
UP = Run(shows="Healthy|Running|Started|^$")
HERE = {
    "scripts/doctor": Run(shows="ok +caddy", words="scripts/doctor; [ $? != 1 ]"),  # 2: it has warnings
    "scripts/init": Run(shows="(?s).*"),
    "docker compose up -d --wait": UP,
    "docker compose run --rm secrets make-secrets password": Run(shows=r"^[A-Za-z0-9]{20}$"),
    "docker compose run --rm --no-deps bootstrap python -m bootstrap.check.journey": Run(),
    "docker compose up -d --wait --no-build prefect-worker": UP,
    "scripts/init --help": Run(shows="--host"),
    "docker compose up -d": UP,
    "docker compose exec caddy cat /var/lib/callwise/caddy/caddy/pki/authorities/local/root.crt": Run(
        shows="BEGIN CERTIFICATE",
        words="docker compose exec -T caddy cat /var/lib/callwise/caddy/caddy/pki/authorities/local/root.crt "
        "> {folder}/root.crt && cat {folder}/root.crt",
    ),
    "docker compose exec caddy open-door reload": Run(words="docker compose exec -T caddy open-door reload"),
    "scripts/accounts reset admin": Run(shows="admin"),
    "scripts/accounts list": Run(shows="admin"),
    "docker compose up -d app": UP,
    "curl --cacert root.crt -u scoring:… -H 'Content-Type: application/json' "
    "https://localhost:8443/v2/models/prospect-scorer/infer -d @request.json": Run(
        shows='"score"',
        words="curl -sS --cacert {folder}/root.crt -u scoring:{password} -H 'Content-Type: application/json' "
        "https://localhost:{port}/v2/models/prospect-scorer/infer -d @{folder}/request.json",
    ),
    "curl --cacert root.crt https://localhost:8443/status": Run(
        words="curl -sS --cacert {folder}/root.crt https://localhost:{port}/status", shows="."
    ),
    "docker compose logs accounts": Run(shows="MongoDB"),
    "scripts/init --rotate [NAME…]": Run(words="scripts/init --rotate", shows="docker compose down"),
    "docker compose down && docker compose up -d --wait": Run(shows="Healthy"),
    "scripts/init --rotated": Run(shows="(?s).*"),
    "docker compose down": Run(words="docker compose down && docker compose up -d --wait", shows="Healthy"),
    "scripts/rollback": Run(words="scripts/rollback --help", shows="rollback"),
    "scripts/kind check car-loans.yaml": Run(words="scripts/kind check {folder}/car-loans.yaml", shows="car-loans"),
    "scripts/kind add car-loans.yaml": Run(words="scripts/kind add {folder}/car-loans.yaml", shows="car-loans"),
    "scripts/kind list": Run(shows="car-loans"),
    "scripts/kind retire car-loans": Run(shows="car-loans"),
    "scripts/kind propose leads.csv > leads.yaml": Run(
        words="scripts/kind propose {folder}/leads.csv > {folder}/leads.yaml; cat {folder}/leads.yaml", shows="columns:"
    ),
    "scripts/retrain": Run(words="scripts/retrain --help", shows="reason"),
    'scripts/retrain --reason "new price list"': Run(
        words='scripts/retrain --anyway --reason "new price list"', shows="(?i)training"
    ),  # a trial may be on, which it would refuse to end
    "docker compose up -d monitor": UP,
    "scripts/score FILE OUT.csv": Run(
        words="scripts/score {folder}/leads.csv {folder}/out.csv; head -2 {folder}/out.csv", shows="score"
    ),
    "scripts/models": Run(shows="Champion"),
    "scripts/models --at TIME": Run(words="scripts/models --at 2026-01-01T00:00:00Z", shows="(?s).*"),
    "docker compose ps": Run(shows="mlserver"),
    "docker compose ps -a": Run(shows="bootstrap"),
    "docker compose logs -f --tail 100 SERVICE": Run(words="docker compose logs --tail 100 monitor", shows="monitor"),
    "scripts/backup --passphrase": Run(shows=r"\S{12,}"),
    "docker compose cp backup:/var/lib/callwise/backups/. FOLDER": Run(
        words="docker compose cp backup:/var/lib/callwise/backups/. {folder}/archive && ls {folder}/archive", shows="."
    ),
    "scripts/backup": Run(shows="read back and compared"),
    "scripts/backup --accept-empty": Run(shows="read back and compared"),
    "docker compose exec backup healthy http://127.0.0.1:8091/health": Run(
        words="docker compose exec -T backup healthy http://127.0.0.1:8091/health"
    ),
    "docker compose logs backup": Run(shows="(?i)backup"),
    "scripts/backup --list": Run(shows="records"),
    "scripts/backup --drill": Run(shows="comes back equal"),
    "scripts/restore --docker FOLDER": Run(
        words="rm -rf {folder}/archive && docker compose cp backup:/var/lib/callwise/backups/. {folder}/archive "
        "&& chmod -R a+rX {folder}/archive {folder} "
        "&& export CALLWISE_BACKUP_PASSPHRASE=$(scripts/backup --passphrase) "
        "&& docker compose down --volumes && scripts/restore --docker {folder}/archive",
        shows="Restored the backup",
    ),
    "docker compose run --rm --no-deps bootstrap python -m bootstrap.setup.stores accept": Run(shows="(?s).*"),
}
IN_ORDER = list(dict.fromkeys(commands()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, appliance: Appliance, schema: Schema) -> Path:
    """What the commands name: a request, a kind, a file of people."""
    made = tmp_path_factory.mktemp("guide")
    kind = (ROOT / "tests" / "schemas" / "bank-full.yaml").read_text(encoding="utf-8")
    (made / "car-loans.yaml").write_text(re.sub(r"(?m)^name: .*$", "name: car-loans", kind), encoding="utf-8")
    unpacked = subprocess.run(
        ["unzip", "-p", ROOT / "data" / "sample-campaign.zip"], capture_output=True, check=True
    ).stdout
    (made / "leads.csv").write_bytes(b"".join(unpacked.splitlines(keepends=True)[:2000]))
    return made


def request(appliance: Appliance, schema: Schema, folder: Path) -> None:
    """A request for the score of somebody on the list."""
    [person] = appliance.ask("app", ONE)
    body = protocol.request(schema, [person["features"]], [person["_id"]], f"guide-{time.time_ns()}")
    (folder / "request.json").write_text(json.dumps(body), encoding="utf-8")


ONE = """
import json, os
from pymongo import MongoClient
db = MongoClient(os.environ["MONGODB_URI"])["callwise"]
print(json.dumps(list(db.prospects.find({"status": "open"}, {"features": 1}).limit(1))))
"""


def test_each_command_of_the_guide_is_run_or_says_why_not() -> None:
    assert set(IN_ORDER) == HERE.keys() | NOT_HERE.keys()
    assert not HERE.keys() & NOT_HERE.keys()


@pytest.mark.parametrize("command", IN_ORDER)
def test_a_command_does_what_the_guide_says(appliance: Appliance, schema: Schema, folder: Path, command: str) -> None:
    if command in NOT_HERE:
        pytest.skip(NOT_HERE[command])
    asked = HERE[command]
    if "--volumes" in asked.words and not os.environ.get(EMPTIED):
        pytest.skip(f"it removes every volume before it restores them; {EMPTIED}=yes allows that")
    if "request.json" in asked.words:
        request(appliance, schema, folder)
    words = (asked.words or command).format(
        folder=folder, password=appliance.env["DOOR_SCORING_PASSWORD"], port=appliance.env.get("DOOR_PORT", "8443")
    )
    done = subprocess.run(["bash", "-c", words], capture_output=True, text=True, cwd=ROOT, timeout=SECONDS, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == asked.status, said[-2000:]
    assert re.search(asked.shows, said), said[-2000:]
