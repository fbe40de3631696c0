from typing import Any

import pytest

from core.errors import Unavailable
from core.stores.evidently import dashboard, project_id
from tests.fake_evidently import FakeEvidently

NAME = "Callwise"
PROJECT = str(project_id(NAME))


def test_three_times_leaves_one_project_and_one_set_of_panels() -> None:
    fake = FakeEvidently()
    ids = {fake.ui().ensure_project(NAME) for _ in range(3)}
    assert ids == {PROJECT} == set(fake.projects)
    assert fake.dashboards[PROJECT] == dashboard(NAME)
    assert fake.saved == 1


def test_killed_before_the_dashboard_and_run_again_leaves_the_same() -> None:
    fake = FakeEvidently(refuse=lambda method, path: method == "POST" and "dashboards" in path)
    with pytest.raises(Unavailable, match="did not answer POST"):
        fake.ui().ensure_project(NAME)
    assert not fake.dashboards
    fake.refuse = lambda *_: False
    fake.ui().ensure_project(NAME)
    assert (set(fake.projects), fake.dashboards[PROJECT]) == ({PROJECT}, dashboard(NAME))


def test_panels_that_people_added_stay_and_changed_ones_are_put_back() -> None:
    fake = FakeEvidently()
    fake.ui().ensure_project(NAME)
    stored = fake.dashboards[PROJECT]
    own: dict[str, Any] = {**stored["panels"][1], "id": "11111111-1111-1111-1111-111111111111", "title": "Mine"}
    stored["panels"] = [own, *stored["panels"][1:]]
    stored["tabs"][0]["panels"] = [panel["id"] for panel in stored["panels"]]
    fake.ui().ensure_project(NAME)
    ours = dashboard(NAME)
    assert fake.dashboards[PROJECT]["panels"] == [*ours["panels"], own]
    assert fake.dashboards[PROJECT]["tabs"][0]["panels"] == [*ours["tabs"][0]["panels"], own["id"]]


def test_the_dashboard_is_one_that_evidently_understands() -> None:
    import evidently.metrics
    from evidently.sdk.models import DashboardModel

    from monitor.reports import top_half_metric

    model = DashboardModel.parse_obj(dashboard(NAME))
    assert len(model.tabs) == 1  # the open edition refuses more
    assert len({panel.id for panel in model.panels}) == len(model.panels)
    for panel in model.panels:
        for value in panel.values:
            metric = value.metric.rsplit(":", 1)[1]
            assert hasattr(evidently.metrics, metric) or hasattr(top_half_metric, metric)
