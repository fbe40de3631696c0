"""Every container is well, without privileges, within its limits, and nothing but the door listens on the host."""

from __future__ import annotations

import json
import re

import pytest

from tests.compose.appliance import LASTING, Appliance, Failed, health, run

each = pytest.mark.parametrize("name", LASTING)


@each
def test_it_is_well(appliance: Appliance, name: str) -> None:
    container = appliance.containers()[name]
    assert health(container) == "healthy"
    assert not container["State"]["OOMKilled"]


@pytest.mark.parametrize("name", ["secrets", "volumes", "accounts", "bootstrap"])
def test_what_runs_once_has_ended_well(appliance: Appliance, name: str) -> None:
    state = appliance.containers()[name]["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 0)


@each
def test_no_process_is_root_or_can_become_so(appliance: Appliance, name: str) -> None:
    statuses = appliance.inside(name, "sh", "-c", "cat /proc/[0-9]*/status")
    uids = re.findall(r"^Uid:\s+(.*)$", statuses, re.MULTILINE)
    assert len(uids) >= 2
    assert all("0" not in uid.split() for uid in uids)
    for kind in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
        found = re.findall(rf"^{kind}:\s+(\w+)$", statuses, re.MULTILINE)
        assert len(found) == len(uids)
        assert {int(caps, 16) for caps in found} == {0}
    assert set(re.findall(r"^NoNewPrivs:\s+(\d)$", statuses, re.MULTILINE)) == {"1"}


@each
def test_its_files_cannot_be_changed(appliance: Appliance, name: str) -> None:
    for place in ("/", "/etc", "/usr/local/bin", "/srv"):
        with pytest.raises(Failed, match=r"Read-only file system|Permission denied|No such file"):
            appliance.inside(name, "sh", "-c", f"echo x > {place}/probe")
    mounts = appliance.inside(name, "cat", "/proc/mounts")
    root = next(line.split() for line in mounts.splitlines() if line.split()[1] == "/")
    assert "ro" in root[3].split(",")


@each
def test_it_has_limits_and_keeps_them(appliance: Appliance, name: str) -> None:
    container = appliance.containers()[name]
    host = container["HostConfig"]
    assert host["Memory"] > 0
    assert host["NanoCpus"] > 0
    assert host["PidsLimit"] > 0
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
    share, pids = run("docker", "stats", "--no-stream", "--format", "{{.MemPerc}} {{.PIDs}}", container["Id"]).split()
    assert float(share.rstrip("%")) < 90
    assert int(pids) < host["PidsLimit"]


def test_only_the_door_is_published(appliance: Appliance) -> None:
    published = {
        (name, binding["HostIp"])
        for name, container in appliance.containers().items()
        for bindings in (container["NetworkSettings"]["Ports"] or {}).values()
        for binding in bindings or ()
    }
    assert published == {("caddy", appliance.env["DOOR_LISTEN"])}
    assert not any(one["HostConfig"]["NetworkMode"] == "host" for one in appliance.containers().values())


def test_only_two_are_on_a_network_with_a_way_out(appliance: Appliance) -> None:
    joined = {name: set(one["NetworkSettings"]["Networks"]) for name, one in appliance.containers().items()}
    networks = sorted(set().union(*joined.values()) - {"none"})
    closed = {
        network["Name"] for network in json.loads(run("docker", "network", "inspect", *networks)) if network["Internal"]
    }
    assert {name for name in LASTING if joined[name] - closed} == {"caddy", "monitor"}


@pytest.mark.parametrize("name", [name for name in LASTING if name not in ("mongo", "s3")])
def test_our_images_say_what_they_are(appliance: Appliance, name: str) -> None:
    labels = appliance.containers()[name]["Config"]["Labels"]
    image = appliance.containers()[name]["Config"]["Image"]
    assert labels["org.opencontainers.image.version"] == image.split(":")[-1]
    assert labels["org.opencontainers.image.revision"]
    for tool in ("gcc", "make", "uv", "git"):
        with pytest.raises(Failed):
            appliance.inside(name, "sh", "-c", f"command -v {tool}")
