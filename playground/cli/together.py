"""`train` as one of the processes that torchrun started."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from playground.cli.arguments import UsageError
from playground.cli.run_folders import run_folder, train_args


def train_together(argv: Sequence[str]) -> int:
    """Train with the other ranks and return the exit status; rank 0 alone reads the flags and writes.

    A run that was stopped ends with 0: torchrun would take any other status for a failure.
    """
    parent = os.getppid()  # before anything slow: torchrun may be gone by then
    from playground import worker
    from playground.distributed import join
    from playground.follower import follow

    group = join(parent)
    try:
        folder, resume = group.from_first(lambda: _folder(argv))
        group.look_after(folder)
        if group.rank > 0:
            return follow(folder, group)
        status = worker.work(folder, resume=resume, world=group)
        return worker.DONE if status == worker.STOPPED else status
    finally:
        group.leave()


def _folder(argv: Sequence[str]) -> tuple[Path, bool]:
    """Return the folder to train in, and whether to go on from its last checkpoint."""
    from playground import worker

    args = train_args(argv, "train")
    restarts, allowed = (_number(f"TORCHELASTIC_{name}") for name in ("RESTART_COUNT", "MAX_RESTARTS"))
    if allowed and not args.run:
        raise UsageError("with --max-restarts, name the folder by --run: a restart looks for its run there.")
    if restarts and (Path(args.run) / "config.json").is_file():
        return Path(args.run).resolve(), True
    folder = run_folder(args, argv)
    worker.refuse_if_busy(folder)
    print(f"training in {folder}", flush=True)
    return folder.resolve(), args.resume or bool(args.source)


def _number(name: str) -> int:
    return int(os.environ.get(name, 0))
