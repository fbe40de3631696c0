"""The upgrade of the appliance of docker compose."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path
from typing import Any

from bootstrap.upgrade import database_image
from bootstrap.upgrade.commands import Commands
from bootstrap.upgrade.env_file import moved_pins, variables, with_values
from bootstrap.upgrade.refusals import Refusal, Refused, StepFailed
from bootstrap.upgrade.way import MIB, Say, Way, last_line, room, volumes_bytes, write_private

EXAMPLE, SETTINGS = ".env.example", (".env", "settings.env")
OWN_VERSIONS = ("TRAINER_VERSION", "MONITOR_VERSION")
"""Tags of images that are released by themselves. Built under them, the new images would replace the former ones."""
IMAGES_MIB = 6000
"""Room for the images of a release, and for building them."""
DATA, ARCHIVE = "callwise_", "callwise_backups"
"""What names of the volumes begin with, and the one that has the backups."""
WRITERS = ("caddy", "app", "api", "monitor", "prefect-worker", "mlserver")
"""The services that write, and the door; the others are needed for the backup."""
DOOR = ("caddy",)
DOOR_LINES = ("caddy", "ports", "certificate", "health")
"""Lines of the doctor that speak of the door, which is closed meanwhile."""
DOCTOR_BAD, DOCTOR_ENDS = 1, (0, 1, 2)
"""Exit statuses of the doctor that has looked at everything."""
FCV = (
    'const admin = connect("mongodb://127.0.0.1:27017/admin");'
    ' admin.auth("root", require("fs").readFileSync(process.env.MONGO_INITDB_ROOT_PASSWORD_FILE, "utf8"));'
    " const answer = admin.adminCommand({getParameter: 1, featureCompatibilityVersion: 1});"
    " print(answer.featureCompatibilityVersion.version)"
)
"""For mongosh. The password is in a file of the container, and on no command line, which every user can read."""
AT_WORK, PATIENCE = "is at work on", 600.0
THIS_ONE = {"CALLWISE_STATE": ""}
"""For the scripts: the appliance that is meant, whatever the shell of the one who goes on names."""
PASSPHRASE = "CALLWISE_BACKUP_PASSPHRASE"  # noqa: S105  the name of a variable


class ComposeWay(Way):
    """The appliance whose containers run here."""

    name = "compose"
    to_close = "docker compose stop caddy"

    def __init__(self, root: Path, folder: Path, commands: Commands, say: Say, *, seconds: float = 900.0) -> None:
        super().__init__(root, folder, commands, say)
        self._seconds = seconds

    def described(self) -> dict[str, Any]:
        """As `Way`."""
        return {**super().described(), "seconds": self._seconds}

    def opened(self) -> bool:
        """As `Way`."""
        status, text = self.commands.output("docker", "compose", "ps", "--services", "--status", "running")
        # In half of a switch nothing can be started, as compose.yaml and .env do not fit.
        if status and (self.progress.touched or not self.switching):
            raise StepFailed("docker compose does not say what runs")
        # The check of the new release starts all but the door.
        return not {*text.split()}.isdisjoint(DOOR if self.switching else WRITERS)

    def refusals(self) -> list[Refusal]:
        """As `Way`."""
        found: list[Refusal | None] = [self._disk()]
        if self._env().get("MONGODB_ADDRESS", "mongo:27017") not in ("", "mongo:27017"):
            found.append(
                Refusal(
                    "database", "MONGODB_ADDRESS names a MongoDB elsewhere, and no restore fills it", "docs/scale.md"
                )
            )
        if not self._env().get(PASSPHRASE):
            found.append(Refusal("backup", f".env has no {PASSPHRASE}", "scripts/init adds it"))
        if half := sorted(path.name for path in self.root.glob(".env.rotated-*")):
            found.append(
                Refusal("rotation", f"secrets were replaced, and not seen to work: {half[0]}", "scripts/init --rotated")
            )
        if bad := self._bad_lines():
            found += [Refusal("doctor", line, "scripts/doctor says what to do") for line in bad]
        return [one for one in found if one]

    def prefetch(self) -> None:
        """As `Way`."""
        self.checkout.unpack(self.wanted, self.next)
        self._new_env()
        self._compose("build", cwd=self.next, env=self._images(self._env()))
        # Images are pinned, so one that is here is the right one: a server without a registry upgrades, too.
        self._compose("pull", "--ignore-buildable", "--policy", "missing", "--quiet", cwd=self.next)
        present, new, data = self._mongo(self.root), self._mongo(self.next), self._data_release()
        if refusal := database_image.refusal(present, new, data):
            raise Refused([refusal])
        self.say(f"images {self.wanted.image_tag}; MongoDB {new} opens the data, which are of {data}")

    def close(self) -> None:
        """As `Way`."""
        self._compose("stop", *WRITERS)
        self.say("the door is closed, and nothing writes")

    def backup(self) -> None:
        """As `Way`."""
        deadline = time.monotonic() + PATIENCE
        while True:
            status, printed = self.commands.ask("scripts/backup", env=THIS_ONE)
            if status == 0:
                break
            if AT_WORK not in printed or time.monotonic() > deadline:
                raise StepFailed("\n".join(["scripts/backup failed:", *printed.strip().splitlines()[-5:]]))
            time.sleep(10)
        counted = self._compose(
            "exec", "-T", "backup", "with-account", "python", "-m", "bootstrap.upgrade.within", "count"
        )
        self.note_backup(f"{printed}\n{counted}")
        self.say(f"backup {self.progress.kept['backup']} of {self.progress.kept['made']}")

    def stop(self) -> None:
        """As `Way`."""
        self._compose("down")

    def switch(self) -> None:
        """As `Way`."""
        self.begin_switch()
        self._new_env()  # once more: hours may lie between, and somebody may have changed .env
        self.checkout.switch(self.wanted)
        write_private(self.root / ".env", (self.next / ".env").read_text(encoding="utf-8"))

    def migrate(self) -> None:
        """As `Way`."""
        self._compose("up", "-d", "--wait", "--no-build", "mongo", "s3")
        self._compose("run", "--rm", "--no-deps", "-T", "accounts")
        self._bootstrap("bootstrap.migrations")
        now = last_line(self._bootstrap("bootstrap.upgrade.within", "count"))
        self.compare(now)

    def start(self) -> None:
        """As `Way`."""
        services = [name for name in self._compose("config", "--services").split() if name not in DOOR]
        self._compose("up", "-d", "--wait", "--wait-timeout", str(int(self._seconds)), "--no-build", *services)
        if bad := [line for line in self._bad_lines() if line.split()[0] not in DOOR_LINES]:
            raise StepFailed("the doctor says:\n" + "\n".join(bad))
        self.check_events(last_line(self._bootstrap("bootstrap.upgrade.within", "count")))
        self.say("every service is well")

    def open(self) -> None:
        """As `Way`."""
        self._compose("up", "-d", "--wait", "--no-build")
        self.say("the door is open")

    def switch_back(self) -> None:
        """As `Way`."""
        # In this order: the new compose.yaml may want variables that only the new .env has.
        # No container stays: the account that it holds may be one of a .env that is there no more.
        if self.switching:  # else a person's changes are in the files
            self.checkout.switch(self.before)
            self._settings_back()
        self._compose("down", "--remove-orphans")

    def restore(self) -> None:
        """As `Way`."""
        self._settings_back()  # a restore that was cut off leaves a .env with secrets of nobody's
        own = {name: value for name, value in self._env().items() if name in (PASSPHRASE, "IMAGE_VERSION")}
        own |= {**THIS_ONE, "CALLWISE_RESTORE_CLOSED": "1"}  # the door opens in the next step, which may be repeated
        kept = self.progress.kept["backup"]
        self.commands.run("scripts/restore", "--docker", "volume", "--backup", kept, env=own)
        self._settings_back()  # a backup has no lines of a person's own
        self.say(f"backup {kept}; what the new release left lies in before-restore-…")

    def start_again(self) -> None:
        """As `Way`."""
        self._compose("up", "-d", "--wait", "--no-build")
        self.say("the former release runs, and the door is open")

    def clear(self) -> None:
        """As `Way`."""
        super().clear()
        for name in SETTINGS:
            self._former(name).unlink(missing_ok=True)

    def keep_settings(self) -> None:
        """As `Way`."""
        for name in SETTINGS:
            self._former(name).unlink(missing_ok=True)
            if (self.root / name).exists():
                write_private(self._former(name), (self.root / name).read_text(encoding="utf-8"))

    def _former(self, name: str) -> Path:
        return self.folder / f"before{name if name.startswith('.') else f'.{name}'}"

    def _settings_back(self) -> None:
        for name in SETTINGS:
            if self._former(name).exists():
                write_private(self.root / name, self._former(name).read_text(encoding="utf-8"))

    def _new_env(self) -> None:
        """Write the .env of the new release beside its code: the images that it pins, and the secrets that it adds."""
        former = self._former(".env")  # where a switch was cut off, the .env here may be the new one
        env = (former if former.exists() else self.root / ".env").read_text(encoding="utf-8")
        example = self.checkout.text(self.before, EXAMPLE)
        pins = moved_pins(env, example, (self.next / EXAMPLE).read_text(encoding="utf-8"))
        write_private(self.next / ".env", with_values(env, {**pins, **self._images(variables(env))}))
        if (self.root / "settings.env").exists():
            shutil.copy(self.root / "settings.env", self.next / "settings.env")
        for name in sorted(path.name for path in self.root.glob("compose.override.y*ml")):
            shutil.copy(self.root / name, self.next / name)
        self.commands.run("scripts/init", cwd=self.next)

    def _images(self, env: dict[str, str]) -> dict[str, str]:
        """The variables that name the new images; also of services that follow a version of their own in `env`."""
        own = [name for name in OWN_VERSIONS if name in env]
        tags = dict.fromkeys(["IMAGE_VERSION", *own], self.wanted.image_tag)
        return {**tags, "IMAGE_REVISION": self.wanted.commit}

    def _mongo(self, folder: Path) -> str:
        """The version of MongoDB in the image that the .env in `folder` names."""
        image = variables((folder / ".env").read_text(encoding="utf-8")).get("MONGO_IMAGE", "")
        if not image:
            raise StepFailed(f"{folder / '.env'} has no MONGO_IMAGE; scripts/init adds it")
        form = "{{range .Config.Env}}{{println .}}{{end}}"
        status, text = self.commands.output("docker", "image", "inspect", "--format", form, image)
        found = re.search(r"^MONGO_VERSION=(.+)$", text, re.MULTILINE) if status == 0 else None
        return found[1] if found else image.rpartition(":")[2]

    def _data_release(self) -> str:
        """The release whose features the data use; "" if the database does not say it."""
        ask = ("mongosh", "--quiet", "--norc", "--nodb", "--eval", FCV)
        status, text = self.commands.output("docker", "compose", "exec", "-T", "mongo", *ask)
        return text.strip().rpartition("\n")[2] if status == 0 else ""

    def _bootstrap(self, *words: str) -> str:
        return self._compose("run", "--rm", "--no-deps", "-T", "bootstrap", "python", "-m", *words)

    def _compose(self, *words: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
        return self.commands.run("docker", "compose", *words, cwd=cwd, env=env)

    def _bad_lines(self) -> list[str]:
        """What the doctor says is to be repaired, each line without its grade."""
        status, text = self.commands.ask("scripts/doctor", env=THIS_ONE)
        found = [line[3:].strip() for line in text.splitlines() if line.startswith("BAD")]
        if status not in DOCTOR_ENDS or bool(found) != (status == DOCTOR_BAD):
            return [*found, f"doctor ended with status {status}, and did not look at everything"]
        return found

    def _disk(self) -> Refusal | None:
        status, folder = self.commands.output("docker", "info", "--format", "{{.DockerRootDir}}")
        where = Path(folder.strip()) if status == 0 else self.root
        status, text = self.commands.output("docker", "system", "df", "--verbose", "--format", "{{json .}}")
        try:
            data = volumes_bytes(text, DATA, but=ARCHIVE) if status == 0 else None
        except (ValueError, TypeError, KeyError):
            data = None
        if data is None:
            return Refusal("disk", "docker does not say how large the volumes are", "docker system df --verbose")
        # One more copy is in the archive, and one beside what a restore sets aside.
        needed = IMAGES_MIB * MIB + 2 * data
        return room(where if where.exists() else self.root, needed, "the images of a release, a backup and a restore")

    def _env(self) -> dict[str, str]:
        path = self.root / ".env"
        return variables(path.read_text(encoding="utf-8")) if path.exists() else {}
