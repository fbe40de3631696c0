"""`scripts/init --rotate` and `--rotated`: each secret by its rule, killed at any place, and nothing printed.

The engine is a stand-in that answers as the appliance would.
"""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from core.settings.group import ROOT

AT_ONCE = {"DOOR_SCORING_PASSWORD", "DOOR_METRICS_PASSWORD", "PREFECT_PASSWORD", "S3_ROOT_PASSWORD"}
KEEPS_FORMER = {"CALLWISE_SIGNING_KEY", "CALLWISE_SECOND_FACTOR_KEY", "CALLWISE_CONTACT_KEY", "CALLWISE_ERASURE_KEY"}
NEVER = {"ADMIN_PASSWORD", "CALLWISE_BACKUP_PASSPHRASE", "S3_ROOT_USER"}
DOCKER = """#!/bin/sh
echo "$*" >>calls
case "$*" in
  "volume ls"*) ;;
  *"rotation trial"*) echo "${TRIAL:-no canary is on trial}"; [ -z "$TRIAL" ] ;;
  *"rotation settled"*) echo "${WAITING:-nothing needs a former key$LOST}"; [ -z "$WAITING" ] ;;
  *"service_accounts --check"*) echo "accounts: ${OLD:-the present secrets are in use}"; [ -z "$OLD" ] ;;
  *"ps --quiet"*) [ -n "$DOWN" ] || echo 0123 ;;
  inspect*StartedAt*)
    [ "$STARTED" != unseen ] || exit 1
    echo "app False ${STARTED:-2999-01-01T00:00:00.123456789Z} /run/callwise"
    echo "mlserver False 2999-01-01T00:00:00.123456789Z /var/lib/callwise/spool /run/callwise"
    echo "app True 2001-01-01T00:00:00.123456789Z /run/callwise"
    echo "evidently False 2001-01-01T00:00:00.123456789Z /var/lib/callwise/evidently"
    echo "caddy False ${DOOR:-2999-01-01T00:00:00.123456789Z} /run/secrets" ;;
  inspect*) [ -z "$MADE" ] || echo "$MADE" ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout with a new .env, and a stand-in for the engine."""
    for part in ("scripts/init", "deploy/rotate.sh", "deploy/doctor/settings.sh", ".env.example"):
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / part, tmp_path / part)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker").write_text(DOCKER)
    (tmp_path / "bin/docker").chmod(0o755)
    assert init(tmp_path).returncode == 0
    return tmp_path


def init(folder: Path, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [folder / "scripts/init", *options],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd=folder,
        env={"PATH": f"{folder}/bin:/usr/bin:/bin", **env},
    )  # fmt: skip


