"""Memory of a training step in bytes: what stays (weights, optimizer) and what comes and goes (activations).

Activations are what PyTorch keeps of the forward pass for the backward pass, counted operation by operation;
`tests/test_accounting_memory.py` compares them with what it really keeps.
"""

from __future__ import annotations

from playground.accounting.adapters import trainable_parameters
from playground.accounting.parameters import count_parameters, matrix_shapes
from playground.config import ModelConfig, RunConfig

FULL, HALF = 4, 2
"""Bytes of a number in float32, and in bfloat16: that of matrix products, where the hardware has it."""

STATES = {"adamw": 2, "adamw_plain": 2, "sgd": 0}
"""Numbers that an optimizer keeps for each parameter."""

LOGITS_AT_A_TIME = 1 << 23
"""The loss takes its rows in chunks of so many logits, as linear_loss.py does."""

LONGEST_KEPT = 512
"""Attention in bfloat16 over at most so many tokens keeps its weights, as fast_attention.py does."""

PROBES, PROBED_NUMBERS = 256, 1 << 22
"""Positions at which evaluations compare the model with counting, and numbers of one reference, as in
knowledge.py, which keeps three references."""

ADAPTED = 4
"""Layers of a block that adapters stand beside."""

SAMPLER = 110_000_000
"""Bytes of Numba and of what it loads: on a CPU a transformer samples by layers that it has compiled."""

CHUNKS_AT_ONCE = 2
"""The logits of a chunk, and what their softmax takes beside them."""


def memory_parts(config: RunConfig, *, half: bool = False) -> dict[str, int]:
    """Return the bytes of weights, gradients, optimizer and activations, and the most there is at once.

    `half`: matrix products are in bfloat16.
    """
    parts = {
        "weights": weight_bytes(config),
        "gradients": FULL * trainable_parameters(config),
        "optimizer": optimizer_bytes(config),
        "activations": activation_bytes(
            config.model, config.train.batch_size, half=half, rank=config.train.lora_rank
        ),
    }
    return {**parts, "total": peak_bytes(config, half=half)}


def peak_bytes(config: RunConfig, batch_size: int = 0, *, half: bool = False) -> int:
    """Return the most bytes at once, of a batch size (0: the configured one).

    Gradients come as activations go, so the larger of the two counts; with accumulation, those of the batches
    before are there as well.
    """
    gradients = FULL * trainable_parameters(config)
    activations = activation_bytes(
        config.model, batch_size or config.train.batch_size, half=half, rank=config.train.lora_rank
    )
    moving = gradients + activations if config.train.accumulate > 1 else max(gradients, activations)
    return weight_bytes(config) + optimizer_bytes(config) + moving


def weight_bytes(config: RunConfig) -> int:
    """Return the bytes of the weights, and of adapters beside them."""
    frozen = config.train.lora_rank > 0
    adapters = trainable_parameters(config) if frozen else 0
    return FULL * (count_parameters(config.model)["total"] + adapters)


def reference_bytes(d_vocab: int) -> int:
    """Return the bytes of what evaluations compare the model with."""
    return FULL * 3 * min(PROBES, max(1, PROBED_NUMBERS // d_vocab)) * d_vocab


def sampler_bytes(config: ModelConfig, device: str) -> int:
    """Return the bytes of the compiler behind completions, where they are made by one."""
    return SAMPLER if device == "cpu" and config.architecture == "transformer" else 0


def moving_bytes(config: RunConfig, *, half: bool = False) -> int:
    """Return the bytes of the peak that come and go within a step, as the allocator sees it."""
    stays = weight_bytes(config) + optimizer_bytes(config)
    return peak_bytes(config, half=half) - stays


def optimizer_bytes(config: RunConfig) -> int:
    """Return the bytes of the optimizer's state; Muon keeps one number for each parameter of a matrix."""
    total = trainable_parameters(config)
    if config.optim.optimizer != "muon":
        return FULL * STATES[config.optim.optimizer] * total
    hidden = _in_matrices(config.model)
    return FULL * (hidden + STATES["adamw"] * (total - hidden))


def activation_bytes(model: ModelConfig, batch_size: int, *, half: bool = False, rank: int = 0) -> int:
    """Return the bytes at the start of the backward pass, loss and copies of weights included.

    With adapters of a rank, the unembedding has no gradient, and each keeps what its first matrix gives.
    """
    tokens = batch_size * model.n_ctx
    copies = HALF * (_in_matrices(model) + model.d_vocab * model.d_model) if half else 0
    chunk = min(tokens, max(1, LOGITS_AT_A_TIME // model.d_vocab)) * model.d_vocab
    gradients = tokens * model.d_model + (0 if rank else 2 * model.d_vocab * model.d_model)
    loss = FULL * (CHUNKS_AT_ONCE * chunk + gradients)
    kept = kept_per_token(model, HALF if half else FULL) + FULL * ADAPTED * rank * model.n_layers
    return tokens * kept + copies + loss


def kept_per_token(config: ModelConfig, product: int = FULL) -> int:
    """Return the bytes that the forward pass keeps for each token, before the logits.

    `product`: bytes of a number that goes into matrix products or comes out of them.
    """
    d_model, drop = config.d_model, FULL * config.d_model if config.dropout else 0
    if config.architecture == "lstm":
        gates = FULL * (17 if config.bias else 21) * d_model if product == FULL else 48 * d_model
        return config.n_layers * (gates + drop) + 2 * (FULL * d_model + drop)
    per_layer = 2 * (_norm(config, product) + drop) + _attention(config, product) + _mlp(config, product)
    return config.n_layers * per_layer + _norm(config, product) + drop


def _norm(config: ModelConfig, product: int) -> int:
    """LayerNorm keeps input, mean and deviation; RMSNorm its result and its scale; then the output."""
    own = config.d_model + (2 if config.norm == "layernorm" else 1)
    return FULL * own + product * config.d_model


def _attention(config: ModelConfig, product: int) -> int:
    """Queries, keys, values and the mixed values; with dropout also the weights of all pairs, three times."""
    queries, keys = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    norms = config.n_heads + config.n_kv_heads
    if config.dropout:
        normalised = queries + 2 * keys + norms if config.qk_norm else 0
        pairs = 3 * config.n_heads * config.n_ctx
        return product * 3 * queries + FULL * (queries + normalised + pairs)
    fast = product == HALF and keys == queries and config.n_ctx <= LONGEST_KEPT
    if fast:
        kept = product * (4 * queries + config.n_heads * config.n_ctx)
    else:
        kept = product * 2 * (queries + keys) + FULL * config.n_heads
        if config.qk_norm or config.positions == "rotary":
            kept += product * (2 * queries + keys)
    if config.qk_norm:
        kept += FULL * norms
        if product == HALF and (fast or config.positions != "rotary"):  # float32 beside its bfloat16 copy
            kept += FULL * (queries + keys)
    return kept


def _mlp(config: ModelConfig, product: int) -> int:
    """The hidden layer before and after the non-linearity; SwiGLU has two of them, and their product."""
    return product * config.d_mlp * (4 if config.activation == "swiglu" else 2)


def _in_matrices(config: ModelConfig) -> int:
    return sum(rows * columns * count for rows, columns, count in matrix_shapes(config))
