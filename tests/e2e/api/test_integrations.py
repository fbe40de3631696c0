"""Each command of docs/integrations.md, in its order, against the running API."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.accounts.tokens import Scope
from core.settings.group import ROOT
from tests.e2e.api.conftest import Served

GUIDE = (ROOT / "docs/integrations.md").read_text()
BLOCKS = re.findall(r"^```bash\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def test_every_command_of_the_guide_does_what_it_says(served: Served, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl here")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to(sys.executable)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    crm = (Scope.PEOPLE_WRITE, Scope.WISHES, Scope.FEED, Scope.PRIVACY)
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "NO_PROXY": "127.0.0.1",
        "URL": served.url,
        "KIND": served.kind,
        "CRM_TOKEN": served.token("crm", *crm),
        "DIALLER_TOKEN": served.token("dialler", Scope.CALLS, Scope.LIST_READ, Scope.SCORES, Scope.CONTACTS),
    }
    exports, *commands = BLOCKS
    assert set(re.findall(r"(\w+)=", exports)) == {"URL", "KIND", "CRM_TOKEN", "DIALLER_TOKEN"}
    said = []
    for command in commands:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        said.append(done.stdout)
    imported, put, wish, changes, kept, claimed, recorded, played, listed = said
    first = json.loads(imported)
    assert (first["inserted"], first["rejected"], first["rejects"][0]["column"]) == (2, 1, "opted")
    assert json.loads(put)["changed"] == 1
    assert json.loads(wish)["by"] == "API: crm"
    assert (changes, listed) == ("", "")
    assert json.loads((tmp_path / "changes.json").read_text())["changes"] == []
    assert '"prospects"' in kept
    assert '"status":"asked"' in kept
    assert json.loads(claimed)["person"]["prospect"] == "autumn:1"
    assert json.loads(recorded)["result"] == "no answer"
    assert json.loads(played)["lost"] == 0
    assert json.loads((tmp_path / "list.json").read_text())["people"] == []
