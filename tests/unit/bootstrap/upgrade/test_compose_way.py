"""The upgrade of docker compose: the order of its steps, the way back, the refusals. The engine is a stand-in."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from bootstrap.upgrade.env_file import variables
from core.settings.group import ROOT

# Notes each call, and answers as the engine would; fails where it is told to.
DOCKER = r"""#!/bin/sh
echo "$IMAGE_VERSION docker $*" >>"$CALLS"
case "$*" in "compose build") echo "$TRAINER_VERSION" >"$CALLS.trainer" ;; esac
if [ "$AT" = "$*" ]; then eval "$DO"; fi
if [ -n "$FAIL" ]; then case "$*" in *"$FAIL"*) echo "it failed"; exit 1 ;; esac; fi
# As docker compose does when compose.yaml names a variable that .env lacks.
for name in $(cat needs); do
  grep -q "^$name=" .env || case "$*" in compose*) echo "required variable $name is missing a value"; exit 15 ;; esac
done
case "$*" in
  "compose ps --quiet --status running backup") echo 1234 ;;
  "compose ps --services --status running") echo "$RUNNING" ;;
  "info --format"*) echo / ;;
  "system df"*) echo "{\"Volumes\": [{\"Name\": \"callwise_mongo\", \"Size\": \"$DATA\"}]}" ;;
  "image inspect"*mongo:*) for word; do :; done; echo "MONGO_VERSION=${word##*:}" ;;
  *featureCompatibilityVersion*) echo "$FCV" ;;
  "compose config --services") printf 'mongo\ns3\naccounts\nbootstrap\napp\ncaddy\n' ;;
  *"bootstrap.upgrade.within count") if [ -f "$CALLS.migrated" ]; then echo "$AFTER"; else echo "$BEFORE"; fi ;;
  *"bootstrap.migrations") touch "$CALLS.migrated" ;;
esac
"""
RESTORE = r"""#!/bin/sh
echo "scripts/restore $*" >>"$CALLS"
[ "$CALLWISE_BACKUP_PASSPHRASE$CALLWISE_STATE" = words ] || exit 4
if [ -n "$CUT_OFF" ]; then
  mv .env .env.before-restore
  echo CALLWISE_BACKUP_PASSPHRASE=random >.env
  exit 137
fi
[ -n "$CALLWISE_RESTORE_CLOSED" ] || docker compose up -d --wait --no-build
"""
STUB = '#!/bin/sh\necho "$0 $*" | sed "s#.*/scripts#scripts#" >>"$CALLS"\n'
INIT = STUB + 'for name in $(cat needs); do grep -q "^$name=" .env || echo "$name=made" >>.env; done\n'
BACKUP = (
    STUB + '[ -z "$CALLWISE_STATE" ] || exit 1\n' + 'echo "Backup 0123456789ab of 2026-12-01 02:00:00 UTC: 3 files"\n'
)
DOCTOR = (
    STUB
    + r"""[ -z "$CALLWISE_STATE" ] || exit 1
