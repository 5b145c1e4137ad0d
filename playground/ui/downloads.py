"""Packed runs that wait to be fetched by the browser."""

from __future__ import annotations

import functools
import secrets
import tempfile
import time
from pathlib import Path

import gradio as gr

from playground.run_archive import export_run

KEPT_SECONDS = 3600


@functools.cache
def downloads_folder() -> Path:
    """Return this app's folder of archives, of which the page may serve what is in it."""
    folder = Path(tempfile.mkdtemp(prefix="playground-downloads-"))
    gr.set_static_paths([folder])
    return folder


def offer(run: Path) -> Path:
    """Pack a run where the browser can fetch it, and return the archive; old ones are cleared away.

    Raises ArchiveError, or OSError as on a full disk.
    """
    archive = place_for(f"{run.name}.zip")
    export_run(run, archive)
    return archive


def place_for(name: str) -> Path:
    """Return where a file of this name can be written for the browser to fetch; old ones are cleared away."""
    _clear(time.time() - KEPT_SECONDS)
    folder = downloads_folder() / secrets.token_urlsafe(16)
    folder.mkdir()
    return folder / name


def _clear(before: float) -> None:
    for old in downloads_folder().iterdir():
        if old.stat().st_mtime < before:
            for file in old.iterdir():
                file.unlink()
            old.rmdir()
