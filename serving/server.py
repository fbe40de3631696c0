"""MLServer as Callwise runs it: `python -m serving FOLDER` instead of `mlserver start FOLDER`.

One process serves all campaign kinds, each as a model of its own (`serving.kinds`), and takes up new ones as they come.

This closes three gaps of MLServer. It reads bodies of any size (`serving.body`). Every client may take the model out of
service through the repository API, for ever: here that API only lists. And it is "ready" without any model: here it is
not, and a model that is out of service for any reason is loaded again.

The module uses private names of MLServer 1.7 (with an underscore); tests/e2e fails if they change.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable, Sequence

import grpc  # type: ignore[import-untyped]
from mlserver import MLServer
from mlserver.cli.serve import load_settings
from mlserver.errors import MLServerError
from mlserver.grpc.utils import STATUS_CODE_MAPPING
from mlserver.handlers import ModelRepositoryHandlers
from mlserver.settings import ModelSettings, Settings
from mlserver.utils import install_uvloop_event_loop
from threadpoolctl import threadpool_limits

from core.clock import Clock, now
from core.errors import exit_status
from core.settings.loading import load
from core.settings.loop import RequestSettings
from serving.body import MEGABYTE, BoundedBody
from serving.kinds import Kinds
from serving.refusals.answers import limit_addresses
from serving.refusals.grpc_server import GrpcServer

log = logging.getLogger(__name__)

Wanted = Callable[[], Sequence[ModelSettings]]
LOOK_SECONDS = 1.0
SWITCH_SECONDS = 0.0005
"""How long a thread that computes keeps the others waiting. A request is partly the event loop's and partly a thread's,
so at 5 ms, as Python has it, each would wait for all."""
FORBIDDEN, CONFLICT, UNAVAILABLE = 403, 409, 503

# MLServer maps these to UNKNOWN over gRPC, which clients can neither distinguish nor repeat.
STATUS_CODE_MAPPING.update(
    {
        FORBIDDEN: grpc.StatusCode.PERMISSION_DENIED,
        CONFLICT: grpc.StatusCode.ALREADY_EXISTS,
        UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    }
)


def no_others() -> list[ModelSettings]:
    """No kind beside those in files."""
    return []


class ReadOnlyRepository(ModelRepositoryHandlers):  # type: ignore[misc]  # MLServer has no types
    """The repository API without changes, because the registry's aliases decide which versions are in service."""

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
    """MLServer with limited bodies (`most` bytes) and a read-only repository; it keeps its models in service."""

    def __init__(self, settings: Settings, *, most: int, kinds: Wanted = no_others, clock: Clock = now) -> None:
        """`kinds` gives the models of the kinds beside those in files, now."""
        settings.grpc_max_message_length = most
        self._most, self._kinds, self._clock = most, kinds, clock
        self._configured: list[ModelSettings] = []
        self._in_service: dict[str, ModelSettings] = {}
        self._failed: dict[str, str] = {}
        self._unread = ""
        self._reloads = 0
        super().__init__(settings)

    def _create_servers(self) -> None:
        self._model_repository_handlers = ReadOnlyRepository(self._model_repository, self._model_registry)
        self._data_plane.ready = self._is_ready
        super()._create_servers()
        self._grpc_server = GrpcServer(self._settings, self._data_plane, self._model_repository_handlers)
        limit_addresses(self._rest_server._app)
        self._rest_server._app.add_middleware(BoundedBody, most=self._most)

    async def start(self, models_settings: list[ModelSettings]) -> None:
        """Serve these models until `stop`."""
        self._configured = models_settings
        tasks = [asyncio.create_task(self._keep()), asyncio.create_task(self._follow_kinds())]
        try:
            await super().start(models_settings)
        finally:
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def stop(self, sig: int | None = None) -> None:
        """End, as a signal or a model that cannot be loaded says; the models are told first."""
        for model in await self._model_registry.get_models():
            if hasattr(model, "end"):  # MLServer imports a model's module anew, so its class is no class known here
                model.end()
        await super().stop(sig)

    async def _is_ready(self) -> bool:
        """Whether every model of the settings is in service and ready. A kind that came later may have no champion."""
        names = {model.name for model in await self._model_registry.get_models() if model.ready}
        return names >= {model.name for model in self._configured}

    async def _keep(self) -> None:
        """Reload a model that is out of service. If that fails, end, as MLServer does when a model fails at its start.

        The parent of this process then starts another.
        """
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for settings in self._configured:
                # A name is in here from before its load until after its unload, so no model is loaded twice at once.
                if settings.name in self._model_registry._models:
                    continue
                self._reloads += 1
                at = self._clock()
                log.error("model %s was out of service and is loaded again", settings.name)
                try:
                    model = await self._model_registry.load(settings)
                except Exception:  # whatever a model's load raises; the log has it in full, and the process ends
                    log.exception("model %s cannot be loaded again; the scoring service ends", settings.name)
                    await self.stop()
                    return
                model.reloaded = f"{self._reloads} time(s), last at {at:%Y-%m-%d %H:%M:%S} UTC"

    async def _follow_kinds(self) -> None:
        """Load the model of each new or changed kind. A changed one answers as before until its new self is loaded."""
        while True:
            try:
                wanted = await asyncio.to_thread(self._kinds)
            except Exception as error:  # the models in service must outlive it; it is logged once, not at every look
                if self._unread != str(error):
                    log.exception("the campaign kinds could not be read; those in service stay, and are read again")
                self._unread, wanted = str(error), []
            else:
                if self._unread:
                    log.info("the campaign kinds can be read again")
                self._unread = ""
            for settings in wanted:
                name = settings.name
                if name in self._model_registry._models and self._in_service.get(name) == settings:
                    continue
                try:
                    await self._model_registry.load(settings)
                except Exception as error:  # other kinds stay in service; this one is tried again
                    if self._failed.get(name) != str(error):
                        log.exception("model %s cannot be loaded; the attempt is repeated", name)
                    self._failed[name] = str(error)
                else:
                    self._failed.pop(name, None)
                    self._in_service[name] = settings
                    log.info("model %s is in service", name)
            await asyncio.sleep(LOOK_SECONDS)


async def _serve(folder: str, most: int, kinds: Wanted) -> None:
    settings, models = await load_settings(folder)
    await Server(settings, most=most, kinds=kinds).start(models)


@exit_status
def main(arguments: list[str]) -> int:
    """The command line; an exit status."""
    if len(arguments) != 1:
        print("usage: python -m serving FOLDER", file=sys.stderr)  # noqa: T201
        return 2
    limits, kinds = load(RequestSettings), Kinds.from_environment()
    install_uvloop_event_loop()
    sys.setswitchinterval(SWITCH_SECONDS)
    # Products of a request are too small for several threads, which wait for each other longer than they compute.
    threadpool_limits(1)
    asyncio.run(_serve(arguments[0], limits.callwise_request_megabytes * MEGABYTE, kinds.models))
    return 0
