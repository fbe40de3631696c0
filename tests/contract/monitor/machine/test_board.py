"""The Grafana board asks for names that the services really give."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import prometheus_client
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from app.access import figures as of_app
from core.settings.group import ROOT
from core.stores.mongo import Db
from monitor.jobs.job import Job
from monitor.machine.alarms import Done
from monitor.machine.backups import Backups
from monitor.machine.certificate import Certificate
from monitor.machine.metrics import PEOPLE_RANKED, Figures, text
from tests.contract.monitor.machine.test_watch import START, World

pytestmark = pytest.mark.mongo

BOARD = ROOT / "deploy" / "grafana" / "callwise.json"
OF_MLSERVER = {"model_infer_request_success_total", "model_infer_request_failure_total"}
"""MLServer's own, as version 1.7.1 gives them on its port for metrics."""
WORDS = {"sum", "by", "rate", "time", "vector", "or", "histogram_quantile"}


def names_on_the_board() -> set[str]:
    panels = json.loads(BOARD.read_text())["panels"]
    names: set[str] = set()
    for panel in panels:
        for target in panel["targets"]:
            bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\bby \([^)]*\)", "", target["expr"])
            names |= set(re.findall(r"[a-zA-Z_][a-zA-Z0-9_]*", bare)) - WORDS
    return names


def samples(page: str) -> set[str]:
    return {one.name for family in text_string_to_metric_families(page) for one in family.samples}


def test_every_name_on_the_board_is_given(db: Db) -> None:
    world = World(db)
    world.free = 900
    world.watch.certificate = lambda: Certificate(START - timedelta(days=60), START + timedelta(days=30))
    world.watch.backups = lambda: Backups(Done(START, ok=True), Done(START, ok=True))
    world.runs.run(Job("rank", 3.0, lambda: "done"))
    world.minutes(2)
    PEOPLE_RANKED.labels("bank").inc()
    given = samples(text(Figures(lambda: world.watch.last, world.runs.records)).decode())
    of_app.REQUESTS.labels("200").inc()
    of_app.SECONDS.observe(0.1)
    given |= samples(prometheus_client.generate_latest().decode())
    wanted = names_on_the_board()
    assert len(wanted) > 20
    assert wanted - given - OF_MLSERVER == set()


def test_the_board_and_the_guide_agree_about_the_addresses() -> None:
    guide = (ROOT / "docs/operations.md").read_text()
    door = (ROOT / "deploy/Caddyfile").read_text()
    example = yaml.safe_load(guide.split("```yaml\n")[1].split("```")[0])
    asked = {job["metrics_path"].removeprefix("/metrics/") for job in example["scrape_configs"]}
    assert asked == set(re.findall(r"/metrics/([a-z]+) \{", door))
    assert all(job["basic_auth"] and job["scheme"] == "https" for job in example["scrape_configs"])
