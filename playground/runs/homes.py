"""Where the runs live: in the folder that was named, beside the app, or where this user may write."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SHIPPED = "demo"
"""The trained run that comes with the app."""

SETTING = "PLAYGROUND_RUNS"


def runs_root() -> Path:
    """Return the folder of all runs: PLAYGROUND_RUNS, checkpoints/ beside app.py, or a folder of the user's.

    The last is for an app that was installed where it can only be read.
    """
    named = os.environ.get(SETTING)
    if named:
        return Path(named).resolve()
    beside = PROJECT / "checkpoints"
    return beside.resolve() if _is_writable(beside) else _own_folder()


def _is_writable(folder: Path) -> bool:
    existing = folder if folder.exists() else folder.parent
    return os.access(existing, os.W_OK | os.X_OK)


def _own_folder() -> Path:
    try:
        home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    except RuntimeError:  # a user without a home
        home = Path()
    known = [path for path in (home, *home.parents) if path.exists()]
    if home.is_absolute() and known and os.access(known[0], os.W_OK | os.X_OK):
        return home / "transformer-playground" / "runs"
    user = os.getuid() if hasattr(os, "getuid") else "own"
    return Path(tempfile.gettempdir()) / f"transformer-playground-{user}" / "runs"


def on_space() -> bool:
    """Tell whether this is a Hugging Face Space."""
    return bool(os.environ.get("SPACE_ID"))


def forgets_runs() -> bool:
    """Tell whether a restart of the machine wipes the runs: on a Space without a volume for them."""
    return on_space() and not os.environ.get(SETTING)


def comes_with_demo() -> bool:
    """Tell whether the trained run is brought to the runs: on a Space, or where code is read only."""
    return on_space() or not (os.environ.get(SETTING) or _is_writable(PROJECT / "checkpoints"))


def bring_demo(root: Path) -> None:
    """Copy the trained run that comes with the app to where the runs are, unless it is there.

    It appears whole or not at all. Raises OSError, as on a full disk.
    """
    source, target = PROJECT / "checkpoints" / SHIPPED, root / SHIPPED
    if target.exists() or not source.is_dir():
        return
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".demo-") as folder:
        copy = Path(folder) / SHIPPED
        shutil.copytree(source, copy, copy_function=shutil.copyfile)
        for path in (copy, *copy.rglob("*")):  # what could only be read there can be changed here
            path.chmod(0o755 if path.is_dir() else 0o644)
        with contextlib.suppress(FileExistsError):  # another app was faster
            copy.rename(target)
