"""About a second of measuring: how long each piece of a training step takes on this machine.

Every piece is run as the models run it, forwards and backwards through autograd, at a small and a large size,
on one thread and on all cores in turn; `playground/accounting/seconds.py` adds up the pieces of a config. Two
whole steps of models that are no preset say how much longer all pieces take together than each by itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from playground.accounting import peak_bytes
from playground.accounting.machine import Machine, Points, memory_of_system
from playground.accounting.memory import moving_bytes
from playground.accounting.seconds import LSTM_STEPS, sum_of_pieces
from playground.calibration import available_cores, peak_flops
from playground.config import ModelConfig, OptimConfig, RunConfig, TrainConfig
from playground.devices import has_fast_bfloat16, memory_bytes, mixed_precision, uses_bfloat16
from playground.knowledge import build_knowledge
from playground.linear_loss import CHUNK_NUMBERS, linear_cross_entropy
from playground.memory import held_bytes
from playground.models import build_model
from playground.models.fast_attention import attend
from playground.models.fast_elementwise import normalise_and_turn, relu_squared
from playground.models.positions import rotate, rotations
from playground.models.transformer import build_norm
from playground.muon import Muon
from playground.optim import build_optimizer, clip_gradients
from playground.training import Data, evaluate, evaluation_batches, train_step

ROUNDS, PIECE_SECONDS = 3, 0.015
"""Each piece is timed so often, or for about so long; the fastest counts: others use this machine too."""

ELEMENTS = ((1024, 64), (2048, 512))
"""Tokens and width of the pieces that work number by number, small and large."""

Action = Callable[[], object]


def measure_machine(device: torch.device, threads: int = 0) -> Machine:
    """Measure all pieces on a device: on one CPU thread, and on so many (0: all cores)."""
    before, threads = torch.get_num_threads(), threads or available_cores()
    counts = [1, threads] if threads > 1 and device.type == "cpu" else [threads]
    try:
        with torch.random.fork_rng(devices=[]):
            torch.set_num_threads(counts[0])
            process_bytes = held_with_a_small_model(device)
            slack = allocator_slack(device)
            *alone, seconds = measure_pieces(device, counts)
            torch.set_num_threads(threads)
            peak = peak_flops(device)
        return Machine(
            device=device.type,
            threads=threads,
            memory_bytes=memory_of(device),
            process_bytes=process_bytes,
            peak_flops=peak,
            half=has_fast_bfloat16(device),
            seconds=seconds,
            alone=alone[0] if alone else {},
            slack=slack,
        )
    finally:
        torch.set_num_threads(before)


def measure_pieces(device: torch.device, counts: list[int]) -> list[dict[str, Points]]:
    """Return sizes and seconds of every piece, and those of whole steps by what their pieces add up to.

    One answer for each number of CPU threads.
    """
    timed: list[dict[str, list[tuple[float, float]]]] = [{} for _ in counts]
    for name, sizes in pieces(device):
        for size, action in sizes:
            for own, seconds in zip(timed, fastest(action, device, counts), strict=True):
                own.setdefault(name, []).append((size, seconds))
    found: list[dict[str, Points]] = [{name: tuple(points) for name, points in own.items()} for own in timed]
    for config in WHOLE:
        step = fastest(whole_step(config, device), device, counts)
        for own, seconds in zip(found, step, strict=True):
            points = (*own.get("step", ()), (sum_of_pieces(config, own), seconds))
            own["step"] = tuple(sorted(points))
    return found


WHOLE = tuple(
    RunConfig(
        model=ModelConfig(d_vocab=d_vocab, n_ctx=n_ctx, d_model=d_model, n_heads=d_model // 32, n_layers=2),
        train=TrainConfig(batch_size=8),
    )
    for d_vocab, n_ctx, d_model in ((256, 48, 96), (4096, 96, 224))
)
"""A small and a large model that are trained for a few steps."""


def whole_step(config: RunConfig, device: torch.device) -> Action:
    """Return what takes a whole step of training."""
    torch.manual_seed(0)
    model = build_model(config.model).to(device)
    optimizer, generator = build_optimizer(model, config.optim), torch.Generator().manual_seed(0)
    rows = random_data(config).rows("train", config.model.n_ctx)
    return lambda: train_step(model, optimizer, rows, config, device, generator, lr=1e-4)


def random_data(config: RunConfig) -> Data:
    """Return random tokens."""
    size = max(10_000, 2 * config.model.n_ctx)
    tokens = np.random.default_rng(0).integers(config.model.d_vocab, size=size)
    return Data(tokens, tokens, 1.0)


def held_with_a_small_model(device: torch.device) -> int:
    """Return the memory of a process that trains and evaluates a small model: the libraries, mostly."""
    config = WHOLE[0]
    data = random_data(config)
    batch = next(evaluation_batches(data, config, device))
    data.knowledge = build_knowledge(data.train, *batch, config.model)
    whole_step(config, device)()
    evaluate(build_model(config.model).to(device), data, config, device)
    return held_bytes() or 0


def allocator_slack(device: torch.device) -> float:
    """Return how many times its bytes that takes what comes and goes within a step of a larger model."""
    config, half = WHOLE[-1], uses_bfloat16(device)
    before = held_bytes() or 0
    if device.type != "cpu" or memory_bytes(device) > before + peak_bytes(config, half=half):
        return 1.0  # a GPU's is counted exactly; a process that held more earlier has no peak to be seen
    step = whole_step(config, device)
    for _ in range(1 + ROUNDS):
        step()
    moving = moving_bytes(config, half=half)
    stays = peak_bytes(config, half=half) - moving
    return max(1.0, (memory_bytes(device) - before - stays) / moving)


def memory_of(device: torch.device) -> int:
    """Return all the memory of a device."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    return memory_of_system()


