"""One token at a time on the CPU, by the compiled layers; importing it imports a compiler."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor, nn

from playground.models.attention import Cache
from playground.models.compiled_layers import after_activation, unembed, until_activation
from playground.models.positions import QK_EPS
from playground.models.transformer import Transformer

Array = NDArray[np.floating]

ROWS_OF_A_THREAD = 4
"""Rows do not need each other: where there are many, each thread reads its share with all weights."""

THREADS = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="steps")


class CompiledStepper:
    """Does what Stepper does, for a model on the CPU in float32 or float64; weights stay where they lie.

    The cache may hold rows that were filled up at their left, as its mask says.
    """

    def __init__(self, model: Transformer, cache: Cache) -> None:
        self.model, self.cache, config = model, cache, model.config
        n_rows = cache.keys_values.shape[2]
        self.none = np.empty(0, _array(model.embed.weight).dtype)
        self.n_shares = max(1, min(torch.get_num_threads(), n_rows // ROWS_OF_A_THREAD))
        places = np.array_split(np.arange(n_rows), self.n_shares)
        padded = np.zeros(n_rows, np.int64) if cache.mask is None else (~cache.mask).sum(dim=1).numpy()
        self.starts = padded  # the first real position of each row
        self.rows = [slice(own[0], own[-1] + 1) for own in places]
        self._lay()
        self.end = (*self._norm(model.norm), _array(model.unembed.weight))
        self.turn = _array(model.turn) if config.positions == "rotary" else None

    def logits(self, tokens: Int[Tensor, " row"]) -> Float[Tensor, "row d_vocab"]:
        """Return the logits after one more token of each row; raises ValueError if the context is full."""
        position = self.cache.length
        if position >= self.model.config.n_ctx:
            raise ValueError(f"The context of n_ctx = {self.model.config.n_ctx} tokens is full.")
        if self.cache.make_room(position + 1):
            self._lay()
        at = torch.from_numpy(position - self.starts)[:, None]
        x = self.model.embed_at(tokens[:, None], at)[:, 0].numpy()
        by_share = (np.array_split(rows, self.n_shares) for rows in (x, self.starts))
        parts = zip(self.shares, *by_share, strict=True)
        if self.n_shares == 1:
            logits = [self._read(position, *part) for part in parts]
        else:
            logits = list(THREADS.map(lambda part: self._read(position, *part), parts))
        self.cache.length = position + 1
        if self.cache.mask is not None:
            self.cache.extend_mask(None, len(tokens), 1)
        return torch.from_numpy(np.concatenate(logits))

    def _read(self, position: int, layers: list[tuple], x: Array, starts: NDArray[np.int64]) -> Array:
        """Return the logits of some rows, whose stream is x, and add to their keys and values."""
        none = np.empty((len(x), 0), x.dtype)
        cos, sin = (none, none) if self.turn is None else self.turn[:, position - starts]
        for begin, keys_values, rest, activate, down in layers:
            hidden = until_activation(x, *begin, cos, sin, *keys_values, position, starts, *rest)
            after_activation(x, activate(torch.from_numpy(hidden)).numpy(), *down)
        return unembed(x, *self.end)

    def _lay(self) -> None:
        """Lay out what each thread reads: the weights, and its rows of the cache."""
        blocks: Any = self.model.blocks
        self.shares = [[self._layer(block, rows) for block in blocks] for rows in self.rows]

    def _layer(self, block: Any, rows: slice) -> tuple:
        attention, mlp = block.attention, block.mlp
        heads = (attention.config.n_heads, *self._gains(attention))
        begin = (*self._norm(block.attention_norm), *self._linear(attention.qkv), *heads)
        keys_values = tuple(self.cache.keys_values[attention.layer, :, rows].numpy())
        rest = (*self._linear(attention.out), *self._norm(block.mlp_norm)[:2], *self._linear(mlp.up))
        return begin, keys_values, rest, mlp.activate, self._linear(mlp.down)

    def _gains(self, attention: Any) -> tuple[Array, float]:
        """Return what each normalised query and key is scaled by, and the smallest variance divided by."""
        config, dtype = attention.config, self.none.dtype
        numbers = (config.n_heads, config.n_kv_heads)
        if not config.qk_norm:
            return np.empty((sum(numbers), 0), dtype), 0.0
        if not config.qk_norm_gain:
            return np.ones((sum(numbers), config.d_head), dtype), QK_EPS
        learned = (_array(attention.q_gain), _array(attention.k_gain))
        return np.repeat(np.stack(learned), numbers, axis=0), config.norm_eps or 1e-6

    def _linear(self, layer: nn.Linear) -> tuple[Array, Array]:
        return _array(layer.weight), self.none if layer.bias is None else _array(layer.bias)

    def _norm(self, norm: Any) -> tuple[Array, Array, float, bool]:
        bias = getattr(norm, "bias", None)
        is_centred = isinstance(norm, nn.LayerNorm)
        return _array(norm.weight), self.none if bias is None else _array(bias), norm.eps, is_centred


def _array(tensor: Tensor) -> Array:
    """Return the numbers of a tensor where they lie."""
    return tensor.detach().numpy()
