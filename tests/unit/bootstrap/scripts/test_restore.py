"""`scripts/restore --docker`: the order of its steps, and what is left when one fails. The engine is a stand-in."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from core.settings.group import ROOT

# Notes each call; prints what the backup has for .env, and fails, or kills the restore, where it is told to.
DOCKER = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
  *"$KILL"*) [ -z "$KILL" ] || { kill -9 $PPID; exit 1; } ;;
esac
case "$*" in
  *"$FAIL"*) [ -z "$FAIL" ] || exit 1 ;;
esac
case "$*" in
  "volume ls"*) [ -z "$VOLUME" ] || echo callwise_secrets ;;
  "image ls"*) echo 0123abcd ;;
  *"/secrets:ro"*) printf 'MONGO_ROOT_PASSWORD=made-by-compose\nCALLWISE_ERASURE_KEY=key-of-compose\n' ;;
  *"into_volumes env /archive --settings"*) echo "CALLWISE_BACKUP_DAYS=14" ;;
  *"into_volumes env"*)
    echo "MONGO_ROOT_PASSWORD=of-the-backup"
    [ -z "$ERASURE" ] || echo "CALLWISE_ERASURE_KEY=$ERASURE"
    [ -z "$ADDRESS" ] || echo "MONGODB_ADDRESS=$ADDRESS" ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout with an archive beside it."""
    (tmp_path / "scripts").mkdir()
    for name in ("restore", "init"):
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts")
    shutil.copy(ROOT / ".env.example", tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").write_text(DOCKER)
    (tmp_path / "bin" / "docker").chmod(0o755)
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "key").write_text("{}")
    return tmp_path


