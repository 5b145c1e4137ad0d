"""Floating-point operations of a training step: a multiplication with an addition counts as two.

Matrix products are counted as `torch.utils.flop_counter` counts them: attention over the whole square, since
a kernel that skips the masked half does less work, not less of the model's.
"""

from __future__ import annotations

from playground.accounting.adapters import adapter_parameters, trainable_parameters
from playground.accounting.parameters import count_parameters, matrix_shapes
from playground.config import ModelConfig, OptimConfig, RunConfig

BACKWARD = 2
"""The backward pass has two products for each of the forward pass: for the input, and for the weight."""

ELEMENTWISE = {"adamw": 14, "adamw_plain": 14, "sgd": 2}
"""Operations of an optimizer on each parameter."""
CLIPPING = 3

MUON_ITERATIONS = 5


def forward_flops_per_token(config: ModelConfig) -> dict[str, int]:
    """Return the operations of the forward pass for one token, by part."""
    unembedding = 2 * config.d_model * config.d_vocab
    if config.architecture == "lstm":
        return {"lstm": config.n_layers * 16 * config.d_model**2, "unembedding": unembedding}
    queries, keys = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    up = 2 * config.d_mlp if config.activation == "swiglu" else config.d_mlp
    return {
        "projections": config.n_layers * 2 * config.d_model * (2 * queries + 2 * keys),
        "attention": config.n_layers * 4 * config.n_ctx * queries,
        "mlp": config.n_layers * 2 * config.d_model * (up + config.d_mlp),
        "unembedding": unembedding,
    }


def flops_per_token(config: ModelConfig, *, backward: bool = True) -> int:
    """Return the operations of the matrix products for one token, of the forward pass or of both."""
    forward = sum(forward_flops_per_token(config).values())
    return forward * (1 + BACKWARD) if backward else forward


def training_flops_per_token(config: RunConfig) -> int:
    """Return the operations of a run's matrix products for one token, forward and backward.

    With LoRA the backward pass of a frozen weight has one product, for the input; adapters have all three.
    """
    rank = config.train.lora_rank
    if not rank:
        return flops_per_token(config.model)
    return 2 * flops_per_token(config.model, backward=False) + 6 * adapter_parameters(config.model, rank)


def optimizer_flops(model: ModelConfig, optim: OptimConfig, n_trainable: int = 0) -> int:
    """Return the operations of clipping and of the optimizer's step; Muon's are mostly matrix products.

    `n_trainable`: the numbers that learn; 0: all of the model.
    """
    total = n_trainable or count_parameters(model)["total"]
    clipping = CLIPPING * total
    if optim.optimizer != "muon":
        return clipping + ELEMENTWISE[optim.optimizer] * total
    products = hidden = 0
    for rows, columns, count in matrix_shapes(model):
        small, large = sorted((rows, columns))
        products += count * MUON_ITERATIONS * (4 * small**2 * large + 2 * small**3)
        hidden += count * rows * columns
    return clipping + products + 6 * hidden + ELEMENTWISE["adamw"] * (total - hidden)


def flops_per_step(config: RunConfig) -> dict[str, int]:
    """Return the operations of one optimizer step: forward, backward, optimizer and in all."""
    tokens = config.train.batch_size * config.train.accumulate * config.model.n_ctx
    adapters = adapter_parameters(config.model, config.train.lora_rank)
    forward = tokens * (flops_per_token(config.model, backward=False) + 2 * adapters)
    parts = {
        "forward": forward,
        "backward": tokens * training_flops_per_token(config) - forward,
        "optimizer": optimizer_flops(config.model, config.optim, trainable_parameters(config)),
    }
    return {**parts, "total": sum(parts.values())}
