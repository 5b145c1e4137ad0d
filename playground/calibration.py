"""A second of measuring before a run: the fastest number of CPU threads, and this machine's peak."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from playground.accounting.seconds import WORTH_IT
from playground.config import RunConfig
from playground.devices import available_cores, mixed_precision, uses_bfloat16
from playground.models import Model
from playground.training import Data, loss_of

ROUNDS = 3
"""Each number of threads is timed this often, in turn, and judged by its fastest time."""

PEAK_SIZE, PEAK_ROUNDS = 768, 4


def choose_threads(model: Model, data: Data, config: RunConfig) -> int:
    """Return the number of CPU threads with which a training step is fastest; weights are left as they are.

    Counting cores is not enough: a browser or another run on the same cores can make two threads
    slower than one, since each waits for the other at every step.
    """
    step = rehearsal(model, data, config, torch.device("cpu"))
    candidates = thread_candidates(available_cores())
    times = dict.fromkeys(candidates, float("inf"))
    torch.set_num_threads(candidates[0])
    step()  # the first step also allocates
    for _ in range(ROUNDS):
        for threads in candidates:
            torch.set_num_threads(threads)
            times[threads] = min(times[threads], timed(step))
    return best_of(times)


def rehearsal(model: Model, data: Data, config: RunConfig, device: torch.device) -> Callable[[], None]:
    """Return what runs a batch forwards and backwards, and leaves weights, gradients and generators alone."""
    generator = torch.Generator().manual_seed(0)
    batch = data.rows("train", config.model.n_ctx).draw(config.train.batch_size, device, generator)

    def step() -> None:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):  # dropout draws
            with mixed_precision(device, config.train.precision):
                loss = loss_of(model, *batch)
            loss.backward()
        model.zero_grad(set_to_none=True)
        if device.type != "cpu":
            torch.accelerator.synchronize(device)

    return step


def best_of(times: dict[int, float]) -> int:
    """Return the number of threads to use: more only where they are clearly worth it."""
    best = min(times)
    for threads in sorted(times):
        if times[threads] <= WORTH_IT * times[best]:
            best = threads
    return best


def thread_candidates(cores: int) -> list[int]:
    """Return 1, 2, 4, … up to the number of cores."""
    counts = [1]
    while counts[-1] * 2 <= cores:
        counts.append(counts[-1] * 2)
    return counts if counts[-1] == cores else [*counts, cores]


def timed(action: Callable[[], object]) -> float:
    """Return the seconds that an action takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def peak_flops(device: torch.device, precision: str = "auto") -> float:
    """Measure the floating-point operations per second of a large matrix product on this device.

    Model FLOP utilisation (MFU) is counted against this machine's own peak, with the threads now set and in
    the precision of the run: products in bfloat16 may be several times as fast as those in float32.
    """
    size = PEAK_SIZE * (8 if device.type == "cuda" else 1)
    dtypes = [torch.float32, *([torch.bfloat16] if uses_bfloat16(device, precision) else [])]
    return 2 * size**3 / min(product_seconds(size, device, dtype) for dtype in dtypes)


def product_seconds(size: int, device: torch.device, dtype: torch.dtype) -> float:
    """Return the fastest time of a product of two square matrices."""
    a = torch.randn(size, size, device=device, dtype=dtype)

    def multiply() -> None:
        product = a @ a
        product[0, 0].item()  # waits for the device

    multiply()
    return min(timed(multiply) for _ in range(PEAK_ROUNDS))
