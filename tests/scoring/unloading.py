"""`python -m tests.scoring.unloading FOLDER`: the scoring service, in which a signal takes the model out of service.

Nothing that it offers does so any more; SIGUSR1 stands for whatever may. After SIGUSR2 the model does not load again.
"""

import asyncio
import os
import signal
import sys

from mlserver.settings import ModelSettings

from serving import server


class Unloading(server.Server):
    """The real one, and two signals."""

    async def start(self, models_settings: list[ModelSettings]) -> None:
        loop, name = asyncio.get_running_loop(), models_settings[0].name
        running: set[asyncio.Task[None]] = set()

        def unload() -> None:
            running.add(loop.create_task(self._model_registry.unload(name)))

        def spoil() -> None:
            os.environ["CALLWISE_CANARY_SHARE"] = "no number"
            unload()

        loop.add_signal_handler(signal.SIGUSR1, unload)
        loop.add_signal_handler(signal.SIGUSR2, spoil)
        await super().start(models_settings)


if __name__ == "__main__":
    server.Server = Unloading  # type: ignore[misc]
    sys.exit(server.main(sys.argv[1:]))