def variables(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", path.read_text(), re.MULTILINE))


def env(folder: Path) -> dict[str, str]:
    return variables(folder / ".env")


def left(folder: Path) -> list[Path]:
    """What else lies beside .env."""
    return sorted(path for path in folder.glob(".env.*") if path.name != ".env.example")


def silent(done: subprocess.CompletedProcess[str], *found: dict[str, str]) -> bool:
    said = done.stdout + done.stderr
    secrets = AT_ONCE | KEEPS_FORMER | NEVER | {"MONGO_ROOT_PASSWORD", "CALLWISE_ROUTING_KEY"}
    return not any(part in said for values in found for name in secrets for part in values[name].split(","))


def test_all_are_replaced_by_their_rules_and_none_is_printed(folder: Path) -> None:
    before = env(folder)
    done = init(folder, "--rotate")
    assert done.returncode == 0, done.stderr
    after = env(folder)
    for name in AT_ONCE | {"CALLWISE_ROUTING_KEY", "MONGO_ROOT_PASSWORD"}:
        assert re.fullmatch(r"[A-Za-z0-9]{43}", after[name]), name
        assert after[name] != before[name]
    for name in KEEPS_FORMER:
        new, former = after[name].split(",")
        assert re.fullmatch(r"[A-Za-z0-9]{43}", new)
        assert (former, new != former) == (before[name], True)
    assert after["MONGO_ROOT_PASSWORD_BEFORE"] == before["MONGO_ROOT_PASSWORD"]
    assert after["SERVICE_ACCOUNTS"]
    replaced = AT_ONCE | KEEPS_FORMER | {"CALLWISE_ROUTING_KEY", "MONGO_ROOT_PASSWORD"}
    same = set(before) - replaced
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert set(after) - set(before) == {"MONGO_ROOT_PASSWORD_BEFORE", "SERVICE_ACCOUNTS"}
    assert silent(done, before, after)
    assert "docker compose down && docker compose up -d --wait" in done.stdout
    [kept] = left(folder)
    assert variables(kept) == before
    assert {stat.S_IMODE(path.stat().st_mode) for path in (kept, folder / ".env")} == {0o600}


@pytest.mark.parametrize("name", sorted(AT_ONCE | KEEPS_FORMER | {"CALLWISE_ROUTING_KEY", "MONGO_ROOT_PASSWORD"}))
def test_one_is_replaced_alone(folder: Path, name: str) -> None:
    before = env(folder)
    done = init(folder, "--rotate", name)
    after = env(folder)
    changed = {one for one in after if after[one] != before.get(one)}
    assert changed == {name} | ({"MONGO_ROOT_PASSWORD_BEFORE"} if name.startswith("MONGO") else set())
    door = name.startswith("DOOR_")
    assert ("docker compose down" not in done.stdout) is door
    assert ("need the new" in done.stdout or "needs the new" in done.stdout) is door


@pytest.mark.parametrize("name", [*sorted(NEVER), "MONGO_PASSWORD", "$(id)", "DOOR_HOST"])
def test_what_is_not_replaced_here_is_refused_with_the_reason(folder: Path, name: str) -> None:
    before = (folder / ".env").read_bytes()
    done = init(folder, "--rotate", "PREFECT_PASSWORD", name)
    assert done.returncode == 1
    assert name in done.stderr
    assert ((folder / ".env").read_bytes(), left(folder)) == (before, [])


def test_the_routing_key_stays_during_a_trial_unless_it_is_forced(folder: Path) -> None:
    before = env(folder)
    done = init(folder, "--rotate", "CALLWISE_ROUTING_KEY", TRIAL="on trial: prospect-scorer:7")
    assert done.returncode == 1
    assert "on trial: prospect-scorer:7" in done.stderr
    assert env(folder) == before
    (folder / "bin/docker").write_text("#!/bin/sh\necho 'no engine answers' >&2\nexit 1\n")
    assert "no engine answers" in init(folder, "--rotate", "CALLWISE_ROUTING_KEY").stderr
    assert env(folder) == before
    assert init(folder, "--rotate", "--force", "CALLWISE_ROUTING_KEY").returncode == 1, "names come before options"
    assert init(folder, "--rotate", "CALLWISE_ROUTING_KEY", "--force").returncode == 0
    assert env(folder)["CALLWISE_ROUTING_KEY"] != before["CALLWISE_ROUTING_KEY"]


def test_of_all_the_routing_key_alone_waits_for_the_end_of_a_trial(folder: Path) -> None:
    before = env(folder)
    done = init(folder, "--rotate", TRIAL="on trial: prospect-scorer:7")
    assert done.returncode == 0
    assert "CALLWISE_ROUTING_KEY is left as it is" in done.stderr
    after = env(folder)
    assert after["CALLWISE_ROUTING_KEY"] == before["CALLWISE_ROUTING_KEY"]
    assert after["PREFECT_PASSWORD"] != before["PREFECT_PASSWORD"]


def test_a_second_time_only_when_the_first_is_settled(folder: Path) -> None:
    first = env(folder)
    assert init(folder, "--rotate").returncode == 0
    second = env(folder)
    done = init(folder, "--rotate")
    assert done.returncode == 1
    assert "scripts/init --rotated" in done.stderr
    assert env(folder) == second
    assert init(folder, "--rotate", "--force").returncode == 0
    third = env(folder)
    assert sorted(map(str, map(variables, left(folder)))) == sorted(map(str, (first, second)))
    # Nobody knows which of them the database and the stored keys have, so all are kept.
    assert third["MONGO_ROOT_PASSWORD_BEFORE"].split(",") == [
        second["MONGO_ROOT_PASSWORD"],
        first["MONGO_ROOT_PASSWORD"],
    ]
    for name in KEEPS_FORMER:
        assert third[name].split(",")[1:] == second[name].split(",")
        assert second[name].endswith(first[name])


def test_killed_before_the_new_env_it_is_run_again_as_if_never_begun(folder: Path) -> None:
    """A `mv` that ends the second rename stands for the kill: the copy is there, and .env is the former one."""
    before = env(folder)
    (folder / "bin/mv").write_text('#!/bin/sh\n[ "$2" != .env ] || { kill -9 $PPID; exit; }\nexec /bin/mv "$@"\n')
    (folder / "bin/mv").chmod(0o755)
    assert init(folder, "--rotate").returncode == -9
    (folder / "bin/mv").unlink()
    assert env(folder) == before
    assert any(path.name.startswith(".env.rotated-") for path in left(folder))
    assert init(folder, "--rotate", "PREFECT_PASSWORD").returncode == 0
    after = env(folder)
    assert {name for name in after if after[name] != before[name]} == {"PREFECT_PASSWORD"}
    [kept] = [path for path in left(folder) if path.name.startswith(".env.rotated-")]
    assert variables(kept) == before


def test_killed_before_the_copy_nothing_happened(folder: Path) -> None:
    before = env(folder)
    (folder / "bin/cp").write_text("#!/bin/sh\nkill -9 $PPID\n")
    (folder / "bin/cp").chmod(0o755)
    assert init(folder, "--rotate").returncode == -9
    (folder / "bin/cp").unlink()
    assert env(folder) == before
    assert not [path for path in left(folder) if path.name.startswith(".env.rotated-")]
    assert init(folder, "--rotate").returncode == 0


def test_without_random_numbers_nothing_is_replaced(folder: Path) -> None:
    (folder / "bin/tr").write_text("#!/bin/sh\nexit 0\n")
    (folder / "bin/tr").chmod(0o755)
    before = env(folder)
    done = init(folder, "--rotate")
    assert done.returncode == 1
    assert "no random numbers" in done.stderr
    assert (env(folder), left(folder)) == (before, [])


@pytest.mark.parametrize("value", ['"quoted words"', "with space", "", "a$b"])
def test_a_secret_that_a_person_wrote_otherwise_is_left_to_the_person(folder: Path, value: str) -> None:
    path = folder / ".env"
    path.write_text(re.sub(r"^CALLWISE_ERASURE_KEY=.*$", f"CALLWISE_ERASURE_KEY={value}", path.read_text(), flags=re.M))
    before = path.read_bytes()
    done = init(folder, "--rotate", "CALLWISE_ERASURE_KEY")
    assert done.returncode == 1
    assert (path.read_bytes(), left(folder)) == (before, [])
    assert not value or value not in done.stderr


# --- settled -------------------------------------------------------------------------------------------------------


def test_what_is_in_use_loses_the_former_ones_and_the_erasure_key_keeps_its_own(folder: Path) -> None:
    init(folder, "--rotate")
    rotated = env(folder)
    done = init(folder, "--rotated")
    assert done.returncode == 0, done.stderr
    after = env(folder)
    expected = {name: value for name, value in rotated.items() if name != "MONGO_ROOT_PASSWORD_BEFORE"}
    for name in KEEPS_FORMER - {"CALLWISE_ERASURE_KEY"}:
        expected[name] = rotated[name].split(",")[0]
    assert after == expected
    assert "," in after["CALLWISE_ERASURE_KEY"]
    assert left(folder) == []
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    assert silent(done, rotated, after)
    again = init(folder, "--rotated")
    assert (again.returncode, env(folder)) == (0, after)
    assert "no rotation was waiting" in again.stderr


def test_until_the_next_start_containers_have_the_former_keys_and_nothing_waits_any_more(folder: Path) -> None:
    former = env(folder)["CALLWISE_SIGNING_KEY"]
    init(folder, "--rotate", "CALLWISE_SIGNING_KEY")
    rotated = env(folder)["CALLWISE_SIGNING_KEY"]
    assert rotated.endswith(former)
    done = init(folder, "--rotated", MADE=f"secrets CALLWISE_SIGNING_KEY={rotated}")
    assert done.returncode == 0, done.stderr
    assert "now: docker compose up -d --wait" in done.stderr
    again = init(folder, "--rotated", MADE=f"secrets CALLWISE_SIGNING_KEY={rotated}")
    assert (again.returncode, "no rotation was waiting" in again.stderr) == (0, True)


@pytest.mark.parametrize(
    "name", ["PREFECT_PASSWORD", "CALLWISE_SIGNING_KEY", "CALLWISE_ERASURE_KEY", "SERVICE_ACCOUNTS"]
)
def test_a_secret_that_a_restore_put_back_is_not_taken_for_replaced(folder: Path, name: str) -> None:
    path, before = folder / ".env", env(folder)
    init(folder, "--rotate", name, "DOOR_METRICS_PASSWORD")
    present, former = env(folder)[name], before.get(name, "")
    # A restore puts the former erasure key in front of the present one.
    back = f"{former},{present.partition(',')[0]}" if name == "CALLWISE_ERASURE_KEY" else former
    path.write_text(path.read_text().replace(f"\n{name}={present}\n", f"\n{name}={back}\n"))
    content, kept = path.read_bytes(), left(folder)
    done = init(folder, "--rotated")
    assert done.returncode == 1
    assert f"the former ones are back: {name}." in done.stderr
    assert f"-> scripts/init --rotate {name} --force" in done.stderr
    assert (path.read_bytes(), left(folder)) == (content, kept)
    assert init(folder, "--rotate", name, "--force").returncode == 0
    assert init(folder, "--rotated").returncode == 0
    assert left(folder) == []


def test_whose_second_factor_no_key_opens_is_told(folder: Path) -> None:
    init(folder, "--rotate", "CALLWISE_SECOND_FACTOR_KEY")
    done = init(
        folder, "--rotated", LOST="; no key opens the second factors of bob: scripts/accounts reset-factor NAME"
    )
    assert done.returncode == 0
    assert "second factors of bob" in done.stderr


def test_the_example_says_of_the_right_keys_that_they_may_be_lists(folder: Path) -> None:
    [line] = [one for one in (folder / ".env.example").read_text().splitlines() if "may be lists" in one]
    assert set(re.findall(r"[A-Z_]{4,}", line)) == KEEPS_FORMER


def test_what_was_not_replaced_may_stay_as_it_was(folder: Path) -> None:
    init(folder, "--rotate", TRIAL="on trial: prospect-scorer:7")
    assert init(folder, "--rotated").returncode == 0


@pytest.mark.parametrize("option", ["--rotate", "--rotated"])
def test_while_an_upgrade_is_under_way_nothing_is_replaced(folder: Path, option: str) -> None:
    """Taken back, it would put the former secrets back, which MongoDB and the services have no more."""
    (folder / ".state/upgrade").mkdir(parents=True)
    (folder / ".state/upgrade/upgrade.json").write_text("{}")
    before = (folder / ".env").read_bytes()
    for more in ([], ["--force"]):
        done = init(folder, option, *more)
        assert done.returncode == 1
        assert "scripts/upgrade first" in done.stderr
    assert ((folder / ".env").read_bytes(), left(folder)) == (before, [])


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"DOWN": "1"}, "does not run"),
        ({"OLD": "waiting: app"}, "waiting: app"),
        ({"WAITING": "only the former key verifies prospect-scorer:3"}, "prospect-scorer:3"),
        ({"MADE": "secrets CALLWISE_SIGNING_KEY=of-before"}, "changed, but not in use: CALLWISE_SIGNING_KEY"),
        ({"MADE": "secrets CALLWISE_SIGNING_KEY="}, "in .env since the last start: CALLWISE_SIGNING_KEY"),
        ({"DOOR": "2001-01-01T00:00:00.123456789Z"}, "caddy run since before"),
        ({"STARTED": "2001-01-01T00:00:00.123456789Z"}, "app run since before"),
        ({"STARTED": "unseen"}, "cannot be seen since when"),
    ],
)
def test_what_is_not_in_use_yet_stays_as_it_is(folder: Path, state: dict[str, str], said: str) -> None:
    init(folder, "--rotate")
    before, kept = (folder / ".env").read_bytes(), left(folder)
    done = init(folder, "--rotated", **state)
    assert done.returncode == 1
    assert said in done.stderr
    assert ((folder / ".env").read_bytes(), left(folder)) == (before, kept)


