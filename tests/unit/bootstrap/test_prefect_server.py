"""Prefect's server on SQLite: a transaction that reads and then writes waits for its turn instead of failing."""

from __future__ import annotations

import asyncio
import importlib.util
import sqlite3
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy as sa
from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.server.utilities import worker_channel
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from core.settings.group import ROOT


@pytest.fixture
def mended(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    # Put back afterwards: the file mends Prefect where it is imported.
    name = "_persist_worker_channel_heartbeat"
    monkeypatch.setattr(worker_channel, name, getattr(worker_channel, name))
    found = importlib.util.spec_from_file_location("prefect_server", ROOT / "deploy" / "prefect_server.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def beat(path: Path, *, first: bool, mended: ModuleType) -> bool:
    """Reads and then writes, while somebody else tries to write between the two; whether that one could."""

    async def work(session: AsyncSession) -> bool:
        await session.execute(sa.text("SELECT * FROM beats"))
        with sqlite3.connect(path, timeout=0) as other:
            try:
                other.execute("INSERT INTO beats VALUES ('other')")
                other.commit()
                between = True
            except sqlite3.OperationalError:
                between = False
        other.close()
        await session.execute(sa.text("INSERT INTO beats VALUES ('own')"))
        return between

    async def run() -> bool:
        database = AioSqliteConfiguration(f"sqlite+aiosqlite:///{path}")
        engine = await database.engine()
        session = await database.session(engine)
        try:
            async with session, database.begin_transaction(session):
                return bool(await (mended.locking_first(work) if first else work)(session))
        finally:
            await engine.dispose()

    return asyncio.run(run())


@pytest.fixture
def beats(tmp_path: Path) -> Path:
    path = tmp_path / "prefect.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE beats (who TEXT)")
    made.close()
    return path


def test_without_the_mend_the_write_is_refused_at_once(beats: Path, mended: ModuleType) -> None:
    with pytest.raises(OperationalError, match="database is locked"):
        beat(beats, first=False, mended=mended)


def test_with_it_nobody_can_write_in_between(beats: Path, mended: ModuleType) -> None:
    assert not beat(beats, first=True, mended=mended)
    with sqlite3.connect(beats) as made:
        assert made.execute("SELECT who FROM beats").fetchall() == [("own",)]
    made.close()


def test_heartbeats_over_a_workers_channel_are_mended(mended: ModuleType) -> None:
    assert worker_channel._persist_worker_channel_heartbeat.__wrapped__  # type: ignore[attr-defined]
