"""The ranks of a run that torchrun started: their shares, their sums, and which of them is gone."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from playground import processes
from playground.config import ConfigError, RunConfig
from playground.devices import available_cores
from playground.distributed.meeting import TIMEOUT, meet
from playground.distributed.watch import Watch
from playground.distributed.world import LossOf, World
from playground.memory import memory_kills

VERDICT_SECONDS = 3.0
"""So long after the first sign it takes at most until a dead process is seen to be dead."""

NETWORK = re.compile(r"timed? ?out|connection (closed|reset|refused)|broken pipe", re.IGNORECASE)
"""What gloo and nccl say when another rank does not answer."""

RESUME = "Resume, and the run goes on from its last checkpoint."
BAD_ARGUMENTS = 2
Answer = TypeVar("Answer")


class LostProcessError(RuntimeError):
    """Another process of the run died or failed; the message says which."""


def join(parent: int) -> Group:
    """Meet the other ranks, as the variables say that torchrun set; `parent` is torchrun's process."""
    watch = Watch(parent)
    watch.start()
    return Group(*meet(), watch)


class Group(World):
    """This process among the ranks of a run."""

    def __init__(self, store: dist.Store, rank: int, size: int, watch: Watch) -> None:
        self.store, self.rank, self.size, self.watch = store, rank, size, watch
        pid, self.host = os.getpid(), socket.gethostname()
        self.kills = memory_kills()
        own = {"rank": rank, "host": self.host, "pid": pid, "start_time": processes.start_time(pid)}
        found: list[Any] = [None] * size
        dist.all_gather_object(found, own)
        self.members = tuple(found)
        self.local_size = sum(member["host"] == self.host for member in found)
        self.replica: DistributedDataParallel | None = None

    def begin_step(self, seed: int, step: int) -> None:
        """Let dropout differ from rank to rank, and be the same again when a run is resumed."""
        if self.rank > 0:
            torch.manual_seed(hash((seed, step, self.rank)) % 2**63)

    def loss(
        self,
        loss_of: LossOf,
        model: nn.Module,
        inputs: Int[Tensor, "batch pos"],
        targets: Int[Tensor, "batch pos"],
        *,
        is_last: bool,
    ) -> Float[Tensor, ""]:
        """Return `size` times the loss of this rank's share of the rows: the average is the whole."""
        if self.replica is None:
            self.replica = DistributedDataParallel(_Objective(model, loss_of))
        self.replica.require_backward_grad_sync = is_last
        return self.size * self.replica(inputs[self.rank :: self.size], targets[self.rank :: self.size])

    def average(self, value: Float[Tensor, ""]) -> Float[Tensor, ""]:
        """Return the average of a number over all ranks."""
        value = value.clone()
        dist.all_reduce(value)
        return value / self.size

    def total(self, *numbers: float) -> list[float]:
        """Return the sums of numbers over all ranks."""
        sums = torch.tensor(numbers, dtype=torch.float64)
        dist.all_reduce(sums)
        return sums.tolist()

    def threads_each(self) -> int:
        """Return this machine's cores, shared out among the ranks on it."""
        return max(1, available_cores() // self.local_size)

    def check(self, config: RunConfig, device: torch.device) -> None:
        """Raise ConfigError if so many processes can't train this."""
        rows, n_gpus = config.train.batch_size, torch.cuda.device_count()
        if rows < self.size:
            raise ConfigError(
                f"batch_size is {rows}, but {self.size} processes share its rows, at least one each: "
                f"choose batch_size {self.size} or more, or fewer processes."
            )
        if device.type == "mps" and self.size > 1:
            raise ConfigError("device is mps, which one process alone can use: choose device cpu.")
        if device.type == "cuda" and self.local_size > n_gpus:
            raise ConfigError(
                f"{self.local_size} processes were started on {self.host}, whose GPUs number "
                f"{n_gpus}: choose at most so many, or device cpu."
            )

    def from_first(self, make: Callable[[], Answer]) -> Answer:
        """Return on every rank what rank 0 makes; where that fails, rank 0 says why and all end."""
        box: list[Any] = [None, False]
        if self.rank == 0:
            try:
                box = [make(), True]
            except BaseException:
                dist.broadcast_object_list(box, src=0)
                raise
        dist.broadcast_object_list(box, src=0)
        if not box[1]:
            raise SystemExit(BAD_ARGUMENTS)
        return box[0]

    def look_after(self, run: Path) -> None:
        """From here on, end this process soon after another rank of the run died."""
        self.watch.begin(run, self.who_died, self.is_heir)

    def who_died(self) -> str:
        """Return a sentence about a rank of this machine that is dead, or an empty text."""
        for member in self.members:
            if member["host"] == self.host and not processes.is_alive(member["pid"], member["start_time"]):
                why = ", because memory ran out" if memory_kills() != self.kills else ""
                who = f"rank {member['rank']} of {self.size} (process {member['pid']})"
                return f"The process of {who} died{why}. {RESUME}"
        return ""

    def is_heir(self) -> bool:
        """Tell whether this is the lowest rank left on the machine of rank 0: it writes why the run ended."""
        here = [m for m in self.members if m["host"] == self.members[0]["host"]]
        alive = [m["rank"] for m in here if processes.is_alive(m["pid"], m["start_time"])]
        return self.host == self.members[0]["host"] and self.rank == min(alive, default=-1)

    def cause_of(self, error: BaseException) -> BaseException:
        """Return LostProcessError if another rank is gone; the network says so before the system does."""
        deadline = time.monotonic() + VERDICT_SECONDS
        while time.monotonic() < deadline and not self.is_over():
            if sentence := self._last_words() or self.who_died():
                return LostProcessError(sentence)
            time.sleep(0.05)
        if (said := NETWORK.search(str(error))) is None or self.is_over():
            return error
        return LostProcessError(
            f"Rank {self.rank} of {self.size} could not reach another rank ({said[0].lower()}): its machine "
            f"or the network is down, or it hangs. {RESUME}"
        )

    def _last_words(self) -> str:
        with contextlib.suppress(RuntimeError):  # where rank 0 kept the store, it went with it
            for rank in range(self.size):
                if rank != self.rank and self.store.check([f"failed/{rank}"]):
                    return f"Rank {rank} of {self.size} failed: {self.store.get(f'failed/{rank}').decode()}"
        return ""

    def leave_word(self, reason: str) -> None:
        """Leave for the others why this rank can't go on."""
        with contextlib.suppress(RuntimeError):
            self.store.set(f"failed/{self.rank}", reason)

    def is_over(self) -> bool:
        """Tell whether rank 0 has ended the run, and said why."""
        with contextlib.suppress(RuntimeError):
            return self.store.check(["over"])
        return False

    def leave(self) -> None:
        """Part from the others; they stay until rank 0 has written everything."""
        self.watch.is_off.set()
        if self.rank == 0:
            with contextlib.suppress(RuntimeError):
                self.store.set("over", "")

    def await_rank_0(self) -> None:
        """Wait until rank 0 has ended the run: torchrun must find nobody gone before."""
        with contextlib.suppress(RuntimeError):
            self.store.wait(["over"], TIMEOUT)


class _Objective(nn.Module):
    """A model with its loss: DistributedDataParallel has to see the forward pass of the two in one."""

    def __init__(self, model: nn.Module, loss_of: LossOf) -> None:
        super().__init__()
        self.model, self.loss_of = model, loss_of

    def forward(self, inputs: Tensor, targets: Tensor) -> Tensor:
        return self.loss_of(self.model, inputs, targets)
