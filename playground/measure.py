"""About a second of measuring: how long each piece of a training step takes on this machine.

Every piece is run as the models run it, forwards and backwards through autograd, at a small and a large size;
`playground/accounting/seconds.py` adds up the pieces of a config.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from playground.accounting.machine import Machine, memory_of_system
from playground.accounting.seconds import LSTM_STEPS
from playground.calibration import available_cores, peak_flops
from playground.config import ModelConfig, OptimConfig
from playground.devices import has_fast_bfloat16, mixed_precision
from playground.linear_loss import linear_cross_entropy
from playground.memory import held_bytes
from playground.models.fast_attention import attend
from playground.models.fast_elementwise import relu_squared
from playground.models.positions import rotate, rotations
from playground.models.transformer import build_norm
from playground.muon import Muon
from playground.optim import build_optimizer, clip_gradients

ROUNDS = 3
"""Each piece is timed so often and judged by its fastest time: others use this machine too."""

ELEMENTS = ((1024, 64), (2048, 512))
"""Tokens and width of the pieces that work number by number, small and large."""

Action = Callable[[], object]


def measure_machine(device: torch.device, threads: int = 0) -> Machine:
    """Measure all pieces on a device, with so many CPU threads (0: all cores)."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads or available_cores())
    try:
        with torch.random.fork_rng(devices=[]):
            seconds, process_bytes = {}, 0
            for name, actions in pieces(device):
                if name == "loss":  # by now the libraries are loaded, and the large matrices are yet to come
                    process_bytes = held_bytes() or 0
                seconds[name] = tuple((size, fastest(action, device)) for size, action in actions)
            peak = peak_flops(device)
        return Machine(
            device=device.type,
            threads=torch.get_num_threads(),
            memory_bytes=memory_of(device),
            process_bytes=process_bytes,
            peak_flops=peak,
            half=has_fast_bfloat16(device),
            seconds=seconds,
        )
    finally:
        torch.set_num_threads(before)


def memory_of(device: torch.device) -> int:
    """Return all the memory of a device."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    return memory_of_system()


def fastest(action: Action, device: torch.device) -> float:
    """Return the seconds of the fastest of several rounds; the first one, which allocates, does not count."""
    times = []
    for _ in range(1 + ROUNDS):
        began = time.perf_counter()
        action()
        if device.type != "cpu":
            torch.accelerator.synchronize(device)
        times.append(time.perf_counter() - began)
    return min(times[1:])


def pieces(device: torch.device) -> Iterator[tuple[str, list[tuple[float, Action]]]]:
    """Yield the name of each piece, and its sizes with what is to be timed."""
    yield "linear", [linear(device, *shape) for shape in LINEAR_SHAPES]
    yield "lstm_steps", [lstm(device, batch, width) for batch, width in ((8, 64), (12, 224), (12, 384))]
    shapes = ((8, 4, 64, 32), (2, 6, 256, 64))
    yield "attention", [attention(device, *shape, dropout=0.0) for shape in shapes]
    yield "attention_dropout", [attention(device, *shape, dropout=0.1) for shape in shapes]
    for name, build in elementwise(device).items():
        yield name, [(tokens * width, build(tokens, width)) for tokens, width in ELEMENTS]
    yield "loss", [loss(device, tokens, d_vocab) for tokens, d_vocab in ((1024, 64), (64, 16_384))]
    for name in ("adamw", "adamw_plain", "sgd"):
        yield name, [update(device, name, count) for count in PARAMETERS]
    yield "clip", [clip(device, count) for count in PARAMETERS]
    yield "muon", [muon(device, count) for count in ((2, 64), (4, 256))]


LINEAR_SHAPES = ((512, 64, 64), (768, 128, 512), (1024, 384, 1536))
"""Tokens, width in, width out."""

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


def leaf(device: torch.device, *shape: int) -> Tensor:
    """Return random numbers that want a gradient."""
    return torch.randn(shape, device=device, requires_grad=True)


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
    """Return the operations of causal attention over whole squares, and what runs it."""
    q, k, v = (leaf(device, batch, heads, pos, d_head) for _ in range(3))

    def make() -> Tensor:
        return attend(q, k, v, attn_mask=None, is_causal=True, dropout_p=dropout, enable_gqa=False)

    return 12 * batch * heads * pos**2 * d_head, backward(make, device)


def elementwise(device: torch.device) -> dict[str, Callable[[int, int], Action]]:
    """Return the pieces that work number by number; each is built from tokens and width."""

    def on_stream(function: Callable[[Tensor], Tensor]) -> Callable[[int, int], Action]:
        def build(tokens: int, width: int) -> Action:
            x = leaf(device, 1, tokens, width)
            return backward(lambda: function(x), device)

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

    def turn(tokens: int, width: int) -> Action:
        x = leaf(device, tokens // 64, width // 32, 64, 32)
        angles = rotations(64, 32).to(device).unsqueeze(-3)
        return backward(lambda: rotate(x, angles), device)

    return {
        "embed": embed,
        "add": on_stream(lambda x: x + x),
        "dropout": on_stream(lambda x: F.dropout(x, 0.1)),
        "norm_layernorm": norm("layernorm"),
        "norm_rmsnorm": norm("rmsnorm"),
        "activation_gelu": on_stream(F.gelu),
        "activation_gelu_tanh": on_stream(lambda x: F.gelu(x, approximate="tanh")),
        "activation_relu2": on_stream(relu_squared),
        "activation_swiglu": on_stream(lambda x: F.silu(x) * x),
        "qk_norm": on_stream(lambda x: F.rms_norm(x.view(-1, 32), (32,))),
        "rotate": turn,
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
