"""Processes of the app that begin with its imports done: each is a fork of one that has imported everything.

The imports are most of what a start of the app costs, and every test has a process of its own, with its own database.
The start as `streamlit run` in a new interpreter is what appliances do; tests/browser/test_journeys.py looks at one.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from bootstrap.embedded.processes import tie_to_parent
from core.settings.group import ROOT


def forking() -> ForkServerContext:
    """What starts processes as forks of one that has imported the app and runs nothing of it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["streamlit.web.cli", "app.main", __name__])
    return context


def start(context: ForkServerContext, env: dict[str, str], folder: Path, port: int) -> ForkServerProcess:
    """The app on loopback `port`, with exactly the environment `env`; it works in `folder` and writes app.log there."""
    process = context.Process(target=_serve, args=(env, folder, port), daemon=True)
    process.start()
    return process


def _serve(env: dict[str, str], folder: Path, port: int) -> None:
    """Be `streamlit run`."""
    tie_to_parent()
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    log = os.open("app.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(log, stream)
    from streamlit.web.cli import main

    sys.argv = ["streamlit", "run", str(ROOT / "app" / "main.py")]
    sys.argv += ["--server.address", "127.0.0.1", "--server.port", str(port)]
    main(prog_name="streamlit")
