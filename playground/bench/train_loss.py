"""Time to the loss of nanoGPT's CPU recipe, by the default recipe at its size."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playground.training import Data

TARGET = 1.886
"""Validation loss, in nats a character, of nanoGPT's CPU recipe on tiny Shakespeare after PLAIN_STEPS."""

PLAIN_STEPS, STEPS, TURN = 2000, 350, 25


def print_time_to_loss(data: Data, d_vocab: int) -> None:
    """Train by the default recipe for STEPS steps; print its loss, and its time beside the plain loop's.

    The plain loop takes a few steps between ours, and its median is counted PLAIN_STEPS times.
    Only steps are timed, no evaluation of either.
    """
    from playground.bench.own_loop import OwnLoop
    from playground.bench.plain_loop import PlainLoop
    from playground.bench.train_speed import at_vocabulary, default_recipe
    from playground.presets import preset

    classic = at_vocabulary(preset("shakespeare-cpu").config, d_vocab)
    recipe = default_recipe(classic)
    recipe = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, steps=STEPS))
    plain, ours = PlainLoop(classic.model, classic.train.batch_size, data.train), OwnLoop(recipe, data)
    threads = ours.set_threads()
    plain.step()
    plain_times, seconds = [], 0.0
    for _ in range(STEPS // TURN):
        seconds += _seconds(ours.step, TURN)
        plain_times.append(_seconds(plain.step, TURN // 2) / (TURN // 2))
    loss, whole = ours.validation_loss(), PLAIN_STEPS * median(plain_times)
    print(f"default recipe, {STEPS} steps: validation loss {loss:.3f} (on Shakespeare, to reach: {TARGET})")
    print(
        f"  in {seconds:.1f} s; {PLAIN_STEPS:,} steps of the plain loop take {whole:.1f} s: "
        f"ratio {seconds / whole:.3f} (threads a run chooses: {threads})"
    )


def _seconds(step: Callable[[], None], count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        step()
    return time.perf_counter() - began
