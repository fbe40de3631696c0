"""The files MLServer is started with mean to MLServer what they should."""

import asyncio
import logging
import logging.config
from pathlib import Path

import pytest
from mlserver.cli.serve import load_settings

from serving import config


def test_mlserver_reads_them_as_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))  # load_settings adds to sys.path; this takes it back
    for _ in range(2):
        config.write(tmp_path, http_port=1, grpc_port=2, metrics_port=3, model_name="another-name")
    server, models = asyncio.run(load_settings(str(tmp_path)))
    assert (server.host, server.http_port, server.grpc_port, server.metrics_port) == ("127.0.0.1", 1, 2, 3)
    assert (server.parallel_workers, server.debug) == (0, False)
    assert [model.name for model in models] == ["another-name"]
    assert models[0].implementation_ == "serving.runtime.ProspectScorer"


def test_the_command_line_writes_the_same(tmp_path: Path) -> None:
    ports = ["--http-port", "1", "--grpc-port", "2", "--metrics-port", "3"]
    config.main([str(tmp_path / "a"), *ports])
    config.write(tmp_path / "b", http_port=1, grpc_port=2, metrics_port=3, model_name="prospect-scorer")
    for name in ("settings.json", "prospect-scorer/model-settings.json"):
        assert (tmp_path / "a" / name).read_text() == (tmp_path / "b" / name).read_text()
    config.main([str(tmp_path / "a"), *ports, "--host", "0.0.0.0"])
    assert '"host": "0.0.0.0"' in (tmp_path / "a" / "settings.json").read_text()


def test_the_logging_settings_are_what_the_standard_library_accepts() -> None:
    logging.config.DictConfigurator(config.LOGGING)
    assert set(config.LOGGING["handlers"]) == {"stdout"}
