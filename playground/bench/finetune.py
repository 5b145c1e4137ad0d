"""Fine-tuning beside a plain transformers loop of the same shape and batches: speed and peak memory."""

from __future__ import annotations

import dataclasses
import warnings
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from playground.config import RunConfig
    from playground.training import Data

D_VOCAB, RANK, BATCH = 50_257, 8, 4
SHORTEST, LONGEST, RECORDS = 40, 120, 200
"""Tokens of a record, and how many there are."""
ROUNDS, MEMORY_STEPS = 4, 2
WAYS = {"all weights": 0, f"LoRA of rank {RANK}": RANK}


def bench_finetune() -> None:
    """Fine-tuning GPT-2 small on padded records against a plain transformers loop: speed, peak memory."""
    for name, rank in WAYS.items():
        print_speed(name, config_of(rank), ROUNDS)
    for name, rank in WAYS.items():
        print_memory(name, rank)


def config_of(rank: int) -> RunConfig:
    """Return GPT-2 small with its vocabulary, learning from padded records in float32."""
    from playground.presets import preset

    base = preset("gpt2").config
    train = dataclasses.replace(
        base.train, batch_size=BATCH, accumulate=1, precision="float32", lora_rank=rank, steps=1000
    )
    model = dataclasses.replace(base.model, d_vocab=D_VOCAB, dropout=0.0)
    data = dataclasses.replace(base.data, batches="padded")
    return dataclasses.replace(base, model=model, train=train, data=data)


def records(d_vocab: int) -> Data:
    """Return records of random tokens, of which the second half is the answer."""
    import numpy as np

    from playground.training import Data

    rng = np.random.default_rng(0)
    lengths = rng.integers(SHORTEST, LONGEST, RECORDS)
    starts = np.concatenate(([1], 1 + np.cumsum(lengths + 1)))
    tokens = rng.integers(d_vocab, size=int(starts[-1]))
    learned = np.zeros(len(tokens), dtype=bool)
    for begin, end in zip(starts[:-1], starts[1:], strict=True):
        learned[(begin + end) // 2 : end] = True
    both = ("train", "val")
    return Data(tokens, tokens, 1.0, starts=dict.fromkeys(both, starts), learned=dict.fromkeys(both, learned))


class PlainFinetuning:
    """GPT-2 of transformers, with peft's adapters where a rank is given, learning as in any tutorial."""

    def __init__(self, config: RunConfig, data: Data) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        from playground.pretrained.gpt2 import config_to_gpt2

        self.model = AutoModelForCausalLM.from_config(config_to_gpt2(config.model)).train()
        if config.train.lora_rank:
            self.model = with_peft(self.model, config.train.lora_rank)
        learned = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(learned, lr=1e-4)
        self.rows, self.batch_size = data.rows("train", config.model.n_ctx), config.train.batch_size
        self.generator = torch.Generator().manual_seed(0)

    def step(self) -> None:
        """Learn from one batch."""
        import torch
        from torch.nn import functional as F

        inputs, targets = self.rows.draw(self.batch_size, "cpu", self.generator)
        self.optimizer.zero_grad()
        logits = self.model(input_ids=inputs).logits
        F.cross_entropy(logits.flatten(0, 1), targets.flatten()).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()


def with_peft(model: Any, rank: int) -> Any:
    """Return a GPT-2 of transformers with peft's adapters."""
    from peft import LoraConfig, get_peft_model

    settings = LoraConfig(r=rank, target_modules=["c_attn", "c_proj", "c_fc"], fan_in_fan_out=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names that transformers will change
        return get_peft_model(model, settings)


def print_speed(name: str, config: RunConfig, rounds: int) -> None:
    """Print how many times as many records a second ours learns from, in alternating rounds."""
    from playground.accounting import count_parameters
    from playground.bench.own_loop import OwnLoop
    from playground.bench.train_speed import interleave

    data = records(config.model.d_vocab)
    loops: dict[str, Callable[[], None]] = {
        "plain": PlainFinetuning(config, data).step,
        "ours": OwnLoop(config, data).step,
    }
    times = interleave(loops, rounds, steps=1)
    ratio = median(p / o for p, o in zip(times["plain"], times["ours"], strict=True))
    million = count_parameters(config.model)["total"] / 1e6
    plain, ours = (1000 * median(times[which]) for which in ("plain", "ours"))
    print(
        f"{name}, {million:.0f} M parameters, {config.train.batch_size} records of {SHORTEST} to {LONGEST} "
        f"tokens a step: plain {plain:,.0f} ms, ours {ours:,.0f} ms, {ratio:.2f} x as fast",
        flush=True,
    )


def print_memory(name: str, rank: int) -> None:
    """Print the peak memory of some steps of either loop, each in a process of its own."""
    from playground.bench.children import in_child

    peak = {which: in_child(partial(take_steps, which), rank).peak_bytes for which in ("", "plain", "ours")}
    plain, ours = peak["plain"] - peak[""], peak["ours"] - peak[""]
    print(
        f"{name}, peak memory over the {peak[''] / 2**20:,.0f} MiB of the libraries: "
        f"plain {plain / 2**20:,.0f} MiB, ours {ours / 2**20:,.0f} MiB, ratio {ours / plain:.2f}; "
        f"of the whole processes {peak['ours'] / peak['plain']:.2f}",
        flush=True,
    )


def take_steps(which: str, rank: int) -> None:
    """Take steps of one loop; of none, import what they need."""
    import torch  # noqa: F401 -- the memory of these is not counted as a loop's
    from transformers import GPT2LMHeadModel  # noqa: F401

    from playground.bench.own_loop import OwnLoop

    if rank:
        import peft  # noqa: F401

    config = config_of(rank)
    loop = {"plain": PlainFinetuning, "ours": OwnLoop}.get(which)
    if loop is not None:
        running = loop(config, records(config.model.d_vocab))
        for _ in range(MEMORY_STEPS):
            running.step()
