"""compose.dask.yaml: the cluster is as closed as the rest, and nobody but who sends it work reaches it."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from core.settings.group import ROOT
from core.settings.loop import TrainerSettings

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
DASK: dict[str, Any] = yaml.safe_load((ROOT / "compose.dask.yaml").read_text())
SERVICES: dict[str, Any] = DASK["services"]
NEW = sorted(SERVICES.keys() - COMPOSE.keys())
SCHEDULER = "tcp://dask-scheduler:8786"


def test_it_adds_a_cluster_and_what_scores_a_file() -> None:
    assert NEW == ["dask-scheduler", "dask-worker", "score"]
    assert SERVICES["score"]["profiles"] == ["score"]  # runs once, when asked


@pytest.mark.parametrize("name", NEW)
def test_each_has_no_privilege_and_a_limit_on_everything(name: str) -> None:
    service = SERVICES[name]
    assert (service["cap_drop"], service["read_only"], service["init"]) == (["ALL"], True, True)
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "cpus", "pids_limit", "logging"} <= set(service)
    assert not {"ports", "privileged", "cap_add", "user"} & set(service)


def test_only_who_sends_work_reaches_the_scheduler_and_workers_reach_nothing_else() -> None:
    assert DASK["networks"] == {"cluster": {"internal": True}}
    on_it = {name for name, service in SERVICES.items() if "cluster" in service.get("networks", ())}
    assert on_it == {"dask-scheduler", "dask-worker", "prefect-worker", "score"}
    for name in ("dask-scheduler", "dask-worker"):
        assert SERVICES[name]["networks"] == ["cluster"]
        assert "volumes" not in SERVICES[name]
        assert "environment" not in SERVICES[name]


def test_the_search_and_the_workers_are_told_the_address_that_the_scheduler_listens_on() -> None:
    command = SERVICES["dask-scheduler"]["command"]
    assert command[:2] == ["dask", "scheduler"]
    assert command[command.index("--port") + 1] == "8786"
    assert SERVICES["dask-worker"]["command"][2] == SCHEDULER
    assert "callwise_dask" in TrainerSettings.model_fields
    assert SERVICES["prefect-worker"]["environment"] == {"CALLWISE_DASK": SCHEDULER}


def test_all_of_it_is_one_image() -> None:
    built = [service["build"]["target"] for service in SERVICES.values() if "build" in service]
    assert built == ["dask", "dask"]
    assert len({service["image"] for service in SERVICES.values() if "image" in service}) == 1
    stage = re.search(r"^FROM worker AS dask$(.*?)(?=^FROM )", (ROOT / "Dockerfile").read_text(), re.M | re.S)
    assert stage
    assert re.findall(r"^USER (\S+)$", stage[1], re.M)[-1] == "10001:10001"
    assert "COPY app/file_scores app/file_scores" in stage[1]


def test_scoring_a_file_has_the_rights_of_the_app() -> None:
    app, score = COMPOSE["app"]["environment"], SERVICES["score"]["environment"]
    same = score.keys() - {"TMPDIR"}
    assert {name: app[name] for name in same} == {name: score[name] for name in same}
    assert "account-app:/run/callwise:ro" in SERVICES["score"]["volumes"]


def test_scoring_a_file_has_secrets_of_its_own() -> None:
    assert "secrets-score:/run/secrets:ro" in SERVICES["score"]["volumes"]
    assert SERVICES["secrets"] == {"volumes": ["secrets-score:/var/lib/callwise/secrets/score"]}
