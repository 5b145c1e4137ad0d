"""One token at a time through a transformer: the same sums as its forward pass, with fewer calls.

A small model spends most of a one-token forward on calling modules and shaping views, not on arithmetic.
Here the layers are laid out as plain functions over two-dimensional rows; nothing is dropped out. On the CPU
they are compiled (compiled_stepping.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from playground.config import ModelConfig
from playground.models.attention import Attention, Cache
from playground.models.positions import QK_EPS, rotate
from playground.models.transformer import MLP, Block, Transformer

Rows = Float[Tensor, "row d_model"]
Function = Callable[[Tensor], Tensor]


class Steps(Protocol):
    """What reads one more token of each row."""

    def logits(self, tokens: Int[Tensor, " row"]) -> Float[Tensor, "row d_vocab"]:
        """Return the logits after it; raises ValueError if the context is full."""


def build_stepper(model: Transformer, cache: Cache) -> Steps:
    """Return what steps through a model fastest: compiled on the CPU in full precision."""
    if not can_be_compiled(model):
        return Stepper(model, cache)
    from playground.models.compiled_stepping import CompiledStepper  # imports a compiler

    return CompiledStepper(model, cache)


def can_be_compiled(model: Transformer) -> bool:
    """Tell whether a model is on the CPU in full precision: its rows may then be filled up at their left."""
    weight = model.embed.weight
    return weight.device.type == "cpu" and weight.dtype in (torch.float32, torch.float64)


class Stepper:
    """Reads the next token of each row of a cache that holds real tokens only, with the weights as they are.

    The keys and values of the cache are written in place.
    """

    def __init__(self, model: Transformer, cache: Cache) -> None:
        self.model, self.cache = model, cache
        self._lay()
        self.norm, self.unembed = _norm(model.norm), _linear(model.unembed)
        self.added = _added_positions(model)

    def _lay(self) -> None:
        blocks: Any = self.model.blocks
        self.blocks = [_block(block, self.cache) for block in blocks]

    def logits(self, tokens: Int[Tensor, " row"]) -> Float[Tensor, "row d_vocab"]:
        """Return the logits after one more token of each row; raises ValueError if the context is full."""
        position = self.cache.length
        if position >= self.model.config.n_ctx:
            raise ValueError(f"The context of n_ctx = {self.model.config.n_ctx} tokens is full.")
        if self.cache.make_room(position + 1):
            self._lay()
        x = F.embedding(tokens, self.model.embed.weight)
        if self.added is not None:
            x = x + self.added[position]
        turn = self.model.turn[:, position] if self.model.config.positions == "rotary" else None
        for mix, think in self.blocks:
            x = x + mix(x, position, turn)
            x = x + think(x)
        self.cache.length = position + 1
        return self.unembed(self.norm(x))


def _added_positions(model: Transformer) -> Float[Tensor, "n_ctx d_model"] | None:
    if model.config.positions == "learned":
        return model.position_embed.weight
    return model.wave if model.config.positions == "sinusoidal" else None


def _linear(layer: nn.Linear) -> Function:
    return partial(F.linear, weight=layer.weight, bias=layer.bias)


def _norm(norm: nn.RMSNorm | nn.LayerNorm) -> Function:
    shape: dict[str, Any] = {"normalized_shape": norm.normalized_shape, "eps": norm.eps}
    if isinstance(norm, nn.LayerNorm):
        return partial(F.layer_norm, weight=norm.weight, bias=norm.bias, **shape)
    return partial(F.rms_norm, weight=norm.weight, **shape)


def _block(block: Block, cache: Cache) -> tuple[Callable[[Tensor, int, Tensor | None], Tensor], Function]:
    return _attention(block.attention, _norm(block.attention_norm), cache), _mlp(
        block.mlp, _norm(block.mlp_norm)
    )


def _attention(
    attention: Attention, norm: Function, cache: Cache
) -> Callable[[Tensor, int, Tensor | None], Tensor]:
    """Return the function that adds a position to the cache and mixes what the cache holds."""
    config: ModelConfig = attention.config
    n_turned, shared = config.n_heads + config.n_kv_heads, config.n_kv_heads < config.n_heads
    qkv, out = _linear(attention.qkv), _linear(attention.out)
    keys, values = cache.keys_values[attention.layer]
    gains = _gains(attention)

    def mix(x: Rows, position: int, turn: Tensor | None) -> Rows:
        heads = qkv(norm(x)).view(len(x), -1, config.d_head)  # row head d_head
        turned, v = heads[:, :n_turned], heads[:, n_turned:]
        if gains is not None:
            turned = F.rms_norm(turned, (config.d_head,), eps=config.norm_eps or 1e-6) * gains
        elif config.qk_norm:
            turned = F.rms_norm(turned, (config.d_head,), eps=QK_EPS)
        if turn is not None:
            turned = rotate(turned, turn)
        keys.select(2, position).copy_(turned[:, config.n_heads :])
        values.select(2, position).copy_(v)
        q = turned[:, : config.n_heads].unsqueeze(2)  # row head 1 d_head
        seen = (keys.narrow(2, 0, position + 1), values.narrow(2, 0, position + 1))
        return out(F.scaled_dot_product_attention(q, *seen, enable_gqa=shared).flatten(1))

    return mix


def _gains(attention: Attention) -> Float[Tensor, "head d_head"] | None:
    """Return the gains of the normalised queries and keys, one row for each of their heads."""
    if not attention.config.qk_norm_gain:
        return None
    rows = ((attention.q_gain, attention.config.n_heads), (attention.k_gain, attention.config.n_kv_heads))
    return torch.cat([gain.expand(n, -1) for gain, n in rows])


def _mlp(mlp: MLP, norm: Function) -> Function:
    up, down, activate = _linear(mlp.up), _linear(mlp.down), mlp.activate
    return lambda x: down(activate(up(norm(x))))
