"""What compiling the blocks takes and gives, at the size of nanoGPT's CPU recipe."""

from __future__ import annotations

import os
import tempfile
import time
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playground.config import RunConfig
    from playground.training import Data


def print_compiled(data: Data, d_vocab: int, rounds: int = 8, steps: int = 10) -> None:
    """Print the seconds of compiling with nothing kept from before, and what a step takes then."""
    from playground.bench.own_loop import with_precision
    from playground.bench.train_speed import at_vocabulary, default_recipe
    from playground.presets import preset

    classic = at_vocabulary(preset("shakespeare-cpu").config, d_vocab)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
        for name, config in (("GPT-2", classic), ("default recipe", default_recipe(classic))):
            _print_one(name, with_precision(config, "auto"), data, rounds, steps)


def _print_one(name: str, config: RunConfig, data: Data, rounds: int, steps: int) -> None:
    from playground.bench.own_loop import OwnLoop
    from playground.bench.train_speed import interleave
    from playground.compiled_blocks import compile_blocks

    plain, compiled = OwnLoop(config, data), OwnLoop(config, data)
    threads = plain.set_threads()
    compile_blocks(compiled.model)
    began = time.perf_counter()
    compiled.step()
    seconds = time.perf_counter() - began
    times = interleave({"plain": plain.step, "compiled": compiled.step}, rounds, steps)
    ms = {kind: 1e3 * median(each) for kind, each in times.items()}
    saved = ms["plain"] - ms["compiled"]
    after = f"after {1e3 * seconds / saved:,.0f} steps" if saved > 0 else "never"
    print(
        f"{name}, {threads} threads: compiled in {seconds:.0f} s; a step takes {ms['compiled']:.1f} ms "
        f"instead of {ms['plain']:.1f}, ratio {ms['plain'] / ms['compiled']:.2f}; it pays back {after}",
        flush=True,
    )
