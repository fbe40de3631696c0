"""The state folder of one embedded appliance: its lock, its secrets, and its layout.

state/
├── appliance.json   ports of the last start; marks the folder as ours
├── secrets.json     generated once, readable by its owner only
├── lock             held by the runner
├── home/            HOME of all services: caches and settings of their tools
├── log/             one log a service
├── run/             files of the current run; working directories
├── backup/          copies while a backup or a drill is made; the backups lie in a folder beside the state
└── s3/ mongo/ mlflow/ prefect/ evidently/ registry/ spool/ mlserver/     data
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Any

from core.errors import Conflict, SettingsError

SOCKET_PATH_MAX = 100
"""Longest path of a unix socket on every system (sun_path has 108 bytes, unix(7)), less a suffix."""
FOLDERS = ("home", "log", "run", "s3", "s3/data", "mongo", "mlflow", "prefect", "evidently", "spool", "mlserver")


class StateFolder:
    """One appliance's folder. Nothing is written before `lock`."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock: int | None = None

    @property
    def sockets(self) -> Path:
        """Folder of the unix sockets: in the state folder, or a short temporary one if that path is too long."""
        inside = self.path / "run"
        if len(str(inside / "supervisor.sock")) <= SOCKET_PATH_MAX:
            return inside
        digest = hashlib.sha256(str(self.path).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"callwise-{os.getuid()}-{digest}"

    def lock(self) -> None:
        """Make the folder and lock it until `unlock`.

        Raises Conflict if another runner has locked it, SettingsError if the folder contains something else.
        """
        if self.path.exists() and not (self.path / "lock").exists() and any(self.path.iterdir()):
            raise SettingsError(
                f"{self.path} is not empty and not a state folder of Callwise.",
                kept="Nothing was changed in it.",
                next="Name another folder with --state.",
            )
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode().strip()
            os.close(descriptor)
            raise Conflict(
                f"The appliance in {self.path} is in use by process {holder}.",
                kept="It continues unchanged.",
                next="Stop that one with Ctrl-C first, or run a second one with --state.",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._lock = descriptor

    def unlock(self) -> None:
        """Release the folder for another runner; remove the sockets' folder if it is elsewhere."""
        if self._lock is not None:
            if self.sockets.exists() and not self.sockets.is_relative_to(self.path):
                shutil.rmtree(self.sockets)
            os.close(self._lock)
            self._lock = None

    def prepare(self) -> None:
        """Make the folders; remove the files of an earlier run."""
        self._held()
        if (self.path / "run").exists():
            shutil.rmtree(self.path / "run")
        for name in FOLDERS:
            (self.path / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        self.sockets.mkdir(exist_ok=True, mode=0o700)
        if self.sockets.stat().st_uid != os.getuid():
            raise Conflict(f"{self.sockets} belongs to another user.", next="Use a state folder with a shorter path.")

    def reset(self) -> None:
        """Delete everything but the lock. Raises Conflict unless this runner has the lock."""
        self._held()
        for entry in self.path.iterdir():
            if entry.name == "lock":
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def read_json(self, name: str) -> dict[str, Any]:
        """The JSON document `name`; empty if there is none."""
        try:
            document: dict[str, Any] = json.loads((self.path / name).read_text())
        except FileNotFoundError:
            return {}
        return document

    def write(self, name: str, document: object) -> None:
        """Replace the JSON document `name`, readable by its owner only; complete or not at all."""
        target = self.path / name
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")  # mode 0600
        with os.fdopen(descriptor, "w") as file:
            json.dump(document, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)

    def secrets(self) -> dict[str, str]:
        """The appliance's secrets, generated at the first call (secrets.token_hex: 80 to 256 bits)."""
        known = self.read_json("secrets.json")
        generated = {
            "S3_ACCESS_KEY": secrets.token_hex(16),
            "S3_SECRET_KEY": secrets.token_hex(32),
            "CALLWISE_ROUTING_KEY": secrets.token_hex(32),
            "CALLWISE_ERASURE_KEY": secrets.token_hex(32),
            "CALLWISE_CONTACT_KEY": secrets.token_hex(32),
            "CALLWISE_SECOND_FACTOR_KEY": secrets.token_hex(32),
            "ADMIN_PASSWORD": secrets.token_hex(10),
            "PREFECT_API_AUTH_STRING": f"callwise:{secrets.token_hex(10)}",  # people type it in the embedded appliance
            "CALLWISE_BACKUP_PASSPHRASE": secrets.token_hex(20),
        }
        if "CALLWISE_VERIFYING_KEY" not in known:
            # Imported here because every service's launcher reads this module, and only the first start needs it.
            from core.models.signature import Signer  # noqa: PLC0415

            signing = known.get("CALLWISE_SIGNING_KEY") or secrets.token_hex(32)
            pair = {"CALLWISE_SIGNING_KEY": signing, "CALLWISE_VERIFYING_KEY": Signer(signing).verifying_key}
            generated = {**generated, **pair}
        if generated.keys() - known:  # a new folder, or the folder of an earlier version
            known = {**generated, **known}
            self.write("secrets.json", known)
        return known

    def _held(self) -> None:
        if self._lock is None:
            raise Conflict(f"{self.path} is not locked by this runner.")
