"""Peak memory at GPT-2's vocabulary, each loop in a process of its own."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

WHICH = ("nothing", "plain", "ours")


def print_memory() -> None:
    """Print the peak memory of two steps of the ARENA demo, by the plain loop and by ours."""
    peak = {which: _peak_of(which) for which in WHICH}
    libraries = peak["nothing"]
    plain, ours = peak["plain"] - libraries, peak["ours"] - libraries
    print(f"peak memory of the ARENA demo over the {libraries / 2**20:,.0f} MiB of the libraries:")
    print(
        f"  plain {plain / 2**20:,.0f} MiB, ours {ours / 2**20:,.0f} MiB, ratio {ours / plain:.2f}; ", end=""
    )
    print(f"of the whole processes {peak['ours'] / peak['plain']:.2f}", flush=True)


def _peak_of(which: str) -> int:
    code = f"from playground.bench.train_memory import steps_in_this_process as f; print(f({which!r}))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(result.stdout.split()[-1])


def steps_in_this_process(which: str, steps: int = 2) -> int:
    """Take steps of one loop in float32 and return this process's peak memory in bytes."""
    import numpy as np
    import torch

    from playground.bench.own_loop import OwnLoop, with_precision
    from playground.bench.plain_loop import PlainLoop
    from playground.devices import memory_bytes
    from playground.presets import preset
    from playground.training import Data

    config = preset("arena").config
    config = dataclasses.replace(config, model=dataclasses.replace(config.model, d_vocab=50257))
    tokens = np.random.default_rng(0).integers(config.model.d_vocab, size=10_000)
    if which == "plain":
        loop = PlainLoop(config.model, config.train.batch_size, tokens)
    else:
        loop = OwnLoop(with_precision(config, "float32"), Data(tokens, tokens, 1.0))
    for _ in range(0 if which == "nothing" else steps):
        loop.step()
    return memory_bytes(torch.device("cpu"))
