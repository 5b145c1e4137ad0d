"""Figures of this machine: `python -m playground bench WHAT`. Times that matter are ratios within one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from playground.bench.estimate import bench_estimate
from playground.bench.evaluate import bench_evaluate
from playground.bench.finetune import bench_finetune
from playground.bench.inspect import bench_inspect
from playground.bench.launch import bench_launch
from playground.bench.load_pretrained import bench_load_pretrained
from playground.bench.loop import bench_loop
from playground.bench.page import bench_page
from playground.bench.pairs import bench_pairs
from playground.bench.preparing import bench_memory, bench_memory_bpe, bench_preparing
from playground.bench.sample import bench_sample
from playground.bench.tick import bench_tick
from playground.bench.train import bench_compile, bench_time_to_loss, bench_train, bench_train_large

BENCHES: dict[str, Callable[[], None]] = {
    "compile": bench_compile,
    "estimate": bench_estimate,
    "evaluate": bench_evaluate,
    "finetune": bench_finetune,
    "inspect": bench_inspect,
    "launch": bench_launch,
    "load-pretrained": bench_load_pretrained,
    "loop": bench_loop,
    "page": bench_page,
    "pairs": bench_pairs,
    "preparing": bench_preparing,
    "memory": bench_memory,
    "memory-bpe": bench_memory_bpe,
    "sample": bench_sample,
    "tick": bench_tick,
    "train": bench_train,
    "train-large": bench_train_large,
    "time-to-loss": bench_time_to_loss,
}


def main(argv: Sequence[str]) -> int:
    """Run the named measurements, or all of them."""
    if "--help" in argv or "-h" in argv or any(name not in BENCHES for name in argv):
        rows = "\n".join(
            f"  {name:12} {(run.__doc__ or '').splitlines()[0]}" for name, run in BENCHES.items()
        )
        print(f"usage: python -m playground bench [WHAT …]\n\n{rows}")
        return 0 if "--help" in argv or "-h" in argv else 2
    for name in argv or list(BENCHES):
        print(f"== {name}", flush=True)
        BENCHES[name]()
    return 0
