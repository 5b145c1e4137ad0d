"""A decoder-only transformer: tokens in, logits of the next token out.

    tokens ─► embed (+ positions) ─► n_layers × [+ attention(norm(x)), + mlp(norm(x))] ─► norm ─► unembed

Every block reads the residual stream `x` (batch, pos, d_model) and adds to it. Attention is the only
place where positions talk to each other, and it looks back only. Shapes stand beside the lines.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from playground.config import ConfigError, ModelConfig


class Cache:
    """Keys and values of the tokens read so far, so that each new token costs one forward of one token."""

    def __init__(self, config: ModelConfig, batch: int, device: torch.device, dtype: torch.dtype) -> None:
        shape = (config.n_layers, 2, batch, config.n_heads, config.n_ctx, config.d_head)
        self.keys_values = torch.empty(shape, device=device, dtype=dtype)
        self.length = 0

    def append(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Store the keys and values (batch head pos d_head) of new tokens; return those of all tokens."""
        end = self.length + k.shape[2]
        keys, values = self.keys_values[layer]
        keys[:, :, self.length : end], values[:, :, self.length : end] = k, v
        return keys[:, :, :end], values[:, :, :end]


class Transformer(nn.Module):
    """A stack of pre-norm blocks between an embedding and an unembedding.

    Raises ConfigError if the vocabulary size is not known yet.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        if config.d_vocab < 1:
            raise ConfigError("d_vocab is 0: build the tokenizer first, the model needs its size.")
        self.config = config
        self.embed = nn.Embedding(config.d_vocab, config.d_model)
        if config.positions == "learned":
            self.position_embed = nn.Embedding(config.n_ctx, config.d_model)
        elif config.positions == "sinusoidal":
            self.register_buffer("wave", sinusoids(config.n_ctx, config.d_model), persistent=False)
        elif config.positions == "rotary":
            self.register_buffer("turn", rotations(config.n_ctx, config.d_head), persistent=False)
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(config.n_layers))
        self.norm = build_norm(config)
        self.unembed = nn.Linear(config.d_model, config.d_vocab, bias=False)
        if config.tie_embeddings:
            self.unembed.weight = self.embed.weight
        self.initialise()

    def forward(
        self, tokens: Int[Tensor, "batch pos"], cache: Cache | None = None
    ) -> Float[Tensor, "batch pos d_vocab"]:
        """Return the logits of the token after each position.

        With a cache, `tokens` are those after the ones it holds, and it grows by them.
        Raises ValueError if the tokens do not fit into the context.
        """
        start = cache.length if cache else 0
        end = start + tokens.shape[1]
        if end > self.config.n_ctx:
            raise ValueError(f"{end} tokens do not fit into a context of n_ctx = {self.config.n_ctx}.")
        x = self.embed(tokens)  # batch pos d_model
        turn = None
        if self.config.positions == "learned":
            x = x + self.position_embed.weight[start:end]
        elif self.config.positions == "sinusoidal":
            x = x + self.wave[start:end]
        elif self.config.positions == "rotary":
            turn = self.turn[:, start:end]
        x = self.dropout(x)
        for block in self.blocks:
            x = block(x, turn, cache)
        if cache:
            cache.length = end
        return self.unembed(self.norm(x))

    def new_cache(self, batch: int = 1) -> Cache:
        """Return an empty cache for `batch` sequences."""
        weight = self.embed.weight
        return Cache(self.config, batch, weight.device, weight.dtype)

    @torch.no_grad()
    def initialise(self) -> None:
        """Draw the weights, so that the first loss is close to ln(d_vocab).

        gpt2: N(0, 0.02), and 0.02 / sqrt(2 n_layers) for the projections back into the stream, which
        keeps its variance level over depth. zero_residual: these projections and the unembedding start
        at zero, so that every block begins as the identity and every token as equally likely.
        """
        zero = self.config.init == "zero_residual"
        residual_std = 0.0 if zero else 0.02 / math.sqrt(2 * self.config.n_layers)
        for name, parameter in self.named_parameters():
            if parameter.dim() < 2:
                continue  # norms start at 1, biases at 0, as built
            if name.endswith(("attention.out.weight", "mlp.down.weight")):
                parameter.normal_(0, residual_std)
            elif name == "unembed.weight" and zero:
                parameter.zero_()
            else:
                parameter.normal_(0, 0.02)
        if zero and self.config.tie_embeddings:
            # A tied token finds itself likely, by std · d_model after the last norm: keep that small.
            self.embed.weight.normal_(0, min(0.02, 0.3 / self.config.d_model))


class Block(nn.Module):
    """Attention, then the MLP, each reading a normalised stream and adding to it."""

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.attention_norm, self.attention = build_norm(config), Attention(config, layer)
        self.mlp_norm, self.mlp = build_norm(config), MLP(config)

    def forward(self, x: Float[Tensor, "batch pos d_model"], turn: Tensor | None, cache: Cache | None):
        """Return the stream with this block's two additions."""
        x = x + self.attention(self.attention_norm(x), turn, cache)
        return x + self.mlp(self.mlp_norm(x))


