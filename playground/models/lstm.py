"""A recurrent model of the same interface: what came before transformers, for comparison at equal size.

    tokens ─► embed ─► n_layers × LSTM ─► unembed

Each layer carries two vectors from token to token (Hochreiter and Schmidhuber 1997; gates f of Gers 2000):

    i, f, o = sigmoid(W x + U h)      what to write, keep and show
    g       = tanh(W x + U h)         what could be written
    c       = f · c + i · g           the memory
    h       = o · tanh(c)             what the next layer and the next token see

All that it knows of the past is in h and c; a token can't look back, so reading is one step after another.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from playground.config import ConfigError, ModelConfig


class State:
    """What an LSTM knows of the tokens read so far; it takes the place of a transformer's cache."""

    def __init__(
        self, h: Float[Tensor, "layer batch d_model"], c: Float[Tensor, "layer batch d_model"]
    ) -> None:
        self.h, self.c = h, c
        self.length = 0

    def pick(self, rows: Int[Tensor, " row"]) -> None:
        """Go on with these rows, in this order; a row may be chosen more than once."""
        self.h, self.c = self.h[:, rows], self.c[:, rows]


class LSTM(nn.Module):
    """A stack of LSTM layers, all d_model wide, between an embedding and an unembedding.

    Raises ConfigError if the vocabulary size is not known yet.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        if config.d_vocab < 1:
            raise ConfigError("d_vocab is 0: build the tokenizer first, the model needs its size.")
        self.config = config
        self.embed = nn.Embedding(config.d_vocab, config.d_model)
        self.dropout = nn.Dropout(config.dropout)
        between_layers = config.dropout if config.n_layers > 1 else 0.0
        self.layers = nn.LSTM(
            config.d_model, config.d_model, config.n_layers,
            bias=config.bias, dropout=between_layers, batch_first=True,
        )  # fmt: skip
        self.unembed = nn.Linear(config.d_model, config.d_vocab, bias=False)
        if config.tie_embeddings:
            self.unembed.weight = self.embed.weight
        self.initialise()

    def forward(
        self,
        tokens: Int[Tensor, "batch pos"],
        cache: State | None = None,
        mask: Bool[Tensor, "batch pos"] | None = None,
    ) -> Float[Tensor, "batch pos d_vocab"]:
        """Return the logits of the token after each position.

        With a cache, `tokens` are those after the ones it has read, and it moves on by them. Where rows are
        filled up, at their left or right, `mask` is true at real tokens, and the others are passed over.
        """
        return self.unembed(self.hidden(tokens, cache, mask))

    def hidden(
        self,
        tokens: Int[Tensor, "batch pos"],
        cache: State | None = None,
        mask: Bool[Tensor, "batch pos"] | None = None,
    ) -> Float[Tensor, "batch pos d_model"]:
        """Return what forward unembeds."""
        x = self.dropout(self.embed(tokens))  # batch pos d_model
        before = (cache.h, cache.c) if cache else None
        out, after = self.layers(x, before) if mask is None else self.pass_over(x, before, mask)
        if cache:
            cache.h, cache.c = after
            cache.length += tokens.shape[1]
        return self.dropout(out)

    def pass_over(
        self,
        x: Float[Tensor, "batch pos d_model"],
        before: tuple[Tensor, Tensor] | None,
        mask: Bool[Tensor, "batch pos"],
    ) -> tuple[Float[Tensor, "batch pos d_model"], tuple[Tensor, Tensor]]:
        """Read only the real tokens of each row, at least one: moved to the front, read, and moved back."""
        order = mask.int().sort(dim=1, descending=True, stable=True).indices[..., None].expand_as(x)
        lengths = mask.sum(dim=1).clamp(min=1).cpu()
        packed = pack_padded_sequence(x.gather(1, order), lengths, batch_first=True, enforce_sorted=False)
        out, after = self.layers(packed, before)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.shape[1])
        return torch.zeros_like(out).scatter(1, order, out), after

    def new_cache(self, batch: int = 1) -> State:
        """Return the state before the first token, for `batch` sequences."""
        zeros = self.embed.weight.new_zeros(self.config.n_layers, batch, self.config.d_model)
        return State(zeros, zeros)

    @torch.no_grad()
    def initialise(self) -> None:
        """Draw the weights, so that the first loss is close to ln(d_vocab).

        The layers keep PyTorch's uniform weights; forget gates begin open, by a bias of 1, so that memory
        lasts (Jozefowicz et al. 2015). zero_residual: an unembedding of its own starts at zero.
        """
        self.embed.weight.normal_(0, 0.02)
        if not self.config.tie_embeddings:
            self.unembed.weight.normal_(0, 0.0 if self.config.init == "zero_residual" else 0.02)
        for name, parameter in self.layers.named_parameters():
            if name.startswith("bias"):
                parameter.zero_()
            if name.startswith("bias_ih"):
                forget = slice(self.config.d_model, 2 * self.config.d_model)  # gates lie in the order i f g o
                parameter[forget] = 1.0
