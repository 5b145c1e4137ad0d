"""How many parameters a model has, from its shape alone, and which LSTM has as many."""

from __future__ import annotations

import bisect
import dataclasses

from playground.config import ModelConfig


def count_parameters(config: ModelConfig) -> dict[str, int]:
    """Return the number of parameters by part, and in all under "total"; a tied unembedding counts once."""
    embedding = config.d_vocab * config.d_model
    ends = {"embedding": embedding, "unembedding": 0 if config.tie_embeddings else embedding}
    if config.n_parameters:
        return {**ends, "layers": config.n_parameters - sum(ends.values()), "total": config.n_parameters}
    layers = _lstm_layers(config) if config.architecture == "lstm" else _transformer_layers(config)
    parts = {"embedding": embedding, **layers, "unembedding": ends["unembedding"]}
    return {**parts, "total": sum(parts.values())}


def _transformer_layers(config: ModelConfig) -> dict[str, int]:
    queries, keys = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    norm = config.d_model * (2 if config.norm == "layernorm" and config.bias else 1)
    up = 2 * config.d_mlp if config.activation == "swiglu" else config.d_mlp
    attention = config.d_model * (queries + 2 * keys) + queries * config.d_model
    mlp = config.d_model * up + config.d_mlp * config.d_model
    if config.bias or config.qkv_bias:
        attention += queries + 2 * keys
    if config.qk_norm_gain:
        attention += 2 * config.d_head
    if config.bias:
        attention += config.d_model
        mlp += up + config.d_model
    return {
        "positions": config.n_ctx * config.d_model if config.positions == "learned" else 0,
        "attention": config.n_layers * attention,
        "mlp": config.n_layers * mlp,
        "norms": (2 * config.n_layers + 1) * norm,
    }


def _lstm_layers(config: ModelConfig) -> dict[str, int]:
    """Four gates, each reading the layer below and the last state; PyTorch keeps a bias for either."""
    gates = 4 * config.d_model
    return {"lstm": config.n_layers * gates * (2 * config.d_model + (2 if config.bias else 0))}


def lstm_of_equal_size(config: ModelConfig, n_layers: int = 0) -> ModelConfig:
    """Return the LSTM whose parameters come closest to those of a model; n_layers 0: as many layers."""
    wanted = count_parameters(config)["total"]
    base = dataclasses.replace(
        config.underived(), architecture="lstm", n_layers=n_layers or config.n_layers, d_mlp=0, n_kv_heads=0
    )

    def sized(d_model: int) -> ModelConfig:
        return dataclasses.replace(base.underived(), d_model=d_model, d_head=0)

    def total(d_model: int) -> int:
        return count_parameters(sized(d_model))["total"]

    too_wide = 1
    while total(too_wide) < wanted:
        too_wide *= 2
    width = bisect.bisect_left(range(too_wide + 1), wanted, lo=1, key=total)
    return sized(min((max(1, width - 1), width), key=lambda d_model: abs(total(d_model) - wanted)))


def matrix_shapes(config: ModelConfig) -> list[tuple[int, int, int]]:
    """Return the matrices between embedding and unembedding, which Muon moves: rows, columns, how many."""
    d_model, layers = config.d_model, config.n_layers
    if config.architecture == "lstm":
        return [(4 * d_model, d_model, 2 * layers)]
    queries, keys = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    ups = 2 if config.activation == "swiglu" else 1
    return [
        (queries, d_model, layers),
        (keys, d_model, 2 * layers),
        (d_model, queries, layers),
        (config.d_mlp, d_model, ups * layers),
        (d_model, config.d_mlp, layers),
    ]