def fastest(action: Action, device: torch.device, counts: list[int]) -> list[float]:
    """Return the fastest seconds with each number of CPU threads, in turn; the first run allocates."""
    action()
    best, began = [math.inf] * len(counts), time.perf_counter()
    for _ in range(ROUNDS):
        for i, threads in enumerate(counts):
            torch.set_num_threads(threads)
            best[i] = min(best[i], _seconds(action, device))
        if time.perf_counter() - began > PIECE_SECONDS:
            break
    return best


def _seconds(action: Action, device: torch.device) -> float:
    began = time.perf_counter()
    action()
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
    return time.perf_counter() - began


def pieces(device: torch.device) -> Iterator[tuple[str, list[tuple[float, Action]]]]:
    """Yield the name of each piece, and its sizes with what is to be timed."""
    yield "linear", [linear(device, *shape) for shape in LINEAR_SHAPES]
    for name, run in in_place(device).items():
        yield name, [(count, run(count)) for count in NUMBERS]
    yield "lstm_steps", [lstm(device, batch, width) for batch, width in ((8, 64), (12, 224), (12, 384))]
    shapes = ((8, 4, 64, 32), (2, 6, 256, 64))
    yield "attention", [attention(device, *shape, dropout=0.0) for shape in shapes]
    yield "attention_dropout", [attention(device, *shape, dropout=0.1) for shape in shapes]
    for name, build in elementwise(device).items():
        yield name, [(tokens * width, build(tokens, width)) for tokens, width in ELEMENTS]
    shapes = ((1024, 64), (64, 16_384), (CHUNK_NUMBERS // 65_536, 32_768))
    yield "loss", [loss(device, *shape) for shape in shapes]
    for name in ("adamw", "adamw_plain", "sgd"):
        yield name, [update(device, name, count) for count in PARAMETERS]
    yield "clip", [clip(device, count) for count in PARAMETERS]
    yield "muon", [muon(device, count) for count in ((2, 64), (4, 256))]


LINEAR_SHAPES = ((512, 64, 64), (768, 128, 512), (1024, 384, 1536))
"""Tokens, width in, width out."""

NUMBERS = (1 << 16, 1 << 23)
"""Sizes of the pieces that only move memory."""

NARROW = 8
"""Width of the stream where the softmax is timed, so that little else is."""

PARAMETERS = ((16, 64), (16, 512))
"""How many square matrices, and their width."""


def backward(make: Callable[[], Tensor], device: torch.device) -> Action:
    """Return what runs a piece forwards and backwards, in the precision of training."""

    def run() -> None:
        with mixed_precision(device):
            out = make()
        torch.autograd.backward(out, torch.ones_like(out))

    return run


def leaf(device: torch.device, *shape: int, product: bool = False) -> Tensor:
    """Return random numbers that want a gradient; a product is in bfloat16 where products are."""
    dtype = torch.bfloat16 if product and uses_bfloat16(device) else torch.float32
    return torch.randn(shape, device=device, dtype=dtype).requires_grad_()


def in_place(device: torch.device) -> dict[str, Callable[[int], Action]]:
    """Return the pieces that fill memory and add to it; each is built from its numbers."""

    def accumulate(count: int) -> Action:
        total, more = torch.zeros(count, device=device), torch.ones(count, device=device)
        return lambda: total.add_(more)

    return {"zeros": lambda count: lambda: torch.zeros(count, device=device), "accumulate": accumulate}


def linear(device: torch.device, tokens: int, d_in: int, d_out: int) -> tuple[float, Action]:
    """Return the operations of a linear layer, and what runs it."""
    layer, x = nn.Linear(d_in, d_out, bias=False, device=device), leaf(device, tokens, d_in)
    return 6 * tokens * d_in * d_out, backward(lambda: layer(x), device)


def lstm(device: torch.device, batch: int, width: int) -> tuple[float, Action]:
    """Return the operations of one step of an LSTM layer, and what runs LSTM_STEPS of them."""
    layer, x = nn.LSTM(width, width, batch_first=True, device=device), leaf(device, batch, LSTM_STEPS, width)
    return 48 * batch * width**2, backward(lambda: layer(x)[0], device)


def attention(
    device: torch.device, batch: int, heads: int, pos: int, d_head: int, dropout: float
) -> tuple[float, Action]:
    """Return the operations of causal attention over whole squares, and what runs it with its heads."""
    qkv = leaf(device, batch, pos, 3 * heads, d_head, product=True)

    def make() -> Tensor:
        q, k, v = qkv.transpose(1, 2).split(heads, dim=1)
        mixed = attend(q, k, v, attn_mask=None, is_causal=True, dropout_p=dropout, enable_gqa=False)
        return mixed.transpose(1, 2).reshape(batch, pos, -1)

    return 12 * batch * heads * pos**2 * d_head, backward(make, device)


def elementwise(device: torch.device) -> dict[str, Callable[[int, int], Action]]:
    """Return the pieces that work number by number; each is built from tokens and width."""

    def on_stream(
        function: Callable[[Tensor], Tensor], *, product: bool = False
    ) -> Callable[[int, int], Action]:
        def build(tokens: int, width: int) -> Action:
            x = leaf(device, 1, tokens, width, product=product)
            return backward(lambda: function(x), device)

        return build

    def on_heads(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[[int, int], Action]:
        def build(tokens: int, width: int) -> Action:
            x = leaf(device, tokens // 64, 64, width // 32, 32, product=True).transpose(1, 2)
            angles = rotations(64, 32).to(device).unsqueeze(-3)
            return backward(lambda: function(x, angles), device)

        return build

    def norm(name: str) -> Callable[[int, int], Action]:
        def build(tokens: int, width: int) -> Action:
            layer = build_norm(ModelConfig(d_model=width, n_heads=1, norm=name)).to(device)  # type: ignore
            x = leaf(device, 1, tokens, width)
            return backward(lambda: layer(x), device)

        return build

    def embed(tokens: int, width: int) -> Action:
        table = nn.Embedding(512, width, device=device)
        ids = torch.randint(512, (1, tokens), device=device)
        return backward(lambda: table(ids), device)

    return {
        "embed": embed,
        "add": on_stream(lambda x: x + x),
        "dropout": on_stream(lambda x: F.dropout(x, 0.1)),
        "norm_layernorm": norm("layernorm"),
        "norm_rmsnorm": norm("rmsnorm"),
        "activation_gelu": on_stream(F.gelu, product=True),
        "activation_gelu_tanh": on_stream(lambda x: F.gelu(x, approximate="tanh"), product=True),
        "activation_relu2": on_stream(relu_squared, product=True),
        "activation_swiglu": on_stream(lambda x: F.silu(x) * x, product=True),
        "qk_norm": on_heads(lambda x, turn: F.rms_norm(x, x.shape[-1:])),
        "rotate": on_heads(rotate),
        "qk_norm_rotate": on_heads(normalise_and_turn),
    }


def loss(device: torch.device, tokens: int, d_vocab: int) -> tuple[float, Action]:
    """Return the number of logits, and what scores them; their products are those of a linear layer."""
    hidden, weight = leaf(device, tokens, NARROW), leaf(device, d_vocab, NARROW)
    targets = torch.randint(d_vocab, (tokens,), device=device)
    return tokens * d_vocab, backward(lambda: linear_cross_entropy(hidden, weight, targets), device)


def matrices(device: torch.device, count: int, width: int) -> Any:
    """Return square matrices that have gradients."""
    parameters = nn.ParameterList(torch.randn(width, width, device=device) for _ in range(count))
    for parameter in parameters:
        parameter.grad = torch.randn_like(parameter)
    return parameters


def update(device: torch.device, optimizer: str, shape: tuple[int, int]) -> tuple[float, Action]:
    """Return the number of parameters, and what moves them."""
    model = matrices(device, *shape)
    config = OptimConfig(optimizer=optimizer)  # type: ignore[bad-argument-type]
    return sum(p.numel() for p in model), build_optimizer(model, config).step


def muon(device: torch.device, shape: tuple[int, int]) -> tuple[float, Action]:
    """Return the operations of an iteration of Muon on square matrices, and what moves them."""
    count, width = shape
    return count * 6 * width**3, Muon(matrices(device, *shape)).step


def clip(device: torch.device, shape: tuple[int, int]) -> tuple[float, Action]:
    """Return the number of parameters, and what clips their gradients."""
    parameters = list(matrices(device, *shape))
    return sum(p.numel() for p in parameters), lambda: clip_gradients(parameters, math.inf)
