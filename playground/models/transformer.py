"""A decoder-only transformer: tokens in, logits of the next token out.

    tokens ─► embed (+ positions) ─► n_layers × [+ attention(norm(x)), + mlp(norm(x))] ─► norm ─► unembed

Every block reads the residual stream `x` (batch, pos, d_model) and adds to it. Attention, in attention.py,
is the only place where positions talk to each other. Shapes stand beside the lines.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from playground.config import ConfigError, ModelConfig
from playground.models.attention import Attention, Cache, attention_mask
from playground.models.fast_elementwise import relu_squared, rms_norm
from playground.models.positions import rotations, sinusoids


class Transformer(nn.Module):
    """A stack of pre-norm blocks between an embedding and an unembedding.

    Raises ConfigError if the vocabulary size is not known yet.
    """

    wave: Tensor
    """Sinusoidal positions: what is added at each, (n_ctx d_model)."""
    turn: Tensor
    """Rotary positions: cosine and sine of the angles at each, (2 n_ctx half_head)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        if config.d_vocab < 1:
            raise ConfigError("d_vocab is 0: build the tokenizer first, the model needs its size.")
        self.config = config
        self.embed = nn.Embedding(config.d_vocab, config.d_model)
        if config.positions == "learned":
            self.position_embed = nn.Embedding(config.n_ctx, config.d_model)
        self.lay_tables()
        self.dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(config.n_layers))
        self.norm = build_norm(config)
        self.unembed = nn.Linear(config.d_model, config.d_vocab, bias=False)
        if config.tie_embeddings:
            self.unembed.weight = self.embed.weight
        if not self.embed.weight.is_meta:
            self.initialise()

    def lay_tables(self) -> None:
        """Work out what the model adds or turns by at each position, where that is not learned."""
        config = self.config
        if config.positions == "sinusoidal":
            self.register_buffer("wave", sinusoids(config.n_ctx, config.d_model), persistent=False)
        elif config.positions == "rotary":
            turn = rotations(config.n_ctx, config.d_head, config.rope_theta)
            self.register_buffer("turn", turn, persistent=False)

    def forward(
        self,
        tokens: Int[Tensor, "batch pos"],
        cache: Cache | None = None,
        mask: Bool[Tensor, "batch pos"] | None = None,
    ) -> Float[Tensor, "batch pos d_vocab"]:
        """Return the logits of the token after each position.

        With a cache, `tokens` are those after the ones it holds, and it grows by them. Where rows are filled
        up, at their left or right, `mask` is true at real tokens: they see and count nothing else.
        Raises ValueError if the tokens do not fit into the context.
        """
        return self.unembed(self.hidden(tokens, cache, mask))

    def hidden(
        self,
        tokens: Int[Tensor, "batch pos"],
        cache: Cache | None = None,
        mask: Bool[Tensor, "batch pos"] | None = None,
    ) -> Float[Tensor, "batch pos d_model"]:
        """Return the normalised stream that forward unembeds."""
        x, turn, visible = self.enter(tokens, cache, mask)
        for block in self.blocks:
            x = block(x, turn, visible, cache)
        if cache:
            cache.length += tokens.shape[1]
        return self.norm(x)

    def enter(
        self,
        tokens: Int[Tensor, "batch pos"],
        cache: Cache | None = None,
        mask: Bool[Tensor, "batch pos"] | None = None,
    ) -> tuple[Float[Tensor, "batch pos d_model"], Tensor | None, Tensor | None]:
        """Return the stream that enters the first block, and what every block turns by and may see."""
        batch, pos = tokens.shape
        start = cache.length if cache else 0
        end = start + pos
        if end > self.config.n_ctx:
            raise ValueError(f"{end} tokens do not fit into a context of n_ctx = {self.config.n_ctx}.")
        real = cache.extend_mask(mask, batch, pos) if cache else mask
        if real is None:
            positions = torch.arange(start, end, device=tokens.device)  # pos
        else:
            positions = (real.cumsum(dim=1) - 1).clamp(min=0)[:, start:]  # batch pos
        visible = attention_mask(real, start, end, tokens.device)
        turn = self.turn[:, positions].unsqueeze(-3) if self.config.positions == "rotary" else None
        return self.dropout(self.embed_at(tokens, positions)), turn, visible

    def embed_at(
        self, tokens: Int[Tensor, "batch pos"], positions: Int[Tensor, "#batch pos"] | Int[Tensor, " pos"]
    ) -> Float[Tensor, "batch pos d_model"]:
        """Return what enters the stream: the token's vector, and that of its position where it is added."""
        x = self.embed(tokens)
        if self.config.positions == "learned":
            return x + self.position_embed(positions)
        return x + self.wave[positions] if self.config.positions == "sinusoidal" else x

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
                continue  # norms start at 1, biases at 0 below
            if name.endswith(("attention.out.weight", "mlp.down.weight")):
                parameter.normal_(0, residual_std)
            elif name == "unembed.weight" and zero:
                parameter.zero_()
            else:
                parameter.normal_(0, 0.02)
        for module in self.modules():
            if isinstance(module, nn.Linear) and module.bias is not None:
                module.bias.zero_()
        if zero and self.config.tie_embeddings:
            # A tied token finds itself likely, by std · d_model after the last norm: keep that small.
            self.embed.weight.normal_(0, min(0.02, 0.3 / self.config.d_model))


class Block(nn.Module):
    """Attention, then the MLP, each reading a normalised stream and adding to it."""

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        self.attention_norm, self.attention = build_norm(config), Attention(config, layer)
        self.mlp_norm, self.mlp = build_norm(config), MLP(config)

    def forward(
        self,
        x: Float[Tensor, "batch pos d_model"],
        turn: Tensor | None,
        visible: Tensor | None,
        cache: Cache | None,
    ) -> Float[Tensor, "batch pos d_model"]:
        """Return the stream with this block's two additions."""
        x = x + self.attention(self.attention_norm(x), turn, visible, cache)
        return x + self.mlp(self.mlp_norm(x))


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
        return self.dropout(self.down(self.activate(self.up(x))))

    def activate(self, hidden: Float[Tensor, "*row up"]) -> Float[Tensor, "*row d_mlp"]:
        """Apply the non-linearity between the two layers."""
        if self.activation == "relu2":  # So et al. 2021, Primer
            return relu_squared(hidden)
        if self.activation == "swiglu":  # Shazeer 2020
            gate, hidden = hidden.chunk(2, dim=-1)
            return F.silu(gate) * hidden
        return F.gelu(hidden, approximate="tanh" if self.activation == "gelu_tanh" else "none")


class RMSNorm(nn.RMSNorm):
    """The library's module by the cheaper function."""

    def forward(self, x: Float[Tensor, "batch pos d_model"]) -> Float[Tensor, "batch pos d_model"]:
        """Return the normalised stream."""
        return rms_norm(x, self.weight, self.eps)


def build_norm(config: ModelConfig) -> nn.RMSNorm | nn.LayerNorm:
    """Return the configured normalisation over d_model."""
    if config.norm == "rmsnorm":
        return RMSNorm(config.d_model, eps=config.norm_eps or 1e-6)
    return nn.LayerNorm(config.d_model, eps=config.norm_eps or 1e-5, bias=config.bias)
