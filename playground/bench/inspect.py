"""How long a look into a model takes, on one thread as in the page."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial

from playground.config import ModelConfig

SHAPES = {
    "10.6M, characters": ModelConfig(d_vocab=65, n_ctx=256, d_model=384, n_heads=6, n_layers=6),
    "10.5M, 16,384 tokens": ModelConfig(d_vocab=16_384, n_ctx=256, d_model=256, n_heads=4, n_layers=3),
    "0.9M, 1,024 tokens": ModelConfig(d_vocab=1024, n_ctx=128, d_model=128, n_heads=4, n_layers=3),
}


def bench_inspect(n_tokens: int = 1024, rounds: int = 5) -> None:
    """Seconds of inspecting 1,024 tokens in windows, of all attention patterns, and of the logit lens."""
    import torch

    from playground.inspection import attention_patterns, head_scores, logit_lens, score_tokens
    from playground.models import build_model

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    print(f"seconds on one thread: least and median of {rounds} rounds in turn")
    for name, config in SHAPES.items():
        model = build_model(config)
        tokens = torch.randint(config.d_vocab, (n_tokens,)).tolist()
        one_window = tokens[: config.n_ctx]
        looks = {
            f"{n_tokens:,} tokens": partial(score_tokens, model, tokens),
            f"patterns, {config.n_ctx} tokens": partial(attention_patterns, model, one_window),
            "heads scored": partial(head_scores, model),
            f"lens, {config.n_ctx} tokens": partial(logit_lens, model, one_window),
        }
        for what, (least, median) in in_turn(looks, rounds).items():
            print(f"  {name:22} {what:22} {least:6.3f} {median:6.3f}")
    torch.set_num_threads(threads)


def in_turn(looks: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, tuple[float, float]]:
    """Return the least and the median seconds of each, measured in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in looks}
    for _ in range(rounds):
        for name, look in looks.items():
            began = time.perf_counter()
            look()
            seconds[name].append(time.perf_counter() - began)
    return {name: (min(found), sorted(found)[len(found) // 2]) for name, found in seconds.items()}
