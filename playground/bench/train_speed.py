"""Tokens per second beside the plain loop, in alternating rounds."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playground.config import RunConfig
    from playground.training import Data


def print_speed(data: Data, d_vocab: int, name: str, rounds: int, steps: int) -> None:
    """Print how many times as many tokens a second ours learns from, at a preset's size."""
    from playground.accounting import count_parameters
    from playground.bench.own_loop import OwnLoop, with_precision
    from playground.bench.plain_loop import PlainLoop
    from playground.presets import preset

    classic = at_vocabulary(preset(name).config, d_vocab)
    default = default_recipe(classic)
    shape, batch = classic.model, classic.train.batch_size
    ours = {
        "GPT-2 in float32": with_precision(classic, "float32"),
        "default recipe in float32": with_precision(default, "float32"),
        "default recipe in auto": with_precision(default, "auto"),
    }
    plain, own = PlainLoop(shape, batch, data.train), {key: OwnLoop(c, data) for key, c in ours.items()}
    threads = own["default recipe in auto"].set_threads()
    loops: dict[str, Callable[[], None]] = {"plain": plain.step}
    loops |= {key: loop.step for key, loop in own.items()}
    times = interleave(loops, rounds, steps)
    million = count_parameters(shape)["total"] / 1e6
    tokens = batch * shape.n_ctx
    print(
        f"{million:.1f} M parameters, {batch} x {shape.n_ctx} tokens a step, "
        f"{threads} threads (as a run chooses); plain loop {per_s(times['plain'], tokens)}"
    )
    for key in ours:
        ratio = median(p / o for p, o in zip(times["plain"], times[key], strict=True))
        print(f"  {key}: {per_s(times[key], tokens)}, {ratio:.2f} x the plain loop", flush=True)


def at_vocabulary(config: RunConfig, d_vocab: int) -> RunConfig:
    """Return the config without dropout, for a vocabulary of this size."""
    model = dataclasses.replace(config.model, d_vocab=d_vocab, dropout=0.0)
    return dataclasses.replace(config, model=model)


def default_recipe(classic: RunConfig) -> RunConfig:
    """Return the default preset's architecture and optimizer at the size and batch of another config."""
    from playground.presets import DEFAULT_PRESET, preset

    default, shape = preset(DEFAULT_PRESET).config, classic.model
    model = dataclasses.replace(
        default.model.underived(), d_vocab=shape.d_vocab, n_ctx=shape.n_ctx, d_model=shape.d_model,
        n_heads=shape.n_heads, n_layers=shape.n_layers,
    )  # fmt: skip
    return dataclasses.replace(classic, model=model, optim=default.optim)


def interleave(loops: dict[str, Callable[[], None]], rounds: int, steps: int) -> dict[str, list[float]]:
    """Return the seconds a step of each loop, by round; the loops take turns, after one step to warm up."""
    times: dict[str, list[float]] = {name: [] for name in loops}
    for step in loops.values():
        step()
    for _ in range(rounds):
        for name, step in loops.items():
            began = time.perf_counter()
            for _ in range(steps):
                step()
            times[name].append((time.perf_counter() - began) / steps)
    return times


def per_s(times: list[float], tokens: int) -> str:
    """Return the median speed in words."""
    return f"{tokens / median(times):,.0f} tokens/s"
