"""A command of the playground as a child process, followed from the page and ended with its event."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playground import runs
from playground.files import read_json_lines
from playground.limits import limits, way_out

POLL_SECONDS = 0.25


class ChildError(ValueError):
    """A command that failed; the message is its last sentence."""


def follow(*arguments: str, token: str = "") -> Iterator[list[dict[str, Any]]]:
    """Run `python -m playground ARGUMENTS`, and yield its objects of JSON as they come, at times none.

    A token for the Hub goes into the child's environment alone. Closing the iterator ends the child. Raises
    ChildError with what it said last if it fails, or if it takes longer than a run may here.
    """
    began, most = time.monotonic(), limits().run_seconds or float("inf")
    folder = Path(tempfile.mkdtemp(prefix="playground-child-"))
    child = _start(folder, arguments, token)
    try:
        byte = 0
        while True:
            is_over = child.poll() is not None
            lines, byte = read_json_lines(folder / "out.jsonl", byte)
            yield lines
            if is_over:
                break
            if time.monotonic() - began > most:
                raise ChildError(f"This took {most:,} seconds, the most that is allowed here. {way_out()}")
            time.sleep(POLL_SECONDS)
        if child.returncode:
            said = runs.last_lines(folder / "log.txt", 1)
            raise ChildError(said[0].removeprefix("python -m playground: ") if said else "It was ended.")
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        child.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path, arguments: tuple[str, ...], token: str) -> subprocess.Popen:
    environment = runs.worker_environment() | ({"HF_TOKEN": token} if token else {})
    with open(folder / "out.jsonl", "wb") as out, open(folder / "log.txt", "wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "playground", *arguments],
            stdin=subprocess.DEVNULL, stdout=out, stderr=log, cwd=runs.PROJECT, env=environment,
        )  # fmt: skip
