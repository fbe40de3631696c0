"""scripts/init: writes .env once, with secrets of its own, for its owner only."""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from core.settings.group import ROOT
from core.settings.group import UNSAFE_SECRETS as UNSAFE

TYPED = ("ADMIN_PASSWORD",)
SECRETS = (
    *TYPED,
    *(
        "DOOR_SCORING_PASSWORD",
        "PREFECT_PASSWORD",
        "MONGO_ROOT_PASSWORD",
        "S3_ROOT_PASSWORD",
        "CALLWISE_ROUTING_KEY",
        "CALLWISE_ERASURE_KEY",
        "CALLWISE_CONTACT_KEY",
        "CALLWISE_SIGNING_KEY",
        "CALLWISE_SECOND_FACTOR_KEY",
    ),
)


# An engine with the volume of the secrets where VOLUME says so, and with what MADE says in it.
DOCKER = """#!/bin/sh
echo "$*" >>calls
[ -z "$DOWN" ] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }
case "$*" in
  "volume ls"*) [ -z "$VOLUME" ] || echo callwise_secrets ;;
  "image ls"*) echo "${IMAGE-0123abcd}" ;;
  run*) printf '%s' "$MADE" ;;
esac
"""
MAILS = ("notanemail", "a@b", "@example.org", "a b@example.org", "ops@example.org {", "/cert.pem", "cert key", "x\ny")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    for name in ("init", "bundle"):
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts" / name)
    shutil.copy(ROOT / ".env.example", tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker").write_text(DOCKER)
    (tmp_path / "bin/docker").chmod(0o755)
    return tmp_path


def init(folder: Path, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    # No terminal, nothing to read, and hardly anything on the path: it asks nothing and needs nothing.
    path = f"{folder}/bin:/usr/bin:/bin"
    return subprocess.run(
        [folder / "scripts/init", *options],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, env={"PATH": path, **env}, check=False,
    )  # fmt: skip


def variables(folder: Path) -> dict[str, str]:
    return dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", (folder / ".env").read_text(), re.MULTILINE))


def test_every_secret_is_made_here_and_for_its_owner_only(folder: Path) -> None:
    done = init(folder)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    found = variables(folder)
    assert all(found.values())
    for name in SECRETS:
        assert re.fullmatch(r"[A-Za-z0-9]{20,}", found[name]), name
        assert found[name].lower() not in UNSAFE
    assert len({found[name] for name in SECRETS}) == len(SECRETS)
    # What it says next holds the password that a person types, and no other secret.
    assert all(found[name] in done.stdout for name in TYPED)
    assert not any(found[name] in done.stdout + done.stderr for name in SECRETS if name not in TYPED)


def test_without_docker_it_needs_only_a_shell(folder: Path) -> None:
    (folder / "bin/docker").unlink()
    for program in ("bash", "sed", "grep", "tr", "head", "mktemp", "mv", "rm", "dirname", "cat", "cp", "cmp"):
        (folder / "bin" / program).symlink_to(str(shutil.which(program)))
    done = init(folder, PATH=f"{folder}/bin")
    assert done.returncode == 0, done.stderr
    assert all(variables(folder).values())


def test_secrets_that_docker_compose_made_are_taken_over_and_only_the_others_are_made(folder: Path) -> None:
    """Another password of MongoDB would lock the appliance out, another key would make its data unreadable."""
    made = {"MONGO_ROOT_PASSWORD": "made-there", "CALLWISE_CONTACT_KEY": "a,b", "PREFECT_PASSWORD": "with $ign"}
    printed = "".join(f"{name}={value}\n" for name, value in made.items())
    done = init(folder, VOLUME="1", MADE=printed)
    assert done.returncode == 0, done.stderr
    found = variables(folder)
    assert {name: found[name] for name in made} == made | {"PREFECT_PASSWORD": "'with $ign'"}
    assert all(re.fullmatch(r"[A-Za-z0-9]{20,}", found[name]) for name in SECRETS if name not in made)
    assert "when it was started without .env" in done.stdout
    assert not any(value in done.stdout + done.stderr for value in made.values())


def test_beside_an_env_that_lacks_some_these_are_taken_over_and_the_others_stay(folder: Path) -> None:
    (folder / ".env").write_text("MONGO_ROOT_PASSWORD=my-own-password\nCALLWISE_CONTACT_KEY=\n")
    done = init(folder, VOLUME="1", MADE="MONGO_ROOT_PASSWORD=other\nCALLWISE_CONTACT_KEY=made-there\n")
    assert done.returncode == 0, done.stderr
    found = variables(folder)
    assert (found["MONGO_ROOT_PASSWORD"], found["CALLWISE_CONTACT_KEY"]) == ("my-own-password", "made-there")
    assert ".env had no CALLWISE_CONTACT_KEY: taken over from the appliance" in done.stderr
    assert ".env had no CALLWISE_ERASURE_KEY: made" in done.stderr
    (folder / "calls").unlink(missing_ok=True)
    assert init(folder, VOLUME="1").returncode == 0
    assert not (folder / "calls").exists(), "nothing is missing, so nothing is asked"


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ({"DOWN": "1"}, "docker does not answer, so it cannot be seen whether this appliance has secrets already"),
        ({"VOLUME": "1", "IMAGE": ""}, "docker compose build caddy"),
        ({"VOLUME": "1", "MADE": "CALLWISE_CONTACT_KEY=it's"}, "write it into .env by hand"),
    ],
)
def test_where_secrets_in_use_cannot_be_read_none_is_made(folder: Path, engine: dict[str, str], said: str) -> None:
    done = init(folder, **engine)
    assert done.returncode == 1
    assert said in done.stderr
    assert not (folder / ".env").exists()