def restore(
    folder: Path,
    *words: str,
    fail: str = "",
    kill: str = "",
    address: str = "",
    erasure: str = "",
    closed: str = "",
    volume: str = "",
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [folder / "scripts" / "restore", "--docker", *words],
        env={
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "CALLS": str(folder / "calls"),
            "FAIL": fail,
            "KILL": kill,
            "ADDRESS": address,
            "ERASURE": erasure,
            "VOLUME": volume,
            "CALLWISE_RESTORE_CLOSED": closed,
            "CALLWISE_BACKUP_PASSPHRASE": "words of this test",
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().splitlines() if (folder / "calls").exists() else []


def step(folder: Path, part: str) -> int:
    return next(number for number, call in enumerate(calls(folder)) if part in call)


def test_secrets_first_then_the_stores_then_all_services(folder: Path) -> None:
    (folder / ".env").write_text("MONGO_ROOT_PASSWORD=of-before\n")
    done = restore(folder, "archive", "--backup", "2026-03-01")
    assert done.returncode == 0, done.stderr
    assert (folder / ".env").read_text().startswith("MONGO_ROOT_PASSWORD=of-the-backup\n")
    assert (folder / "settings.env").read_text() == "CALLWISE_BACKUP_DAYS=14\n"
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600
    (before,) = folder.glob(".env.before-restore-*")
    assert before.read_text() == "MONGO_ROOT_PASSWORD=of-before\n"
    assert before.name in done.stderr
    order = ["into_volumes env", "restore down", "up -d --wait --no-build mongo s3", "into_volumes data"]
    places = [step(folder, part) for part in order]
    assert places == sorted(places)
    assert calls(folder)[-1] == "compose up -d --wait --no-build"
    assert all("--backup 2026-03-01" in call for call in calls(folder) if "into_volumes" in call)
    assert not any("words of this test" in call for call in calls(folder))


def test_an_archive_that_does_not_open_changes_nothing(folder: Path) -> None:
    (folder / ".env").write_text("MONGO_ROOT_PASSWORD=of-before\n")
    done = restore(folder, "archive", fail="into_volumes env")
    assert done.returncode == 1
    assert "nothing was changed" in done.stderr
    assert (folder / ".env").read_text() == "MONGO_ROOT_PASSWORD=of-before\n"
    assert {path.name for path in folder.glob(".env*")} == {".env", ".env.example"}
    assert not any(" down" in call or " up " in call for call in calls(folder))


def test_on_a_new_machine_there_is_no_env_before_and_none_after_a_failure(folder: Path) -> None:
    assert restore(folder, "archive", fail="into_volumes env").returncode == 1
    assert not (folder / ".env").exists()
    assert restore(folder, "archive").returncode == 0
    assert (folder / ".env").read_text().startswith("MONGO_ROOT_PASSWORD=of-the-backup\n")


def test_secrets_that_the_backup_did_not_know_are_made(folder: Path) -> None:
    assert restore(folder, "archive").returncode == 0
    example = (folder / ".env.example").read_text().partition("# === the services'")[0].splitlines()
    needed = {f"{line.partition('=')[0]}=" for line in example if "=" in line and not line.startswith("#")}
    lines = (folder / ".env").read_text().splitlines()
    assert {f"{line.partition('=')[0]}=" for line in lines} == needed
    assert all(line.partition("=")[2] for line in lines)
    assert "MONGO_ROOT_PASSWORD=of-the-backup" in lines
    assert not list(folder.glob("*.restored"))


@pytest.mark.parametrize("where", ["here", "in the backup"])
def test_a_mongodb_elsewhere_is_refused_with_nothing_changed(folder: Path, where: str) -> None:
    servers = "one:27017,two:27017/?replicaSet=callwise"
    before = f"MONGODB_ADDRESS={servers}\n" if where == "here" else "MONGODB_ADDRESS=mongo:27017\n"
    (folder / ".env").write_text(before)
    done = restore(folder, "archive", address=servers if where == "in the backup" else "")
    assert done.returncode == 1
    assert "names a MongoDB elsewhere" in done.stderr
    assert (folder / ".env").read_text() == before
    assert {path.name for path in folder.glob("*.env*")} | {path.name for path in folder.glob(".env*")} == {
        ".env",
        ".env.example",
    }
    assert not any(" down" in call or " up " in call for call in calls(folder))


@pytest.mark.parametrize("named", ["nothing", "scripts"])
def test_a_folder_without_an_archive_is_refused(folder: Path, named: str) -> None:
    done = restore(folder, named)
    assert done.returncode == 1
    assert "no folder" in done.stderr or "no archive of backups" in done.stderr
    assert calls(folder) == []


def lines(folder: Path, name: str) -> list[str]:
    return [line for line in (folder / ".env").read_text().splitlines() if line.startswith(f"{name}=")]


def test_secrets_that_were_replaced_since_the_backup_are_carried_over(folder: Path) -> None:
    """MongoDB's volume has the present password, and people were erased under the present key."""
    (folder / ".env").write_text(
        "MONGO_ROOT_PASSWORD=present\nMONGO_ROOT_PASSWORD_BEFORE=former\nCALLWISE_ERASURE_KEY=new,old\n"
    )
    assert restore(folder, "archive", erasure="old").returncode == 0
    assert lines(folder, "CALLWISE_ERASURE_KEY") == ["CALLWISE_ERASURE_KEY=old,new"]
    assert lines(folder, "MONGO_ROOT_PASSWORD") == ["MONGO_ROOT_PASSWORD=of-the-backup"]
    assert lines(folder, "MONGO_ROOT_PASSWORD_BEFORE") == ["MONGO_ROOT_PASSWORD_BEFORE=present,former"]
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600
    places = [step(folder, part) for part in ("--no-build mongo s3", "-T accounts", "into_volumes data")]
    assert places == sorted(places), "the database has the backup's password before it is filled"


@pytest.mark.parametrize("place", ["env /archive", "restore down", "-T accounts", "data"])
def test_killed_and_run_again_the_present_secrets_are_carried_over_all_the_same(folder: Path, place: str) -> None:
    """The second run finds an .env of the first one: made by init, or of the backup."""
    (folder / ".env").write_text("MONGO_ROOT_PASSWORD=present\nCALLWISE_ERASURE_KEY=new,old\n")
    for number in range(2):
        assert restore(folder, "archive", erasure="old", kill=place).returncode == -9
        for path in folder.glob(".env.before-restore-*Z"):  # the next one is of another second
            path.rename(f"{path}.{number}")
    done = restore(folder, "archive", erasure="old")
    assert done.returncode == 0, done.stderr
    [keys], [former] = lines(folder, "CALLWISE_ERASURE_KEY"), lines(folder, "MONGO_ROOT_PASSWORD_BEFORE")
    assert keys.startswith("CALLWISE_ERASURE_KEY=old,")
    assert "new" in keys.split(",")
    assert "present" in former.partition("=")[2].split(",")
    assert "of-the-backup" not in former.partition("=")[2].split(",")
    assert lines(folder, "MONGO_ROOT_PASSWORD") == ["MONGO_ROOT_PASSWORD=of-the-backup"]


def test_the_secrets_of_an_appliance_that_was_started_without_env_are_carried_over(folder: Path) -> None:
    """MongoDB's volume has the password that docker compose made, and people were erased under its key."""
    assert restore(folder, "archive", erasure="key-of-the-backup", volume="1").returncode == 0
    assert lines(folder, "MONGO_ROOT_PASSWORD") == ["MONGO_ROOT_PASSWORD=of-the-backup"]
    assert lines(folder, "MONGO_ROOT_PASSWORD_BEFORE") == ["MONGO_ROOT_PASSWORD_BEFORE=made-by-compose"]
    assert "key-of-compose" in lines(folder, "CALLWISE_ERASURE_KEY")[0]


def test_before_the_stores_are_filled_no_secret_is_needed_and_then_its_own(folder: Path) -> None:
    assert restore(folder, "archive").returncode == 0
    asked = [line for line in calls(folder) if "into_volumes" in line]
    assert ["-e SECRETS_FOLDER=" in line for line in asked] == ["into_volumes env" in line for line in asked]
    assert any("into_volumes data" in line for line in asked)


def test_where_nothing_was_replaced_there_is_nothing_to_carry_over(folder: Path) -> None:
    (folder / ".env").write_text("MONGO_ROOT_PASSWORD=of-the-backup\nCALLWISE_ERASURE_KEY=old\n")
    assert restore(folder, "archive", erasure="old").returncode == 0
    assert lines(folder, "CALLWISE_ERASURE_KEY") == ["CALLWISE_ERASURE_KEY=old"]
    assert lines(folder, "MONGO_ROOT_PASSWORD_BEFORE") == []
    assert not any("-T accounts" in call for call in calls(folder))


def test_the_archive_may_be_the_one_in_the_appliance_s_own_volume(folder: Path) -> None:
    done = restore(folder, "volume", "--backup", "0123")
    assert done.returncode == 0, done.stderr
    assert "-v callwise_backups:/archive" in calls(folder)[step(folder, "into_volumes data")]
    assert "into_volumes data /archive --backup 0123" in calls(folder)[step(folder, "into_volumes data")]


def test_an_upgrade_that_takes_itself_back_opens_the_door_itself(folder: Path) -> None:
    done = restore(folder, "archive", closed="1")
    assert done.returncode == 0, done.stderr
    assert "into_volumes data" in calls(folder)[-1]
    assert "the services are still to be started" in done.stderr
