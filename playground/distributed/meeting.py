"""How the ranks of a run find each other."""

from __future__ import annotations

import os
import time
import uuid
from datetime import timedelta

import torch
import torch.distributed as dist

TIMEOUT = timedelta(minutes=10)
"""A rank that waits for another for longer than this gives up."""


def meet() -> tuple[dist.Store, int, int]:
    """Join the other ranks that torchrun started; return what all of them read and write, rank and size.

    They speak gloo where tensors are on a CPU, and nccl where they are on CUDA.
    """
    has_nccl = torch.cuda.is_available() and dist.is_nccl_available()
    if has_nccl:
        torch.cuda.set_device(min(int(os.environ["LOCAL_RANK"]), torch.cuda.device_count() - 1))
    kept, rank, size = next(dist.rendezvous("env://", timeout=TIMEOUT))
    store = dist.PrefixStore(_lead(kept, size) if rank == 0 else _ask(kept, rank), kept)
    backend = "cpu:gloo,cuda:nccl" if has_nccl else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=TIMEOUT)
    return store, rank, size


def _lead(kept: dist.Store, size: int) -> str:
    """Give this attempt a name, and tell it to all who ask, until every rank has heard it.

    torchrun keeps the store when it starts the ranks again, with all that those of before have left.
    """
    attempt, deadline = uuid.uuid4().hex, time.monotonic() + TIMEOUT.total_seconds()
    missing = set(range(1, size))
    while missing:
        for rank in sorted(missing):
            if kept.check([f"{attempt}/here/{rank}"]):
                missing.remove(rank)
            elif kept.check([f"hello/{rank}"]):
                kept.set(f"attempt/{kept.get(f'hello/{rank}').decode()}", attempt)
        if time.monotonic() > deadline:
            raise TimeoutError(f"Rank {min(missing)} of {size} did not come within {TIMEOUT}.")
        time.sleep(0.01)
    return attempt


def _ask(kept: dist.Store, rank: int) -> str:
    """Return the name that rank 0 gave to this attempt: an answer to this process is never an old one."""
    own = uuid.uuid4().hex
    kept.set(f"hello/{rank}", own)
    attempt = kept.get(f"attempt/{own}").decode()
    kept.set(f"{attempt}/here/{rank}", "")
    return attempt
