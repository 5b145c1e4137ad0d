"""Deleted runs: they lie in a folder beside the others for some days, and can be brought back."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from playground.locks import hold
from playground.runs.folders import LOCK, RunError, move_to_free_name
from playground.runs.owners import is_own, require_own
from playground.runs.queue import cancel
from playground.runs.state import is_under_way, status

TRASH = ".trash"
KEPT_DAYS = 14
DAY_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Deleted:
    """A run in the trash."""

    token: str
    """Names it to restore_run."""
    name: str
    deleted: float
    """Seconds since the epoch."""


def delete_run(run: Path) -> str:
    """Move a run into the trash and return the token that restores it; a run in the queue leaves that first.

    Raises RunError for a run that is under way.
    """
    require_own(run)
    empty_trash(run.parent, older_than_days=KEPT_DAYS)
    cancel(run)
    with hold(run.parent / LOCK):
        if is_under_way(status(run)):
            raise RunError(f"{run.name} is under way: stop it first, then delete it.")
        trash = run.parent / TRASH
        trash.mkdir(exist_ok=True)
        token = f"{time.time_ns()}~{run.name}"
        run.rename(trash / token)
    return token


def restore_run(root: Path, token: str) -> Path:
    """Bring a deleted run back under its name, or a numbered one if that is taken; return its folder.

    Raises RunError if it is not in the trash any more.
    """
    found = next((d for d in deleted_runs(root) if d.token == token), None)
    if found is None:
        raise RunError(f"{token.partition('~')[2] or 'The run'} is not in the trash any more.")
    with hold(root / LOCK):
        return move_to_free_name(root / TRASH / found.token, root, found.name)


def deleted_runs(root: Path) -> list[Deleted]:
    """Return the runs in the trash that the asker may change, the last deleted first."""
    return [run for run in _all_deleted(root) if is_own(root / TRASH / run.token)]


def _all_deleted(root: Path) -> list[Deleted]:
    found = []
    for folder in (root / TRASH).glob("*~*"):
        moment, _, name = folder.name.partition("~")
        if moment.isdecimal() and name:
            found.append(Deleted(folder.name, name, int(moment) / 10**9))
    return sorted(found, key=lambda run: run.deleted, reverse=True)


def empty_trash(root: Path, *, older_than_days: float = 0.0) -> int:
    """Delete for good what has been in the trash for so long; return how many runs that were.

    Of what has just been deleted, only what the asker may change.
    """
    limit = time.time() - older_than_days * DAY_SECONDS
    found = _all_deleted(root) if older_than_days >= KEPT_DAYS else deleted_runs(root)
    gone = [run for run in found if run.deleted <= limit]
    for run in gone:
        shutil.rmtree(root / TRASH / run.token, ignore_errors=True)
    return len(gone)
