"""Folders kept under the hash of what they were made from: made once, whole or absent, whoever asks.

`PLAYGROUND_CACHE` names the place; without it, `.prepared` beside the runs. It may be deleted at any time:
what a run needs lies in the run's own folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playground.locks import hold
from playground.runs import runs_root

MAX_CACHE_BYTES = 4 * 2**30
"""Beyond this, the folders that were not used for longest are deleted."""


def cache_root() -> Path:
    """Return the folder of the cache."""
    return Path(os.environ.get("PLAYGROUND_CACHE") or runs_root() / ".prepared").resolve()


def key_of(values: dict[str, Any]) -> str:
    """Return the name of what is made from these values (anything that JSON can hold)."""
    return hashlib.blake2b(json.dumps(values, sort_keys=True).encode(), digest_size=16).hexdigest()


def folder_for(key: str, make: Callable[[Path], None], waiting: Callable[[], None]) -> Path:
    """Return the folder of a key; if there is none yet, `make` fills an empty one that takes its place.

    Of two processes that ask at once one makes it and the other waits; `waiting` is called meanwhile, and
    may raise to give up. If `make` fails or is cut off, nothing is left under the key.
    """
    root = cache_root()
    folder = root / key
    with hold(root / "locks" / key, waiting):
        if not folder.is_dir():
            unfinished = root / f".{key}"  # of a process that was cut off; the lock says that it is gone
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            try:
                make(unfinished)
            except BaseException:
                shutil.rmtree(unfinished, ignore_errors=True)
                raise
            os.replace(unfinished, folder)
    os.utime(folder)
    make_room(root, keep=folder)
    return folder


def make_room(root: Path, keep: Path) -> None:
    """Delete the folders that were not used for longest, until the rest is small enough."""
    folders = [path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")]
    folders = [path for path in folders if path.name != "locks" and path != keep]
    used = sorted(((_last_used(path), path) for path in folders), reverse=True)
    total = size_of(keep)
    for _, path in used:
        total += size_of(path)
        if total > MAX_CACHE_BYTES:
            shutil.rmtree(path, ignore_errors=True)


def _last_used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:  # deleted by another process
        return 0.0


def size_of(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total
