"""What a Hugging Face Space would see: `python -m tests.space_layout COMMAND ...` runs a command there.

The app's files as they are in the repository, in a folder that can only be read; a user without rights, with
a home of its own and nothing in it; SPACE_ID set; and no network but the machine's own loopback.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
USER = "1000"

LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40
request = struct.pack("16sh", b"lo", IFF_UP | IFF_RUNNING)
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), SIOCSIFFLAGS, request)
os.execvp(sys.argv[1], sys.argv[1:])
"""


def files_of_the_app() -> list[Path]:
    """Return what a push would send, relative to the project."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, capture_output=True, check=True).stdout.decode().split("\0")
    return sorted(Path(name) for name in names if name and (ROOT / name).is_file())


@contextmanager
def laid_out() -> Iterator[Path]:
    """Yield a folder with `app`, which can only be read, and an empty `home`; it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="space-"))
    folder.chmod(0o755)
    try:
        for name in files_of_the_app():
            (folder / "app" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / "app" / name)
        (folder / "home").mkdir()
        _set_modes(folder / "app", 0o555, 0o444)
        yield folder
    finally:
        _set_modes(folder / "app", 0o755, 0o644)
        shutil.rmtree(folder)


def _set_modes(folder: Path, folders: int, files: int) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(folders if path.is_dir() else files)


def space_environment(folder: Path) -> dict[str, str]:
    """Return what a program in the Space finds in its environment: nothing of this user's own."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "CHROMIUM", "CI")}
    return {
        **kept,
        "HOME": str(folder / "home"),
        "SPACE_ID": "someone/playground",
        "SPACE_APP": str(folder / "app"),
    }


def inside(command: list[str]) -> list[str]:
    """Return the command line that runs a command as a user without rights and without a network."""
    as_root = [] if os.getuid() == 0 else ["--user", "--map-root-user"]
    without_network = ["unshare", *as_root, "--net", sys.executable, "-c", LOOPBACK_UP]
    return [*without_network, "unshare", "--user", f"--map-user={USER}", f"--map-group={USER}", *command]


def can_be_laid_out() -> bool:
    """Tell whether this system lets a process have a network and a user of its own."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(inside(["true"]), capture_output=True).returncode == 0


if __name__ == "__main__":
    with laid_out() as place:
        wanted = sys.argv[1:] or [sys.executable, "app.py"]
        sys.exit(subprocess.call(inside(wanted), cwd=place / "app", env=space_environment(place)))
