"""How long a training step takes: its pieces, each as long as it was measured on this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from playground.accounting.machine import Machine
from playground.accounting.memory import LOGITS_AT_A_TIME
from playground.accounting.parameters import count_parameters, matrix_shapes
from playground.config import ModelConfig, RunConfig

LSTM_STEPS = 16
"""Steps of an LSTM in one measured piece."""

Piece = tuple[str, float, float]
"""Name, size and how many times in a step."""


def step_seconds(config: RunConfig, machine: Machine) -> float:
    """Return the predicted seconds of one optimizer step."""
    tokens = config.train.batch_size * config.model.n_ctx
    batch = sum(count * machine.time(name, size) for name, size, count in batch_pieces(config.model, tokens))
    step = sum(count * machine.time(name, size) for name, size, count in step_pieces(config))
    return config.train.accumulate * batch + step


def batch_pieces(config: ModelConfig, tokens: int) -> Iterator[Piece]:
    """Yield the pieces of the forward and backward pass of one batch."""
    d_model, layers = config.d_model, config.n_layers
    yield "embed", tokens * d_model, 1
    if config.architecture == "lstm":
        batch = tokens / config.n_ctx
        yield "lstm_steps", 48 * batch * d_model**2, layers * config.n_ctx / LSTM_STEPS
    else:
        yield from _block_pieces(config, tokens)
        yield f"norm_{config.norm}", tokens * d_model, 1
    if config.dropout:
        yield "dropout", tokens * d_model, 2 * layers + 1
    yield "linear", 6 * tokens * d_model * config.d_vocab, 1
    yield "loss", tokens * config.d_vocab, 1
    chunks = tokens * config.d_vocab // LOGITS_AT_A_TIME  # each adds to the gradient of the whole unembedding
    if chunks:
        yield "add", config.d_vocab * d_model, chunks


def _block_pieces(config: ModelConfig, tokens: int) -> Iterator[Piece]:
    d_model, layers = config.d_model, config.n_layers
    queries, keys = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    ups = 2 if config.activation == "swiglu" else 1
    yield f"norm_{config.norm}", tokens * d_model, 2 * layers
    yield "add", tokens * d_model, 2 * layers
    yield "linear", 6 * tokens * d_model * (queries + 2 * keys), layers
    yield "linear", 6 * tokens * d_model * queries, layers
    yield "linear", 6 * tokens * d_model * config.d_mlp * ups, layers
    yield "linear", 6 * tokens * d_model * config.d_mlp, layers
    yield f"activation_{config.activation}", tokens * config.d_mlp, layers
    if config.qk_norm:
        yield "qk_norm", tokens * (queries + keys), layers
    if config.positions == "rotary":
        yield "rotate", tokens * (queries + keys), layers
    kind = "attention_dropout" if config.dropout else "attention"
    yield kind, 12 * tokens * config.n_ctx * queries, layers


def step_pieces(config: RunConfig) -> Iterator[Piece]:
    """Yield the pieces of the update: clipping and the optimizer."""
    total = count_parameters(config.model)["total"]
    yield "clip", total, 1
    if config.optim.optimizer != "muon":
        yield config.optim.optimizer, total, 1
        return
    shapes = matrix_shapes(config.model)
    hidden = sum(rows * columns * count for rows, columns, count in shapes)
    yield "adamw", total - hidden, 1
    by_shape: Counter[tuple[int, int]] = Counter()  # Muon takes all matrices of one shape at once
    for rows, columns, count in shapes:
        by_shape[min(rows, columns), max(rows, columns)] += count
    for (small, large), count in by_shape.items():
        yield "muon", count * (4 * small**2 * large + 2 * small**3), 1
