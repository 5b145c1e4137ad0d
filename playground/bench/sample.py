"""How fast text is drawn, beside Hugging Face's generate with its cache: same weights, same settings."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playground.config import ModelConfig, SampleConfig

LIKE_GPT2: dict[str, Any] = {
    "positions": "learned",
    "norm": "layernorm",
    "activation": "gelu_tanh",
    "bias": True,
    "qk_norm": False,
    "tie_embeddings": True,
}
"""Settings that GPT-2 has too, so that the weights can be handed over."""

SHAPES = {
    "0.8M": ModelConfig(d_vocab=65, n_ctx=256, d_model=128, n_heads=4, n_layers=4, **LIKE_GPT2),
    "10M": ModelConfig(d_vocab=65, n_ctx=256, d_model=384, n_heads=6, n_layers=6, **LIKE_GPT2),
}
PROMPT = [1, 2, 3, 4, 5, 6, 7, 8]


def bench_sample(n_tokens: int = 150, rounds: int = 5) -> None:
    """Tokens per second beside Hugging Face's generate, alone and 16 at once; the first token's wait."""
    import torch

    threads_before = torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        print(f"tokens per second with {threads} threads: median of {rounds} rounds in turn, and the ratio")
        for name, config in SHAPES.items():
            for n_texts in (1, 16):
                _compare(f"{name}, {n_texts:2} at once", config, n_texts, n_tokens, rounds)
    torch.set_num_threads(threads_before)
    first_token_beside_a_run()


def _compare(what: str, config: ModelConfig, n_texts: int, n_tokens: int, rounds: int) -> None:
    import torch

    from playground.models import build_model
    from playground.models.large_pages import in_large_pages
    from playground.pretrained import to_hf
    from playground.sampling import generate_batch

    torch.manual_seed(0)
    model = in_large_pages(build_model(config).eval())  # as load_run lays the weights
    theirs: Any = to_hf(model)
    settings = SampleConfig(max_tokens=n_tokens, temperature=0.8)
    prompts = torch.tensor([PROMPT] * n_texts)

    def our_text() -> None:
        for _ in generate_batch(model, PROMPT, settings, n_texts):
            pass

    def their_text() -> None:
        theirs.generate(
            prompts, attention_mask=torch.ones_like(prompts), do_sample=True, temperature=0.8, top_k=0,
            max_new_tokens=n_tokens, min_new_tokens=n_tokens, pad_token_id=0, use_cache=True,
        )  # fmt: skip

    ours, their = _in_turn((our_text, their_text), rounds)
    speeds = [n_texts * n_tokens / statistics.median(seconds) for seconds in (ours, their)]
    ratio = statistics.median(b / a for a, b in zip(ours, their, strict=True))
    print(f"  {what:18} {speeds[0]:8,.0f} against {speeds[1]:8,.0f}: {ratio:.2f} x")


def _in_turn(works: tuple[Callable[[], None], ...], rounds: int) -> list[list[float]]:
    """Return the seconds of each in every round, after one that isn't counted."""
    seconds: list[list[float]] = [[] for _ in works]
    for round_ in range(rounds + 1):
        for work, found in zip(works, seconds, strict=True):
            began = time.perf_counter()
            work()
            if round_:
                found.append(time.perf_counter() - began)
    return seconds


def first_token_beside_a_run(rounds: int = 20) -> None:
    """Milliseconds to the first token on a loaded model while a run trains."""
    import torch

    from playground import presets, runs
    from playground.bench.processes import end
    from playground.models import build_model
    from playground.sampling import generate

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PLAYGROUND_RUNS"] = folder
        run = runs.create(Path(folder), "beside", presets.preset(presets.DEFAULT_PRESET).config.to_json())
        pid = runs.start(run)
        try:
            while runs.status(run)["step"] < 10:
                time.sleep(0.2)
            for name, config in SHAPES.items():
                model = build_model(config).eval()
                waits = []
                for _ in range(rounds):
                    time.sleep(0.1)
                    began = time.perf_counter()
                    next(generate(model, PROMPT, SampleConfig()))
                    waits.append(1000 * (time.perf_counter() - began))
                print(f"first token of {name} while a run trains: median {statistics.median(waits):.1f} ms, "
                      f"slowest of {rounds} {max(waits):.1f} ms")  # fmt: skip
        finally:
            end(pid)
