"""Training against a plain PyTorch loop: speed, time to a loss, memory, and what logging costs."""

from __future__ import annotations

from playground.bench.train_loss import print_time_to_loss
from playground.bench.train_memory import print_memory
from playground.bench.train_overhead import print_overhead
from playground.bench.train_speed import print_speed
from playground.bench.train_text import VARIABLE, bench_text


def bench_train() -> None:
    """Training against a plain PyTorch loop: speed, time to a loss, peak memory; cost of logging."""
    data, d_vocab, named = bench_text()
    if not named:
        print(f"text: the built-in stories; {VARIABLE}=FILE names another, such as tiny Shakespeare")
    print_speed(data, d_vocab)
    print_time_to_loss(data, d_vocab)
    print_memory()
    print_overhead()