@pytest.mark.parametrize("name", ["CALLWISE_SIGNING_KEY", "SERVICE_ACCOUNTS", "MONGO_ROOT_PASSWORD"])
def test_a_service_that_runs_on_counts_because_it_reads_the_new_secret_at_its_start(folder: Path, name: str) -> None:
    """New keys and new passwords are in files, which the containers that run on never read."""
    init(folder, "--rotate", name)
    done = init(folder, "--rotated", STARTED="2001-01-01T00:00:00.123456789Z")
    assert (done.returncode, "app run since before -> docker compose down" in done.stderr) == (1, True)


def test_a_service_counts_from_the_last_rotation(folder: Path) -> None:
    init(folder, "--rotate", "SERVICE_ACCOUNTS")
    [first] = left(folder)
    first.rename(folder / ".env.rotated-20010101T000000Z")
    assert init(folder, "--rotated", STARTED="2001-01-01T00:00:00.9Z").returncode == 1
    assert init(folder, "--rotated", STARTED="2001-01-01T00:00:01.1Z").returncode == 0


def test_killed_between_env_and_the_copy_settling_is_run_again(folder: Path) -> None:
    init(folder, "--rotate")
    (folder / "bin/rm").write_text("#!/bin/sh\nkill -9 $PPID\n")
    (folder / "bin/rm").chmod(0o755)
    assert init(folder, "--rotated").returncode == -9
    (folder / "bin/rm").unlink()
    after = env(folder)
    assert "," not in after["CALLWISE_SIGNING_KEY"]
    assert init(folder, "--rotated").returncode == 0
    assert (env(folder), left(folder)) == (after, [])


@pytest.mark.parametrize(
    "options", [["--force"], ["--rotate", "--host", "x.example.org"], ["--rotated", "--host", "x"]]
)
def test_options_that_do_not_go_together_change_nothing(folder: Path, options: list[str]) -> None:
    before = (folder / ".env").read_bytes()
    assert init(folder, *options).returncode == 1
    assert (folder / ".env").read_bytes() == before


def test_without_an_env_there_is_nothing_to_replace(folder: Path) -> None:
    (folder / ".env").unlink()
    assert init(folder, "--rotate").returncode == 1
    assert init(folder, "--rotated").returncode == 1
    assert not (folder / ".env").exists()
