"""MLServer as Callwise runs it: `python -m serving FOLDER`, in the place of `mlserver start FOLDER`.

MLServer leaves three things open that this closes. It reads bodies of any size (`serving.body`). Whoever reaches it may
take the model out of service over the repository API, and nothing brings it back: here that API only lists. And it is
"ready" without any model: here it is not, and a model that is out of service, for whatever reason, is loaded again.

It relies on names that MLServer 1.7 does not promise (those with an underscore); the tests in tests/e2e would say so.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from datetime import datetime

import grpc  # type: ignore[import-untyped]
from mlserver import MLServer
from mlserver.cli.serve import load_settings
from mlserver.errors import MLServerError
from mlserver.grpc.utils import STATUS_CODE_MAPPING
from mlserver.handlers import ModelRepositoryHandlers
from mlserver.settings import ModelSettings, Settings
from mlserver.utils import install_uvloop_event_loop

from core.clock import Clock, now
from core.errors import CallwiseError
from core.settings.loading import load
from core.settings.loop import RequestSettings
from serving.body import MEGABYTE, BoundedBody

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
FORBIDDEN, CONFLICT, UNAVAILABLE = 403, 409, 503

# MLServer calls these UNKNOWN over gRPC, which no client repeats or tells apart.
STATUS_CODE_MAPPING.update(
    {
        FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
        CONFLICT: grpc.StatusCode.ALREADY_EXISTS,
        UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    }
)


class Listing(ModelRepositoryHandlers):  # type: ignore[misc]  # MLServer has no types
    """The repository API without what changes anything: which versions are in service, the registry's aliases say."""

    async def load(self, name: str) -> bool:
        """Refuse."""
        raise self._refused(name)

    async def unload(self, name: str) -> bool:
        """Refuse."""
        raise self._refused(name)

    def _refused(self, name: str) -> MLServerError:
        return MLServerError(
            f"Nobody may load or unload {name[:80]!r} here. Nothing was changed. The scoring service follows the model "
            "registry: promote or roll back a version instead (scripts/models, scripts/rollback).",
            FORBIDDEN,
        )


class Server(MLServer):  # type: ignore[misc]
    """MLServer with bounded bodies (`most` bytes), a closed repository, and its models kept in service."""

    def __init__(self, settings: Settings, *, most: int, clock: Clock = now) -> None:
        settings.grpc_max_message_length = most
        self._most, self._clock = most, clock
        self._wanted: list[ModelSettings] = []
        self._reloads = 0
        super().__init__(settings)

    def _create_servers(self) -> None:
        self._model_repository_handlers = Listing(self._model_repository, self._model_registry)
        self._data_plane.ready = self._is_ready
        super()._create_servers()
        self._rest_server._app.add_middleware(BoundedBody, most=self._most)

    async def start(self, models_settings: list[ModelSettings]) -> None:
        """Serve these models until told to stop."""
        self._wanted = models_settings
        keeping = asyncio.create_task(self._keep())
        try:
            await super().start(models_settings)
        finally:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping

    async def _is_ready(self) -> bool:
        """Whether every model that belongs here is in service and ready."""
        names = {model.name for model in await self._model_registry.get_models() if model.ready}
        return names >= {model.name for model in self._wanted}

    async def _keep(self) -> None:
        """Load a model that is out of service again; where that fails, end, as a model that fails at the start does.

        Whoever started this process then starts another.
        """
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for wanted in self._wanted:
                # It is in here from before it is loaded until after it is unloaded: never is one loaded twice at once.
                if wanted.name in self._model_registry._models:
                    continue
                self._reloads += 1
                at = self._clock()
                log.error("model %s was out of service and is loaded again", wanted.name)
                try:
                    model = await self._model_registry.load(wanted)
                except Exception:
                    log.exception("model %s cannot be loaded again; the scoring service ends", wanted.name)
                    await self.stop()
                    return
                model.reloaded = _times(self._reloads, at)


def _times(reloads: int, at: datetime) -> str:
    return f"{reloads} time(s), last at {at:%Y-%m-%d %H:%M:%S} UTC"


async def _serve(folder: str, most: int) -> None:
    settings, models = await load_settings(folder)
    await Server(settings, most=most).start(models)


def main(arguments: list[str]) -> int:
    """The command line; an exit status."""
    if len(arguments) != 1:
        print("usage: python -m serving FOLDER", file=sys.stderr)  # noqa: T201
        return 2
    try:
        limits = load(RequestSettings)
    except CallwiseError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    install_uvloop_event_loop()
    asyncio.run(_serve(arguments[0], limits.callwise_request_megabytes * MEGABYTE))
    return 0