if [ -f "$CALLS.migrated" ]; then found=$DOCTOR_AFTER; else found=$DOCTOR; fi
echo "$found"
case $found in BAD*) exit "${DOCTOR_ENDS:-1}" ;; *) exit "${DOCTOR_ENDS:-0}" ;; esac
"""
)
CLOSED = "compose stop caddy app api monitor prefect-worker mlserver"
COUNTS = '{"version": 0, "broken_at": null, "counts": {"callwise.calls": 7}}'
ENV = "MONGO_IMAGE=mongo:8.0.12\nS3_IMAGE=garage:1\nCALLWISE_BACKUP_PASSPHRASE=words\nMINE=1\n"


@dataclass
class Server:
    """A checkout with two releases, and the stand-ins of engine and scripts."""

    root: Path

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def release(self, name: str, mongo: str, needs: str = "") -> None:
        (self.root / "needs").write_text(needs)
        (self.root / ".env.example").write_text(f"MONGO_IMAGE=mongo:{mongo}\nS3_IMAGE=minio:1\n")
        (self.root / "release").write_text(name)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", name)
        self.git("tag", name)

    def upgrade(self, *words: str, **world: str) -> tuple[int, str]:
        known = {
            "FAIL": "",
            "DATA": "12.5MB",
            "FCV": "8.0",
            "DOCTOR": "",
            "DOCTOR_AFTER": "",
            "BEFORE": COUNTS,
            "AFTER": COUNTS,
        }
        known["DATA"] = "12.5MB"  # in the volumes
        done = subprocess.run(
            [self.root / "scripts" / "upgrade", *words],
            env={
                "PATH": f"{self.root.parent / 'bin'}:{os.environ['PATH']}",
                "CALLS": str(self.root.parent / "calls"),
                **known,
                **world,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def calls(self) -> list[str]:
        path = self.root.parent / "calls"
        return [line.strip() for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def changes(self) -> list[str]:
        """The calls that change something, without the tag before them."""
        quiet = ("ps", "info", "image", "config", "exec")
        found = [
            call.partition("docker compose ")[2] or call
            for call in self.calls
            if "docker i" not in call and "docker s" not in call
        ]
        return [call for call in found if call.split()[0] not in quiet and "doctor" not in call]

    def in_order(self, *parts: str) -> bool:
        places = [next((n for n, call in enumerate(self.calls) if part in call), -1) for part in parts]
        return -1 not in places and places == sorted(places)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    root = tmp_path / "callwise"
    (root / "bootstrap").mkdir(parents=True)
    (root / "scripts").mkdir()
    shutil.copy(ROOT / "bootstrap" / "__init__.py", root / "bootstrap")
    shutil.copytree(ROOT / "bootstrap" / "upgrade", root / "bootstrap" / "upgrade")
    shutil.copy(ROOT / "scripts" / "upgrade", root / "scripts")
    for name, text in {"backup": BACKUP, "doctor": DOCTOR, "init": INIT, "restore": RESTORE}.items():
        (root / "scripts" / name).write_text(text)
        (root / "scripts" / name).chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").write_text(DOCKER)
    (tmp_path / "bin" / "docker").chmod(0o755)
    (root / ".gitignore").write_text(".env*\n!.env.example\n.state/\n__pycache__/\n")
    (root / ".env").write_text(ENV)
    made = Server(root)
    made.git("init", "--quiet", "--initial-branch=main")
    made.git("config", "user.name", "Tests")
    made.git("config", "user.email", "tests@example.org")
    made.release("v1", "8.0.12")
    made.release("v2", "8.0.15")
    made.release("v3", "9.0.0")
    made.release("v4", "8.0.15", needs="NEW_SECRET")
    made.git("checkout", "--quiet", "v1")
    return made


def test_images_first_then_the_door_the_backup_and_the_new_release(server: Server) -> None:
    status, said = server.upgrade("v2")
    assert status == 0, said
    assert server.in_order(
        "compose build",
        "compose pull --ignore-buildable",
        "compose stop caddy app api monitor prefect-worker mlserver",
        "scripts/backup",
        "bootstrap.upgrade.within count",
        "compose down",
        "up -d --wait --no-build mongo s3",
        "run --rm --no-deps -T accounts",
        "bootstrap.migrations",
        "up -d --wait --wait-timeout 900 --no-build mongo s3 accounts bootstrap app",
    )
    assert server.calls[-1].endswith("compose up -d --wait --no-build")  # the door last
    [build] = [call for call in server.calls if call.endswith("compose build")]
    tag = f"v2-{server.git('rev-parse', 'v2')[:12]}"
    assert build.startswith(f"{tag} ")  # the images of before keep their tag
    env = (server.root / ".env").read_text()
    assert f"IMAGE_VERSION={tag}" in env
    assert "MONGO_IMAGE=mongo:8.0.15\nS3_IMAGE=garage:1\n" in env  # a person chose the S3 server
    assert "MINE=1" in env
    assert (server.root / ".env").stat().st_mode & 0o777 == 0o600
    assert (server.root / "release").read_text() == "v2"
    assert not (server.root / ".state" / "upgrade" / "next").exists()


@pytest.mark.parametrize(
    ("fail", "restored"),
    [
        ("compose stop", False),
        ("bootstrap.migrations", True),
        ("--no-build mongo s3 accounts", True),
    ],
)
def test_what_fails_is_taken_back_with_the_old_images_and_settings(server: Server, fail: str, restored: bool) -> None:
    status, said = server.upgrade("v2", FAIL=fail)
    assert status == 1, said
    assert "Taken back to" in said
    assert (server.root / ".env").read_text() == ENV
    assert (server.root / "release").read_text() == "v1"
    assert ("scripts/restore --docker volume --backup 0123456789ab" in server.calls) == restored
    assert server.changes[-1] == "up -d --wait --no-build"


def test_the_way_back_opens_the_door_once_all_else_is_noted_as_done(server: Server) -> None:
    """A restore that is repeated after the door has opened overwrites what people wrote since."""
    status, said = server.upgrade("v2", FAIL="bootstrap.migrations")
    assert status == 1, said
    [restored] = [place for place, call in enumerate(server.changes) if call.startswith("scripts/restore")]
    assert server.changes[restored:][1:] == ["up -d --wait --no-build"]


def test_a_restore_that_was_cut_off_does_not_leave_secrets_of_nobody_s(server: Server) -> None:
    """It had moved .env away, and scripts/init had made one with random secrets."""
    status, said = server.upgrade("v2", FAIL="bootstrap.migrations", CUT_OFF="1")
    assert (status, "the way back failed: 'scripts/restore" in said) == (3, True), said
    status, said = server.upgrade()
    assert status == 1, said
    assert (server.root / ".env").read_text() == ENV


def test_the_way_back_needs_no_variable_of_the_new_compose_yaml_in_the_old_env(server: Server) -> None:
    hook = server.root / ".git" / "hooks" / "post-checkout"
    hook.write_text(f'#!/bin/sh\n[ "$PWD" != {server.root} ] || ! grep -q v4 release\n')  # the new code is there, then
    hook.chmod(0o755)
    status, said = server.upgrade("v4")
    assert (status, "back, because 'git checkout" in said) == (1, True), said
    assert (server.root / ".env").read_text() == ENV
    assert server.changes[-2:] == ["down --remove-orphans", "up -d --wait --no-build"]


@pytest.mark.parametrize("fail", ["", "bootstrap.migrations"])
def test_secrets_that_were_replaced_after_the_prefetch_are_those_of_the_new_release_and_of_the_way_back(
    server: Server, fail: str
) -> None:
    status, said = server.upgrade("v2", FAIL=fail, AT=CLOSED, DO="sed -i s/^MINE=1/MINE=replaced/ .env")
    assert status == bool(fail), said
    assert variables((server.root / ".env").read_text())["MINE"] == "replaced"


@pytest.mark.parametrize(
    ("does", "kept", "why"),
    [
        ("echo mine >release", "release", "files are changed here: release"),
        ("echo mine >later", "later", "in the way of new files: later"),
        ("git checkout -q -b own; echo mine >own; git add own; git commit -qm own", "own", "checked another version"),
    ],
)
def test_what_a_person_changes_during_the_upgrade_stays(server: Server, does: str, kept: str, why: str) -> None:
    (server.root / "later").write_text("of v5")
    server.git("checkout", "--quiet", "main")
    server.release("v5", "8.0.15")
    server.git("checkout", "--quiet", "v1")
    status, said = server.upgrade("v5", AT=CLOSED, DO=does)
    assert (status, why in said) == (1, True), said
    assert (server.root / kept).read_text() == "mine\n"
    assert server.changes[-1] == "up -d --wait --no-build"


def test_secrets_that_nobody_has_seen_to_work_yet_are_settled_first(server: Server) -> None:
    (server.root / ".env.rotated-20261201T020000Z").write_text(ENV)
    status, said = server.upgrade("--check", "v2")
    assert status == 2, said
    assert "refused: rotation: secrets were replaced, and not seen to work: .env.rotated-2026" in said
    assert "-> scripts/init --rotated" in said


def test_images_with_a_version_of_their_own_do_not_replace_the_former_ones(server: Server) -> None:
    (server.root / ".env").write_text(f"{ENV}TRAINER_VERSION=1.2.0\n")
    status, said = server.upgrade("v2")
    assert status == 0, said
    tag = f"v2-{server.git('rev-parse', 'v2')[:12]}"
    assert (server.root.parent / "calls.trainer").read_text().strip() == tag
    env = variables((server.root / ".env").read_text())
    assert (env["TRAINER_VERSION"], "MONITOR_VERSION" in env) == (tag, False)


def test_lost_records_are_a_reason_to_go_back(server: Server) -> None:
    status, said = server.upgrade("v2", AFTER=COUNTS.replace("7", "6"))
    assert (status, "callwise.calls: 6 of 7" in said) == (1, True), said


@pytest.mark.parametrize(
    ("line", "status"), [("caddy        has no container -> up", 0), ("monitor      crashes at its start -> log", 1)]
)
def test_the_doctor_may_miss_the_door_that_is_still_closed_and_nothing_else(
    server: Server, line: str, status: int
) -> None:
    found, said = server.upgrade("v2", DOCTOR_AFTER=f"BAD   {line}")
    assert found == status, said
    assert (line in said) == bool(status)


def test_what_speaks_against_it_is_all_said_at_once_and_stops_nothing(server: Server) -> None:
    (server.root / ".env").write_text(ENV.replace("CALLWISE_BACKUP_PASSPHRASE=words\n", ""))
    (server.root / "release").write_text("changed")
    status, said = server.upgrade("v2", DOCTOR="BAD   mongo        has stopped -> look")
    assert status == 2
    assert "refused: checkout: files are changed here: release" in said
    assert "refused: backup: .env has no CALLWISE_BACKUP_PASSPHRASE -> scripts/init adds it" in said
    assert "refused: doctor: mongo        has stopped" in said
    assert server.changes == []


def test_a_database_image_that_is_too_new_for_the_data_is_refused_before_anything_stops(server: Server) -> None:
    status, said = server.upgrade("v3", FCV="7.0")
    assert status == 2, said
    assert "refused: database:" in said
    assert 'setFeatureCompatibilityVersion: "8.0"' in said
    assert not [call for call in server.changes if call.startswith(("stop", "down", "up"))]
    assert (server.root / "release").read_text() == "v1"
    status, said = server.upgrade("v3", FCV="8.0")
    assert status == 0, said


def test_a_build_that_fails_stops_nothing(server: Server) -> None:
    status, said = server.upgrade("v2", FAIL="compose build")
    assert (status, "refused: prefetch:" in said) == (2, True), said
    assert not [call for call in server.changes if call.startswith(("stop", "down", "up"))]
    assert not (server.root / ".state" / "upgrade" / "upgrade.json").exists()


@pytest.fixture
def under_way(server: Server) -> Server:
    """The server whose way back failed, so that an upgrade is under way."""
    status, said = server.upgrade("v2", FAIL="up -d --wait")
    assert status == 3, said
    (server.root.parent / "calls").unlink()
    return server


def test_a_check_does_not_go_on_with_the_upgrade_that_is_under_way(under_way: Server) -> None:
    status, said = under_way.upgrade("--check")
    assert (status, "refused: under way: the upgrade to v2" in said) == (2, True), said
    assert "Nothing was stopped" not in said  # by this command, but by the one before
    assert under_way.changes == []
    status, said = under_way.upgrade()
    assert status == 1, said


@pytest.mark.parametrize("ends", ["INT", "TERM", "HUP"])
def test_an_upgrade_that_is_interrupted_says_so_and_goes_on(server: Server, ends: str) -> None:
    """HUP comes when the connection to the server breaks."""
    status, said = server.upgrade("v2", AT="compose down", DO=f'kill -{ends} "$PPID"; sleep 60')
    assert (status, "Interrupted.\nscripts/upgrade goes on with it" in said) == (3, True), said
    status, said = server.upgrade()
    assert status == 0, said


def test_an_error_that_nobody_foresaw_does_not_count_as_taken_back(server: Server) -> None:
    status, said = server.upgrade("v2", AFTER='{"version": 0}')  # it counts nothing
    assert (status, "upgrade: KeyError: 'counts'" in said) == (3, True), said
    assert "scripts/upgrade goes on with it, --back takes it back" in said
    assert (server.root / ".state" / "upgrade" / "upgrade.json").exists()
    status, said = server.upgrade("--back")
    assert (status, (server.root / "release").read_text()) == (1, "v1"), said


def test_an_error_before_anything_began_is_a_refusal(server: Server) -> None:
    (server.root / ".env").unlink()
    (server.root / ".env").mkdir()
    status, said = server.upgrade("v2")
    assert (status, "upgrade: IsADirectoryError" in said) == (2, True), said
    assert "Nothing was stopped and nothing was changed." in said


def test_an_env_that_names_no_database_image_is_said_before_anything_stops(server: Server) -> None:
    (server.root / ".env").write_text(ENV.replace("MONGO_IMAGE=mongo:8.0.12\n", ""))
    status, said = server.upgrade("v2")
    assert (status, "has no MONGO_IMAGE; scripts/init adds it" in said) == (2, True), said
    assert not [call for call in server.changes if call.startswith(("stop", "down", "up"))]


@pytest.mark.parametrize("running", ["app", "caddy", "mongo"])
def test_a_backup_from_before_the_appliance_was_opened_again_is_not_trusted(server: Server, running: str) -> None:
    status, said = server.upgrade("v2", AT="compose down", DO='kill -9 "$PPID"')
    assert status == -9, said
    status, said = server.upgrade(RUNNING=running)
    assert status == 0, said
    assert server.calls.count("scripts/backup") == (1 if running == "mongo" else 2)
    assert ("it is closed and backed up once more" in said) == (running != "mongo")


@pytest.mark.parametrize(("running", "way_back"), [("app", True), ("caddy", False)])
def test_once_somebody_has_opened_the_new_release_nothing_is_taken_back(
    server: Server, running: str, way_back: bool
) -> None:
    migrations = "compose run --rm --no-deps -T bootstrap python -m bootstrap.migrations"
    status, said = server.upgrade("v2", AT=migrations, DO='kill -9 "$PPID"')
    assert status == -9, said
    status, said = server.upgrade("--back", RUNNING=running)
    assert status == (1 if way_back else 2), said
    assert ("people write with the new release already" in said) != way_back
    assert any("scripts/restore" in call for call in server.calls) == way_back


@pytest.mark.parametrize("ends", ["0", "1", "137"])
def test_a_doctor_that_could_not_look_at_everything_does_not_count_as_well(server: Server, ends: str) -> None:
    line = "BAD   mongo        has stopped -> look" if ends == "0" else "ok    mongo"
    status, said = server.upgrade("--check", "v2", DOCTOR=line, DOCTOR_ENDS=ends)
    assert (status, f"refused: doctor: doctor ended with status {ends}" in said) == (2, True), said


@pytest.mark.parametrize("ends", ["0", "2"])
def test_a_doctor_that_only_warns_counts_as_well(server: Server, ends: str) -> None:
    status, said = server.upgrade("--check", "v2", DOCTOR="WARN  memory       little -> more", DOCTOR_ENDS=ends)
    assert status == 0, said


@pytest.mark.parametrize("data", ["900TB", "N/A"])
def test_the_disk_has_room_for_the_data_twice_more(server: Server, data: str) -> None:
    status, said = server.upgrade("--check", "v2", DATA=data)
    what = "docker does not say how large the volumes are" if data == "N/A" else "a backup and a restore take 17"
    assert (status, "refused: disk: " in said, what in said) == (2, True, True), said


def test_the_appliance_that_is_meant_stays_the_one_of_docker_compose(server: Server) -> None:
    """Whoever goes on may have named another appliance in the shell."""
    status, said = server.upgrade("v2", AT=CLOSED, DO='kill -9 "$PPID"')
    assert status == -9, said
    status, said = server.upgrade(CALLWISE_STATE="/elsewhere", FAIL="bootstrap.migrations")
    assert status == 1, said
    assert "scripts/restore --docker volume --backup 0123456789ab" in server.calls


def test_the_database_s_password_is_on_no_command_line(server: Server) -> None:
    status, said = server.upgrade("v2")
    assert status == 0, said
    [asked] = [call for call in server.calls if "featureCompatibilityVersion" in call]
    assert "process.env.MONGO_INITDB_ROOT_PASSWORD" in asked
    assert " -p " not in asked
