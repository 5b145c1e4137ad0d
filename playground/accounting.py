"""Parameters and floating-point operations of a model, predicted from its shape alone."""

from __future__ import annotations

from playground.config import ModelConfig


def count_parameters(config: ModelConfig) -> dict[str, int]:
    """Return the number of parameters by part, and in all under "total"; a tied unembedding counts once."""
    width = config.n_heads * config.d_head
    norm = config.d_model * (2 if config.norm == "layernorm" and config.bias else 1)
    up = 2 * config.d_mlp if config.activation == "swiglu" else config.d_mlp
    attention = config.d_model * 3 * width + width * config.d_model
    mlp = config.d_model * up + config.d_mlp * config.d_model
    if config.bias:
        attention += 3 * width + config.d_model
        mlp += up + config.d_model
    parts = {
        "embedding": config.d_vocab * config.d_model,
        "positions": config.n_ctx * config.d_model if config.positions == "learned" else 0,
        "attention": config.n_layers * attention,
        "mlp": config.n_layers * mlp,
        "norms": (2 * config.n_layers + 1) * norm,
        "unembedding": 0 if config.tie_embeddings else config.d_vocab * config.d_model,
    }
    return {**parts, "total": sum(parts.values())}


def flops_per_token(config: ModelConfig, *, backward: bool = True) -> int:
    """Return the floating-point operations of the matrix products for one token.

    A multiplication with an addition counts as two; the backward pass costs twice the forward pass.
    Attention is counted over the whole context, as the products are computed.
    """
    width = config.n_heads * config.d_head
    up = 2 * config.d_mlp if config.activation == "swiglu" else config.d_mlp
    block = config.d_model * 4 * width + config.d_model * (up + config.d_mlp) + 2 * config.n_ctx * width
    forward = 2 * (config.n_layers * block + config.d_model * config.d_vocab)
    return forward * 3 if backward else forward
