"""How much of its memory a container uses, from its cgroup (https://docs.kernel.org/admin-guide/cgroup-v2.html)."""

from __future__ import annotations

from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def used_share(folder: Path = CGROUP) -> float | None:
    """The share of the limit in use, from 0 to 1; None without a limit of its own.

    Pages of files that the kernel can drop at once do not count: they fill every container in the end.
    """
    try:
        limit = (folder / "memory.max").read_text().strip()
        if limit == "max":
            return None
        used = int((folder / "memory.current").read_text())
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return max(0, used - int(stat.get("inactive_file", 0))) / int(limit)
    except (OSError, ValueError):
        return None