class Attention(nn.Module):
    """Causal multi-head self-attention: each position mixes the values of the positions up to itself."""

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.config, self.layer = config, layer
        width = config.n_heads * config.d_head
        self.qkv = nn.Linear(config.d_model, 3 * width, bias=config.bias)
        self.out = nn.Linear(width, config.d_model, bias=config.bias)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Float[Tensor, "batch pos d_model"], turn: Tensor | None, cache: Cache | None):
        """Return what attention adds to the stream: (batch pos d_model)."""
        batch, pos, _ = x.shape
        heads = self.qkv(x).view(batch, pos, 3, self.config.n_heads, self.config.d_head)
        q, k, v = heads.permute(2, 0, 3, 1, 4)  # each: batch head pos d_head
        if self.config.qk_norm:
            q, k = F.rms_norm(q, q.shape[-1:]), F.rms_norm(k, k.shape[-1:])
        if turn is not None:
            q, k = rotate(q, turn), rotate(k, turn)
        mask = None
        if cache:
            past = cache.length
            k, v = cache.append(self.layer, k, v)
            if past and pos > 1:  # new queries see all the past, and each other causally
                mask = torch.ones(pos, past + pos, dtype=torch.bool, device=x.device).tril(past)
        mixed = F.scaled_dot_product_attention(
            q, k, v,
            attn_mask=mask,
            is_causal=mask is None and pos > 1,
            dropout_p=self.config.dropout if self.training else 0.0,
        )  # fmt: skip
        return self.dropout(self.out(mixed.transpose(1, 2).reshape(batch, pos, -1)))


class MLP(nn.Module):
    """Two linear layers with a non-linearity between, applied to every position alone."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.activation = config.activation
        hidden = 2 * config.d_mlp if config.activation == "swiglu" else config.d_mlp
        self.up = nn.Linear(config.d_model, hidden, bias=config.bias)
        self.down = nn.Linear(config.d_mlp, config.d_model, bias=config.bias)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Float[Tensor, "batch pos d_model"]) -> Float[Tensor, "batch pos d_model"]:
        """Return what the MLP adds to the stream."""
        hidden = self.up(x)
        if self.activation == "relu2":  # So et al. 2021, Primer
            hidden = F.relu(hidden).square()
        elif self.activation == "swiglu":  # Shazeer 2020
            gate, hidden = hidden.chunk(2, dim=-1)
            hidden = F.silu(gate) * hidden
        else:
            hidden = F.gelu(hidden, approximate="tanh" if self.activation == "gelu_tanh" else "none")
        return self.dropout(self.down(hidden))


def build_norm(config: ModelConfig) -> nn.Module:
    """Return the configured normalisation over d_model."""
    if config.norm == "rmsnorm":
        return nn.RMSNorm(config.d_model, eps=1e-6)
    return nn.LayerNorm(config.d_model, bias=config.bias)


def sinusoids(n_ctx: int, d_model: int) -> Float[Tensor, "n_ctx d_model"]:
    """Return fixed positions of Vaswani et al. 2017: sine and cosine of the position at falling speeds."""
    angles = position_angles(n_ctx, d_model)
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)[:, :d_model]


def rotations(n_ctx: int, d_head: int) -> Float[Tensor, "2 n_ctx half_head"]:
    """Return cosine and sine of the angle by which each pair of a head turns at each position."""
    angles = position_angles(n_ctx, d_head)
    return torch.stack((angles.cos(), angles.sin()))


def position_angles(n_ctx: int, width: int) -> Float[Tensor, "n_ctx half"]:
    """Return pos / 10000^(2i / width): the first pair turns fastest."""
    speeds = 10_000.0 ** (-torch.arange(0, width, 2) / width)
    return torch.outer(torch.arange(n_ctx), speeds)


def rotate(
    heads: Float[Tensor, "batch head pos d_head"], turn: Float[Tensor, "2 pos half_head"]
) -> Float[Tensor, "batch head pos d_head"]:
    """Turn each pair of numbers by its position's angle (Su et al. 2021), so q·k depends on the distance."""
    cos, sin = turn
    first, second = heads.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, first * sin + second * cos), dim=-1)
