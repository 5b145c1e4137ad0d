"""Causal self-attention: the only place where positions talk to each other, and it looks back only."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from playground.config import ModelConfig
from playground.models.fast_attention import attend
from playground.models.fast_elementwise import normalise_and_turn, rms_norm
from playground.models.positions import QK_EPS, rotate

FIRST_ROOM = 256
"""Positions that a cache has room for at first: of a long context most is never used."""


class Cache:
    """Keys and values of the tokens read so far, so that each new token costs one forward of one token."""

    def __init__(self, config: ModelConfig, batch: int, device: torch.device, dtype: torch.dtype) -> None:
        self.n_ctx = config.n_ctx
        shape = (config.n_layers, 2, batch, config.n_kv_heads, min(FIRST_ROOM, config.n_ctx), config.d_head)
        self.keys_values = torch.empty(shape, device=device, dtype=dtype)
        self.mask: Bool[Tensor, "batch length"] | None = None
        self.length = 0

    def append(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Store the keys and values (batch head pos d_head) of new tokens; return those of all tokens."""
        end = self.length + k.shape[2]
        self.make_room(end)
        keys, values = self.keys_values[layer]
        keys[:, :, self.length : end], values[:, :, self.length : end] = k, v
        return keys[:, :, :end], values[:, :, :end]

    def make_room(self, end: int) -> bool:
        """Have room for so many positions, at least twice as many as before; tell whether that moved them."""
        *shape, room, d_head = self.keys_values.shape
        if end <= room:
            return False
        wider = self.keys_values.new_empty((*shape, min(max(end, 2 * room), self.n_ctx), d_head))
        wider[..., : self.length, :] = self.keys_values[..., : self.length, :]
        self.keys_values = wider
        return True

    def pick(self, rows: Int[Tensor, " row"]) -> None:
        """Go on with these rows, in this order; a row may be chosen more than once."""
        shape = list(self.keys_values.shape)
        shape[2] = len(rows)
        picked = self.keys_values.new_empty(shape)
        picked[..., : self.length, :] = self.keys_values[:, :, rows, :, : self.length]
        self.keys_values = picked
        self.mask = None if self.mask is None else self.mask[rows]

    def extend_mask(
        self, mask: Bool[Tensor, "batch pos"] | None, batch: int, pos: int
    ) -> Bool[Tensor, "batch end"] | None:
        """Note which of the new tokens are real, and return it for all tokens; None: all are."""
        if mask is None and self.mask is None:
            return None
        device = self.keys_values.device
        old = torch.ones(batch, self.length, dtype=torch.bool, device=device)
        new = torch.ones(batch, pos, dtype=torch.bool, device=device)
        self.mask = torch.cat((old if self.mask is None else self.mask, new if mask is None else mask), dim=1)
        return self.mask


class Attention(nn.Module):
    """Each position mixes the values of the positions up to itself, by how well query and key agree.

    With fewer key/value heads than heads, neighbouring heads share one (Ainslie et al. 2023).
    """

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.config, self.layer = config, layer
        self.n_heads_qkv = (config.n_heads, config.n_kv_heads, config.n_kv_heads)
        rows, qkv_bias = sum(self.n_heads_qkv) * config.d_head, config.bias or config.qkv_bias
        self.qkv = nn.Linear(config.d_model, rows, bias=qkv_bias)
        self.out = nn.Linear(config.n_heads * config.d_head, config.d_model, bias=config.bias)
        self.dropout = nn.Dropout(config.dropout)
        if config.qk_norm_gain:
            self.q_gain, self.k_gain = (nn.Parameter(torch.ones(config.d_head)) for _ in range(2))

    def forward(
        self,
        x: Float[Tensor, "batch pos d_model"],
        turn: Float[Tensor, "2 #batch 1 pos half_head"] | None,
        visible: Bool[Tensor, "#batch 1 pos end"] | None,
        cache: Cache | None,
    ) -> Float[Tensor, "batch pos d_model"]:
        """Return what attention adds to the stream; `visible` as attention_mask returns it."""
        batch, pos, _ = x.shape
        q, k, v = self.queries_keys_values(x, turn)
        if cache:
            k, v = cache.append(self.layer, k, v)
        mixed = attend(
            q, k, v,
            attn_mask=visible,
            is_causal=visible is None and pos > 1,
            dropout_p=self.config.dropout if self.training else 0.0,
            enable_gqa=self.config.n_kv_heads < self.config.n_heads,
        )  # fmt: skip
        return self.dropout(self.out(mixed.transpose(1, 2).reshape(batch, pos, -1)))

    def queries_keys_values(
        self, x: Float[Tensor, "batch pos d_model"], turn: Float[Tensor, "2 #batch 1 pos half_head"] | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return what each position looks for, offers and passes on, each (batch head pos d_head)."""
        batch, pos, _ = x.shape
        heads = self.qkv(x).view(batch, pos, -1, self.config.d_head).transpose(1, 2)
        q, k, v = heads.split(self.n_heads_qkv, dim=1)
        if self.config.qk_norm_gain:
            q, k = self.normalise(q, self.q_gain), self.normalise(k, self.k_gain)
            return (q, k, v) if turn is None else (rotate(q, turn), rotate(k, turn), v)
        if self.config.qk_norm and turn is not None:
            q, k = normalise_and_turn(q, turn), normalise_and_turn(k, turn)
        elif self.config.qk_norm:
            q, k = (F.rms_norm(heads, heads.shape[-1:], eps=QK_EPS) for heads in (q, k))
        elif turn is not None:
            q, k = rotate(q, turn), rotate(k, turn)
        return q, k, v

    def normalise(
        self, heads: Float[Tensor, "*row d_head"], gain: Float[Tensor, " d_head"]
    ) -> Float[Tensor, "*row d_head"]:
        """Return RMSNorm of each head with learned gains, in the precision of the stream (Qwen3)."""
        return rms_norm(heads.to(gain.dtype), gain, self.config.norm_eps or 1e-6)


def attention_mask(
    real: Bool[Tensor, "batch end"] | None, start: int, end: int, device: torch.device
) -> Bool[Tensor, "#batch 1 pos end"] | None:
    """Return which of `end` keys each query from `start` on may see: the real ones up to itself.

    None where that is plain causal attention from the first token, or one query that sees everything.
    """
    if real is None and (start == 0 or end - start == 1):
        return None
    causal = torch.ones(end - start, end, dtype=torch.bool, device=device).tril(start)
    if real is None:
        return causal[None, None]
    itself = causal.triu(start)  # padding sees itself: a softmax over nothing is not a number
    return (causal & (real[:, None] | itself))[:, None]