def test_two_appliances_have_nothing_in_common(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    init(folder)
    other = tmp_path_factory.mktemp("other") / "folder"
    shutil.copytree(folder, other)
    (other / ".env").unlink()
    init(other)
    assert not {variables(folder)[name] for name in SECRETS} & {variables(other)[name] for name in SECRETS}


def test_it_never_overwrites(folder: Path) -> None:
    init(folder)
    before = (folder / ".env").read_bytes()
    again = init(folder)
    assert again.returncode == 0
    assert (folder / ".env").read_bytes() == before
    assert "left as it is" in again.stderr
    assert [path.name for path in folder.iterdir() if path.name.startswith(".env.")] == [".env.example"]


def test_a_host_beside_an_env_changes_the_door_alone_and_says_so(folder: Path) -> None:
    init(folder)
    before = variables(folder)
    again = init(folder, "--host", "callwise.example.org", "--tls", "ops@example.org")
    assert again.returncode == 0, again.stderr
    door = {
        "DOOR_HOST": "callwise.example.org",
        "DOOR_LISTEN": "0.0.0.0",
        "DOOR_TLS": "ops@example.org",
        "DOOR_PORT": "443",
    }
    assert variables(folder) == before | door
    assert all(f"init: {name}={value}" in again.stderr for name, value in door.items())
    assert not any(before[name] in again.stdout + again.stderr for name in SECRETS)
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    kept = (folder / ".env").read_bytes()
    assert "left as it is" in init(folder, "--host", "callwise.example.org", "--tls", "ops@example.org").stderr
    assert (folder / ".env").read_bytes() == kept
    back = init(folder, "--host", "callwise.example.org", "--tls", "internal")
    assert back.returncode == 0
    assert variables(folder) == before | door | {"DOOR_TLS": "internal", "DOOR_PORT": "8443"}


def test_secrets_of_a_newer_release_are_added_and_the_others_stay(folder: Path) -> None:
    init(folder)
    before = variables(folder)
    newer = {"PREFECT_PASSWORD", "CALLWISE_SIGNING_KEY"}
    text = (folder / ".env").read_text()
    for name in newer:
        text = text.replace(f"{name}={before[name]}\n", "")
    (folder / ".env").write_text(text + "# own words\nAPP_MEMORY=3g")
    done = init(folder)
    assert done.returncode == 0, done.stderr
    after = variables(folder)
    assert {name for name in after if after[name] != before.get(name)} == {*newer, "APP_MEMORY"}
    assert all(re.fullmatch(r"[A-Za-z0-9]{43}", after[name]) for name in newer)
    assert "# own words" in (folder / ".env").read_text()
    assert all(f".env had no {name}: made" in done.stderr for name in newer)


def test_what_a_newer_release_reads_is_added_and_what_nothing_reads_any_more_goes(folder: Path) -> None:
    init(folder)
    made = (folder / ".env").read_text()
    gone = [line for line in made.splitlines(keepends=True) if line.startswith(("DOOR_METRICS_USER=", "MONGO_IMAGE="))]
    assert len(gone) == 2
    earlier = "".join(line for line in made.splitlines(keepends=True) if line not in gone)
    (folder / ".env").write_text(f"DOOR_USER=admin\n{earlier}DOOR_PASSWORD=of the old door\nMY_OWN=1\n")
    done = init(folder)
    assert done.returncode == 0
    assert sorted((folder / ".env").read_text().splitlines()) == sorted([*made.splitlines(), "MY_OWN=1"])
    assert ".env had no MONGO_IMAGE: added" in done.stderr
    assert "DOOR_PASSWORD is of an earlier release" in done.stderr
    again = init(folder)
    assert "added" not in again.stderr + again.stdout
    assert "removed" not in again.stderr + again.stdout


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_it_says_what_it_does(folder: Path, option: str) -> None:
    done = init(folder, option)
    assert done.returncode == 0
    assert done.stdout.startswith("Prepares this folder")
    assert "--tls" in done.stdout
    assert "set -euo" not in done.stdout
    assert not (folder / ".env").exists()


@pytest.mark.parametrize("host", ["2001:db8::7", "[2001:db8::7]", "::1"])
def test_an_ipv6_address_has_its_brackets(folder: Path, host: str) -> None:
    done = init(folder, "--host", host)
    address = f"[{host.strip('[]')}]"
    found = variables(folder)
    assert (found["DOOR_HOST"], found["DOOR_LISTEN"]) == (address, "[::]")
    assert f"https://{address}:8443 " in done.stdout


def test_certificates_of_ones_own_are_named_by_their_paths(folder: Path) -> None:
    init(folder, "--host", "callwise.intern", "--tls", "/certs/cert.pem /certs/key.pem")
    found = variables(folder)
    assert found["DOOR_TLS"] == "/certs/cert.pem /certs/key.pem"
    assert "DOOR_PORT" not in found


def test_it_listens_on_loopback_unless_told_for_whom(folder: Path) -> None:
    init(folder)
    found = variables(folder)
    assert (found["DOOR_HOST"], found["DOOR_LISTEN"], found["DOOR_TLS"]) == ("localhost", "127.0.0.1", "internal")


def test_a_host_opens_it_to_the_team(folder: Path) -> None:
    init(folder, "--host", "callwise.example.org", "--tls", "ops@example.org")
    found = variables(folder)
    assert (found["DOOR_HOST"], found["DOOR_LISTEN"]) == ("callwise.example.org", "0.0.0.0")
    assert (found["DOOR_TLS"], found["DOOR_PORT"]) == ("ops@example.org", "443")


@pytest.mark.parametrize(
    "options",
    [
        *(["--hots", "x"], ["--host"], ["--host", "a b"], ["--tls", "a@b"], ["--host", "$(id)"], ["--host", "-x"]),
        *(["--host", "callwise.example.org:8443"], ["--host", "2001:db8"], ["--host", "2001:db8::g"]),
        *(["--host", "callwise.example.org", "--tls", wrong] for wrong in MAILS),
        *(["--host", host, "--tls", "ops@example.org"] for host in ("localhost", "10.0.0.7", "::1", "server")),
    ],
)
def test_a_wrong_option_writes_nothing(folder: Path, options: list[str]) -> None:
    assert init(folder, *options).returncode == 1
    assert not (folder / ".env").exists()


def test_a_bundle_that_is_none_writes_nothing(folder: Path) -> None:
    (folder / "some.tar").write_bytes(b"\0" * 10240)
    done = init(folder, "--from-bundle", str(folder / "some.tar"))
    assert done.returncode == 1
    assert "is no bundle" in done.stderr
    assert not (folder / ".env").exists()


def test_a_damaged_bundle_loads_nothing_and_writes_nothing(folder: Path) -> None:
    part = folder / "callwise-0.1.0"
    part.mkdir()
    (part / "images.tar.gz").write_bytes(b"not what was written")
    (part / "SHA256SUMS").write_text(f"{hashlib.sha256(b'what was written').hexdigest()}  images.tar.gz\n")
    subprocess.run(["tar", "-cf", "bundle.tar", "callwise-0.1.0"], cwd=folder, check=True)
    done = init(folder, "--from-bundle", str(folder / "bundle.tar"))
    assert done.returncode == 1
    assert "is damaged" in done.stderr
    assert not (folder / ".env").exists()
