"""Run folders: where they are, what they are called, and what lies in them."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import time
from pathlib import Path
from typing import Any

from playground.files import is_number, read_json, read_json_lines, write_json_atomic, write_text_atomic
from playground.limits import LimitError, limits
from playground.locks import hold
from playground.runs.errors import RunError
from playground.runs.owners import OWNER_FILE, Asker, claim, is_seen, read_owner

LOCK = ".lock"
"""File in the folder of runs: whoever changes which runs there are, or which of them train, holds it."""


def create(root: Path, name: str, config_json: str) -> Path:
    """Make a new run folder with its config; if the name is taken, a number is added.

    It belongs to whoever asks. Raises RunError for one run too many, or settings over the limits.
    """
    with hold(root / LOCK):  # so that two at the same time are not both the last one that is allowed
        _admit(root, config_json)
        run = _new_folder(root, name)
        claim(run)
        write_text_atomic(run / "config.json", config_json, durable=True)
    created = {"state": "stopped", "reason": "Not started yet.", "created": time.time()}
    write_json_atomic(run / "status.json", created)
    return run


def _admit(root: Path, config_json: str = "") -> None:
    bounds = limits()
    if not bounds.hold:
        return
    from playground.admission import check_settings  # which knows the size of a model

    try:
        if config_json:
            check_settings(config_json)
        asker = Asker.ask()
        owner = asker.owner if asker else ""
        if asker and not owner:
            raise RunError("Who you are is not known here, so nothing can be kept for you: reload the page.")
        kept = [read_owner(run) for run in all_runs(root)]
        bounds.check("visitor_runs", 1 + kept.count(owner) if owner else 0, DELETE_FIRST)
        bounds.check("total_runs", 1 + len(kept), "With this one, the number of runs of all visitors")
    except LimitError as error:
        raise RunError(str(error)) from error


DELETE_FIRST = "With this one (delete others in the Runs tab), the number of your runs"


def _new_folder(root: Path, name: str) -> Path:
    base = _folder_name(name)
    root.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(1):
        run = root / (base if number == 1 else f"{base}-{number}")
        with contextlib.suppress(FileExistsError):
            run.mkdir()
            return run
    raise AssertionError("there is always a next number")


def move_to_free_name(folder: Path, root: Path, name: str) -> Path:
    """Move a whole run folder in among the runs; if the name is taken, a number is added.

    If it has no owner, it belongs to whoever asks. Raises RunError for one run too many.
    """
    _admit(root)
    if not (folder / OWNER_FILE).exists():
        claim(folder)
    run = _new_folder(root, name)
    run.rmdir()
    folder.rename(run)
    return run


def _folder_name(name: str) -> str:
    """Reduce a name to letters, digits, dot, dash and underscore, so that it can't leave its folder."""
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:60]
    return cleaned or "run"


def find(root: Path, name: str) -> Path:
    """Return the folder of the run of this name; raises RunError if there is none that the asker may see."""
    run = root / name
    known = bool(name) and name == _folder_name(name) and (run / "config.json").is_file()
    if not (known and is_seen(run)):
        raise RunError(f"There is no run named {name!r}.")
    return run


def list_runs(root: Path) -> list[Path]:
    """Return the folders of all runs that the asker may see, newest first."""
    return [run for run in all_runs(root) if is_seen(run)]


def all_runs(root: Path) -> list[Path]:
    """Return the folders of all runs, whoever asks, newest first."""
    folders = [path.parent for path in root.glob("*/config.json")]
    return sorted(folders, key=lambda run: (_created(run), run.name), reverse=True)


def _created(run: Path) -> float:
    created: Any = (read_json(run / "status.json") or {}).get("created")
    return float(created) if is_number(created) and abs(created) < FAR_FUTURE else 0.0


FAR_FUTURE = 1e15

SEEN_FILE = ".seen"
"""Its age tells when somebody last looked at a run."""
SEEN_SECONDS = 10


def mark_seen(run: Path) -> None:
    """Note that somebody looks at a run now, if the last note of that is some seconds old."""
    file = run / SEEN_FILE
    with contextlib.suppress(OSError):  # a full disk, or the run was deleted: it is only a hint
        if not file.exists() or abs(time.time() - file.stat().st_mtime) > SEEN_SECONDS:
            file.touch()


def last_lines(path: Path, count: int) -> list[str]:
    """Return the last non-empty lines of a text file, none if it is missing."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 8192))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return []
    return [line.strip() for line in re.split(r"[\r\n]+", text) if line.strip()][-count:]


def read_metrics(run: Path, since_byte: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Return the metric records from a byte of metrics.jsonl on, and the byte to go on from."""
    return read_json_lines(run / "metrics.jsonl", since_byte)


def read_samples(run: Path, since_byte: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Return the completions from a byte of samples.jsonl on, and the byte to go on from."""
    return read_json_lines(run / "samples.jsonl", since_byte)


def read_events(run: Path, since_byte: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Return what was done to the run from a byte of events.jsonl on, and the byte to go on from."""
    return read_json_lines(run / "events.jsonl", since_byte)


def checkpoints(run: Path) -> list[int]:
    """Return the steps of which there is a whole checkpoint, in order."""
    names = [path.parent.name for path in run.glob("checkpoints/step-*/state.json")]
    return sorted(int(name[5:]) for name in names if name[5:].isdigit())


def checkpoint_folder(run: Path, step: int) -> Path:
    """Return where the checkpoint of a step lies."""
    return run / "checkpoints" / f"step-{step:06d}"
