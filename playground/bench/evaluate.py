"""How much faster questions are answered 16 at once than one by one."""

from __future__ import annotations

import random
import statistics
import time

from playground.bench.sample import LIKE_GPT2
from playground.config import ModelConfig, SampleConfig

SHAPES = {
    "10M by bytes": ModelConfig(d_vocab=257, n_ctx=512, d_model=384, n_heads=6, n_layers=6),
    "GPT-2 of 30M": ModelConfig(d_vocab=50257, n_ctx=512, d_model=384, n_heads=6, n_layers=6, **LIKE_GPT2),
}
BATCH = 16


def bench_evaluate(n_questions: int = 16, rounds: int = 3) -> None:
    """Questions answered 16 at once against one by one: seconds, the ratio, and whether all answers agree."""
    import torch

    from playground.models import build_model
    from playground.models.large_pages import in_large_pages

    lengths = random.Random(0)
    prompts = [lengths.randint(40, 160) for _ in range(n_questions)]
    answers = [lengths.randint(30, 130) for _ in range(n_questions)]
    print(
        f"{n_questions} questions of {min(prompts)} to {max(prompts)} tokens, answers of {min(answers)} to "
        f"{max(answers)}, {torch.get_num_threads()} threads; best of {rounds} rounds in turn"
    )
    for name, config in SHAPES.items():
        torch.manual_seed(0)
        model = in_large_pages(build_model(config).eval())  # as load_run lays the weights
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn_like(parameter), alpha=0.02)
        rows = [torch.randint(config.d_vocab, (length,)).tolist() for length in prompts]
        _compare(name, model, rows, answers, rounds)


def _compare(name: str, model, rows: list[list[int]], answers: list[int], rounds: int) -> None:
    ways = {"one by one": _one_by_one, "batches": _in_batches}
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    written: dict[str, list[list[int]]] = {}
    for _ in range(rounds):
        for way, work in ways.items():
            began = time.perf_counter()
            written[way] = work(model, rows, answers)
            seconds[way].append(time.perf_counter() - began)
    alone, together = (min(seconds[way]) for way in ways)
    same = sum(map(list.__eq__, written["one by one"], written["batches"]))
    print(
        f"  {name:14} one by one {alone:6.2f} s, {BATCH} at once {together:6.2f} s: "
        f"{statistics.median(a / b for a, b in zip(*seconds.values(), strict=True)):.2f} x; "
        f"{same} of {len(rows)} answers the same"
    )


def _one_by_one(model, rows: list[list[int]], answers: list[int]) -> list[list[int]]:
    """Answer each with the sampler, which has a faster way for a lone text."""
    from playground.sampling import generate

    settings = [SampleConfig(max_tokens=n, temperature=0) for n in answers]
    return [[d.token for d in generate(model, row, own)] for row, own in zip(rows, settings, strict=True)]


def _in_batches(model, rows: list[list[int]], answers: list[int]) -> list[list[int]]:
    from playground.evaluation.batched import greedy

    written: list[list[int]] = [[] for _ in rows]
    order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
    for start in range(0, len(order), BATCH):
        group = order[start : start + BATCH]
        found = greedy(
            model,
            [rows[place] for place in group],
            max(answers),
            lambda row, tokens, group=group: len(tokens) >= answers[group[row]],
        )
        for place, tokens in zip(group, found, strict=True):
            written[place] = tokens
    return written
