"""`scripts/get-data`, run as people run it, against a source on loopback."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.settings.group import ROOT

SCRIPT = ROOT / "scripts" / "get-data"


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


# Hashes pack badly, so that the file is larger than what is read at once.
LINES = "\n".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(5_000))
GOOD = zipped({"bank-additional/bank-additional-full.csv": LINES.encode()})
GOOD_HASH = hashlib.sha256(GOOD).hexdigest()
NESTED = zipped({"bank.zip": b"not this one", "__MACOSX/bank-additional.zip": b"nor this", "bank-additional.zip": GOOD})


class Source(ThreadingHTTPServer):
    """Answers with what `give` holds, one a request (the last one for ever): a status, or the content."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.give: list[int | bytes] = []
        self.cut: list[int] = []  # for each request: send only so many bytes of what was promised
        self.asked = 0
        self.hold = threading.Event()  # answers wait half-way until it is set
        self.hold.set()
        self.half_way = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/bank+marketing.zip"


class Answer(BaseHTTPRequestHandler):
    server: Source

    def do_GET(self) -> None:
        source = self.server
        answer = source.give[min(source.asked, len(source.give) - 1)]
        cut = source.cut[source.asked] if source.asked < len(source.cut) else None
        source.asked += 1
        if isinstance(answer, int):
            self.send_error(answer)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        body, half = answer[:cut], len(answer) // 2
        self.wfile.write(body[:half])
        self.wfile.flush()
        source.half_way.set()
        source.hold.wait(60)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # whoever asked was stopped meanwhile
            self.wfile.write(body[half:])

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output to themselves."""


@pytest.fixture
def source() -> Iterator[Source]:
    with Source() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.hold.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    def run(url: str, *arguments: str, to: Path | None = None) -> subprocess.Popen[str]:
        command = [sys.executable, "-I", "-S", str(SCRIPT), "--from", url, "--sha256", GOOD_HASH, "--pause", "0"]
        command += ["--to", str(to or tmp_path / "data" / "bank-additional.zip"), *arguments]
        environment = {"PATH": os.environ["PATH"], "no_proxy": "127.0.0.1"}
        # A shell's background job has Ctrl-C ignored, and so would its children.
        before = signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            return subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
            )
        finally:
            signal.signal(signal.SIGINT, before)

    return run


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(start: Callable[..., subprocess.Popen[str]]) -> Run:
    def finish(*arguments: str, **named: Path) -> tuple[int, str, str]:
        process = start(*arguments, **named)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    return finish


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("given", [GOOD, NESTED], ids=["the file itself", "inside the published archive"])
def test_a_good_source(source: Source, run: Run, folder: Path, given: bytes) -> None:
    source.give = [given]
    code, out, _ = run(source.url)
    assert code == 0
    assert "is there" in out
    assert source.url in out
    assert len(out.splitlines()) == 1
    assert (folder / "bank-additional.zip").read_bytes() == GOOD
    assert names(folder) == ["bank-additional.zip"]


def test_a_good_file_is_not_downloaded_again(source: Source, run: Run, folder: Path) -> None:
    source.give = [GOOD]
    run(source.url)
    before = (folder / "bank-additional.zip").stat()
    code, out, _ = run(source.url)
    after = (folder / "bank-additional.zip").stat()
    assert (code, source.asked) == (0, 1)
    assert "already there" in out
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_somebody_elses_file_stays(source: Source, run: Run, tmp_path: Path) -> None:
    mine = tmp_path / "mine.zip"
    mine.write_bytes(b"my own")
    code, out, err = run(source.url, to=mine)
    assert (code, out, source.asked) == (5, "", 0)
    assert str(mine) in err
    assert "nothing was changed" in err
    assert mine.read_bytes() == b"my own"


@pytest.mark.parametrize(
    "given",
    [
        b"<html>please log in</html>",
        GOOD[:-1] + b"?",
        zipped({"bank-additional.zip": GOOD[:-1] + b"?"}),
        zipped({"other.csv": b"1"}),
        NESTED[:-30],
        NESTED[:50_000] + bytes(50_000) + NESTED[100_000:],
        b"",
    ],
    ids=[
        "a page",
        "one byte wrong",
        "one byte wrong inside",
        "another archive",
        "a short archive",
        "a damaged archive",
        "nothing",
    ],
)
def test_a_wrong_file_is_refused(source: Source, run: Run, folder: Path, given: bytes) -> None:
    source.give = [given]
    code, out, err = run(source.url)
    assert (code, out, source.asked) == (4, "", 1)
    assert "not the published file" in err
    assert GOOD_HASH in err
    assert names(folder) == []


def test_a_missing_file_is_not_asked_for_again(source: Source, run: Run, folder: Path) -> None:
    source.give = [404]
    code, out, err = run(source.url)
    assert (code, out, source.asked) == (3, "", 1)
    assert "404" in err
    assert source.url in err
    assert names(folder) == []


def test_a_source_that_stumbles_is_tried_again(source: Source, run: Run, folder: Path) -> None:
    source.give = [503, GOOD, GOOD]
    source.cut = [0, len(GOOD) // 3, len(GOOD)]
    code, _, err = run(source.url)
    assert (code, source.asked) == (0, 3)
    assert "503" in err
    assert f"of {len(GOOD):,} bytes" in err
    assert (folder / "bank-additional.zip").read_bytes() == GOOD


def test_tries_come_to_an_end(source: Source, run: Run, folder: Path) -> None:
    source.give = [500]
    code, _, err = run(source.url, "--tries", "3")
    assert (code, source.asked) == (3, 3)
    assert "in 3 tries" in err
    assert names(folder) == []


def test_nobody_answers(run: Run, folder: Path) -> None:
    with socket.socket() as reserved:  # bound and not listening: connections are refused
        reserved.bind(("127.0.0.1", 0))
        code, out, err = run(f"http://127.0.0.1:{reserved.getsockname()[1]}/x.zip", "--tries", "2")
    assert (code, out) == (3, "")
    assert "no connection" in err
    assert "nothing was kept" in err
    assert "data/sample-campaign.zip" in err
    assert "Traceback" not in err
    assert names(folder) == []


@pytest.mark.parametrize(
    ("way", "code"), [(signal.SIGTERM, 130), (signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_stopped_half_way_and_run_again(
    source: Source,
    start: Callable[..., subprocess.Popen[str]],
    run: Run,
    folder: Path,
    way: signal.Signals,
    code: int,
) -> None:
    source.give = [GOOD]
    source.hold.clear()
    process = start(source.url)
    assert source.half_way.wait(30)
    process.send_signal(way)
    process.communicate(timeout=30)
    assert process.returncode == code
    assert not (folder / "bank-additional.zip").exists()
    source.hold.set()
    assert run(source.url)[0] == 0
    assert names(folder) == ["bank-additional.zip"]
    assert (folder / "bank-additional.zip").read_bytes() == GOOD


def test_two_at_once(source: Source, start: Callable[..., subprocess.Popen[str]], folder: Path) -> None:
    source.give = [GOOD]
    source.hold.clear()
    first = start(source.url)
    assert source.half_way.wait(30)
    second = start(source.url)
    assert second.stderr is not None
    assert "waiting" in second.stderr.readline()
    source.hold.set()
    assert "is there" in first.communicate(timeout=60)[0]
    assert "already there" in second.communicate(timeout=60)[0]
    assert (first.returncode, second.returncode, source.asked) == (0, 0, 1)
    assert names(folder) == ["bank-additional.zip"]


def test_a_copy_on_disk_is_a_source_too(run: Run, tmp_path: Path, folder: Path) -> None:
    copy = tmp_path / "from a stick.zip"
    copy.write_bytes(NESTED)
    assert run(copy.as_uri())[0] == 0
    assert (folder / "bank-additional.zip").read_bytes() == GOOD
    code, _, err = run((tmp_path / "none.zip").as_uri(), "--tries", "1", to=tmp_path / "b.zip")
    assert code == 3
    assert "none.zip" in err


def test_a_place_that_cannot_be_written(source: Source, run: Run, tmp_path: Path) -> None:
    source.give = [GOOD]
    (tmp_path / "file").write_text("x")
    code, _, err = run(source.url, to=tmp_path / "file" / "bank-additional.zip")
    assert code == 5
    assert "could not be written" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--sha256", "abc"], "hexadecimal"),
        (["--tries", "0"], "--tries"),
        (["--from", "ftp://x/y"], "ftp"),
        (["--from", "http://[x"], "--from"),
        (["--from", "http://x:port/"], "--from"),
        (["--from", "https:///x"], "--from"),
    ],
)
def test_wrong_arguments(run: Run, arguments: list[str], word: str) -> None:
    code, _, err = run("http://127.0.0.1:9/x", *arguments)
    assert code == 2
    assert word in err


def test_the_published_hash_and_address_are_the_defaults() -> None:
    command = [sys.executable, str(SCRIPT), "--help"]
    wide = {**os.environ, "COLUMNS": "200"}  # so that the address is not broken over lines
    text = subprocess.run(command, capture_output=True, text=True, check=True, env=wide).stdout
    assert "https://archive.ics.uci.edu/static/public/222/bank+marketing.zip" in text
    assert "e689f38cc6bd689f64f031e7a1fbe0849aabb7ad57544fc75068e30129bbd514" in SCRIPT.read_text("utf-8")


def test_the_real_file_passes_the_real_hash(tmp_path: Path) -> None:
    path = os.environ.get("BANK_MARKETING_ZIP")
    if not path:
        pytest.skip("BANK_MARKETING_ZIP does not name the UCI file (scripts/get-data downloads it)")
    command = [sys.executable, str(SCRIPT), "--from", Path(path).resolve().as_uri(), "--to", str(tmp_path / "b.zip")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert (tmp_path / "b.zip").read_bytes() == Path(path).read_bytes()
