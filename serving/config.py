"""The files that `python -m serving FOLDER` reads: `python -m serving.config FOLDER --http-port N …` writes them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "line"}},
    "root": {"level": "WARNING", "handlers": ["stdout"]},
    "loggers": {
        "serving": {"level": "INFO"},
        # MLServer's logger has a handler of its own; if it propagated, every line would appear twice.
        "mlserver": {"level": "INFO", "handlers": ["stdout"], "propagate": False},
    },
}


def write(
    folder: Path, *, http_port: int, grpc_port: int, metrics_port: int, model_name: str, host: str = LOOPBACK
) -> None:
    """Write `settings.json` and `prospect-scorer/model-settings.json` into `folder`; safe to repeat.

    MLServer listens on these three ports of `host` only; it has no setting that turns gRPC off.
    """
    server = {
        "debug": False,  # no access log, and no stack trace in a reply
        "host": host,
        "http_port": http_port,
        "grpc_port": grpc_port,
        "metrics_port": metrics_port,
        "parallel_workers": 0,  # answers in this process: one line-up and one log for all requests
        "gzip_enabled": False,  # on loopback it costs more than it saves
        "logging_settings": LOGGING,
    }
    model = {"name": model_name, "implementation": "serving.runtime.ProspectScorer", "platform": "callwise"}
    place = folder / "prospect-scorer"
    place.mkdir(parents=True, exist_ok=True)
    (folder / "settings.json").write_text(json.dumps(server, indent=2) + "\n", encoding="utf-8")
    (place / "model-settings.json").write_text(json.dumps(model, indent=2) + "\n", encoding="utf-8")


def main(arguments: list[str] | None = None) -> None:
    """The command line of `write`."""
    parser = argparse.ArgumentParser(
        prog="python -m serving.config", description="Write the files that `python -m serving FOLDER` reads."
    )
    parser.add_argument("folder", type=Path)
    for port in ("http", "grpc", "metrics"):
        parser.add_argument(f"--{port}-port", type=int, required=True)
    parser.add_argument("--model-name", default="prospect-scorer")
    parser.add_argument("--host", default=LOOPBACK)
    write(**vars(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
