"""Start the worker of a run on several processes of this machine."""

from __future__ import annotations

import os
from pathlib import Path

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import main as torchrun

from playground.devices import available_cores


def launch(run: Path, processes: int, *, resume: bool) -> None:
    """Train a run with so many processes, and wait for their end; status.json says what it was.

    A signal that asks this process to end is passed on to them.
    """
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, available_cores() // processes)))
    # Behind "--", or torchrun takes --run for the beginning of an option of its own.
    worker = ["-m", "playground", "--", "train", "--run", str(run), *(["--resume"] if resume else [])]
    try:
        torchrun(["--standalone", f"--nproc-per-node={processes}", *worker])
    except (ChildFailedError, SignalException):
        return  # the worker has said why, in the run's status
