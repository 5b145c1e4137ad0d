"""How long a training step takes: its pieces, each as long as it was measured on this machine."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from playground.accounting.adapters import adapter_parameters, trainable_parameters
from playground.accounting.flops import BACKWARD
from playground.accounting.machine import Machine, Points, seconds_of
from playground.accounting.memory import LOGITS_AT_A_TIME
from playground.accounting.parameters import matrix_shapes
from playground.config import ModelConfig, RunConfig

LSTM_STEPS = 16
"""Steps of an LSTM in one measured piece."""

Piece = tuple[str, float, float]
"""Name, size and how many times in a step."""


WORTH_IT = 0.8
"""More threads must take at most this share of the time: they also take the cores from the page."""


def step_seconds(config: RunConfig, machine: Machine) -> float:
    """Return the predicted seconds of one optimizer step, with the CPU threads that a run would choose."""
    on_one = machine.alone and threads_of(config, machine) == 1
    return _together(config, machine.alone if on_one else machine.seconds)


def threads_of(config: RunConfig, machine: Machine) -> int:
    """Return the CPU threads that a run sets, or would choose on this machine between one and all."""
    if config.train.threads or not machine.alone:
        return config.train.threads or machine.threads
    pays = _together(config, machine.seconds) <= WORTH_IT * _together(config, machine.alone)
    return machine.threads if pays else 1


def _together(config: RunConfig, pieces: dict[str, Points]) -> float:
    """Return the seconds of all pieces of a step.

    Alone, a piece finds its numbers in the cache; how much longer it takes among others is what the measured
    whole steps say, between their sizes by a power law. (Those are transformers: an LSTM is one large piece.)
    """
    seconds = sum_of_pieces(config, pieces)
    if config.model.architecture == "lstm":
        return seconds
    (small, fast), (large, slow) = pieces["step"][0], pieces["step"][-1]
    place = 1.0 if small == large else math.log(seconds / small) / math.log(large / small)
    place = min(1.0, max(0.0, place))
    return seconds * (fast / small) ** (1 - place) * (slow / large) ** place


def sum_of_pieces(config: RunConfig, pieces: dict[str, Points]) -> float:
    """Return the seconds of a step's pieces, each as it was measured by itself."""
    tokens = config.train.batch_size * config.model.n_ctx
    of_batch = batch_pieces(config.model, tokens)
    if config.train.lora_rank:
        of_batch = _with_adapters(of_batch, config, tokens)
    batch = sum(n * seconds_of(pieces[name], size) for name, size, n in of_batch)
    step = sum(n * seconds_of(pieces[name], size) for name, size, n in step_pieces(config))
    return config.train.accumulate * batch + step


def evaluation_seconds(config: RunConfig, step: float) -> float:
    """Return the seconds of evaluations, per step on average: a forward pass takes about a third of a batch.

    Those of checkpoints count, the one of the whole text at the end does not.
    """
    train = config.train
    batches = (
        1 / train.eval_every
        + 1 / train.checkpoint_every
        - 1 / math.lcm(train.eval_every, train.checkpoint_every)
    )
    batches *= train.eval_sequences / train.batch_size
    return step / train.accumulate * batches / (1 + BACKWARD)


def _with_adapters(pieces: Iterator[Piece], config: RunConfig, tokens: int) -> Iterator[Piece]:
    """Yield the pieces with frozen weights, of two products in place of three, and those of adapters."""
    for name, size, count in pieces:
        yield name, size * 2 / 3 if name == "linear" else size, count
    adapters = adapter_parameters(config.model, config.train.lora_rank)
    yield "linear", 6 * tokens * adapters / config.model.n_layers, config.model.n_layers


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
    table = config.d_vocab * d_model
    chunks = max(1, round(tokens * config.d_vocab / LOGITS_AT_A_TIME))
    yield "accumulate", table, chunks  # each adds to the gradient of the whole unembedding
    yield (
        "zeros",
        table,
        3,
    )  # that gradient, the same to scale, and that of the embedding: rows without tokens too
    if config.tie_embeddings:
        yield "accumulate", table, 1


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
    turns = [
        name for name, on in (("qk_norm", config.qk_norm), ("rotate", config.positions == "rotary")) if on
    ]
    for width in (queries, keys) if turns else ():
        yield "_".join(turns), tokens * width, layers
    kind = "attention_dropout" if config.dropout else "attention"
    yield kind, 12 * tokens * config.n_ctx * queries, layers


def step_pieces(config: RunConfig) -> Iterator[Piece]:
    """Yield the pieces of the update: clipping and the optimizer."""
    total = trainable_parameters(config)
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
