"""Training against a plain PyTorch loop: what is quick to measure at once, the rest by names of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.bench.train_compile import print_compiled
from playground.bench.train_loss import print_time_to_loss
from playground.bench.train_memory import print_memory
from playground.bench.train_overhead import print_overhead
from playground.bench.train_speed import print_speed
from playground.bench.train_text import VARIABLE, bench_text

if TYPE_CHECKING:
    from playground.training import Data


def bench_train() -> None:
    """Training against a plain PyTorch loop at 0.8M parameters: speed, peak memory; cost of logging."""
    print_speed(*_text(), "shakespeare-cpu", rounds=12, steps=10)
    print_memory()
    print_overhead()


def bench_train_large() -> None:
    """Training against a plain PyTorch loop at 10M parameters: speed, of few steps; minutes."""
    print_speed(*_text(), "shakespeare-gpu", rounds=3, steps=1)


def bench_time_to_loss() -> None:
    """Time to the loss of nanoGPT's CPU recipe, beside 2,000 steps of a plain PyTorch loop."""
    print_time_to_loss(*_text())


def bench_compile() -> None:
    """What compiling the blocks of a 0.8M model takes and gives; about two minutes."""
    print_compiled(*_text())


def _text() -> tuple[Data, int]:
    data, d_vocab, named = bench_text()
    if not named:
        print(f"text: the built-in stories; {VARIABLE}=FILE names another, such as tiny Shakespeare")
    return data, d_vocab
