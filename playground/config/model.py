"""The shape of a model."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Literal

from playground.config.checks import check_at_least, check_choices, require

Architecture = Literal["transformer", "lstm", "hf"]
Positions = Literal["learned", "sinusoidal", "rotary", "none"]
Norm = Literal["layernorm", "rmsnorm"]
Activation = Literal["gelu", "gelu_tanh", "relu2", "swiglu"]
Init = Literal["gpt2", "zero_residual"]


@dataclass(frozen=True)
class ModelConfig:
    """The shape of a model, in the field's own names."""

    d_vocab: int = 0
    """Number of tokens in the vocabulary; 0: taken from the tokenizer when the run is prepared."""
    n_ctx: int = 128
    """Context: the most tokens the model sees at once."""
    d_model: int = 128
    """Width of the residual stream."""
    n_heads: int = 4
    """Attention heads per layer."""
    n_layers: int = 3
    """Transformer blocks."""
    d_mlp: int = 0
    """Width of the hidden layer of each MLP; 0: 4 * d_model."""
    d_head: int = 0
    """Width of one attention head; 0: d_model / n_heads."""
    positions: Positions = "rotary"
    """How the model knows where a token stands."""
    norm: Norm = "rmsnorm"
    """Normalisation before attention, before the MLP and before the unembedding."""
    activation: Activation = "relu2"
    """Non-linearity of the MLP."""
    tie_embeddings: bool = False
    """Use one matrix for the embedding and the unembedding."""
    bias: bool = False
    """Give linear layers and LayerNorm a bias."""
    dropout: float = 0.0
    """Share of activations dropped in training (embedding, attention, residual)."""
    qk_norm: bool = True
    """Normalise queries and keys, which keeps high learning rates stable."""
    init: Init = "zero_residual"
    """gpt2: N(0, 0.02), residual projections smaller; zero_residual: they and the unembedding start at 0."""
    architecture: Architecture = "transformer"
    """lstm: recurrent, without attention, positions, MLP, norms; hf: a Hugging Face model of another kind."""
    n_kv_heads: int = 0
    """Heads of keys and values, each shared by n_heads / n_kv_heads heads of queries; 0: n_heads."""
    norm_eps: float = 0.0
    """Smallest variance that is divided by in normalisation; 0: 1e-5 for LayerNorm, 1e-6 for RMSNorm."""
    rope_theta: float = 10_000.0
    """Rotary positions: the slowest pair turns by about 1 / rope_theta a token."""
    qkv_bias: bool = False
    """Give queries, keys and values a bias even without `bias`, as Qwen2 does."""
    qk_norm_gain: bool = False
    """Scale normalised queries and keys by learned gains, one for each number of a head, as Qwen3 does."""
    hf_config: str = ""
    """The config of a Hugging Face model of another kind, as JSON: filled in where a run starts from one."""
    n_parameters: int = 0
    """Parameters of such a model, counted when it is opened; 0: they follow from the shape."""

    def __post_init__(self) -> None:
        check_choices(self)
        check_at_least(self, 0, "d_vocab", "d_mlp", "d_head", "n_kv_heads", "norm_eps", "n_parameters")
        check_at_least(self, 1, "n_ctx", "d_model", "n_heads", "n_layers", "rope_theta")
        require(0 <= self.dropout < 1, f"dropout must be from 0 to under 1, but it is {self.dropout!r}.")
        if self.d_mlp == 0:
            object.__setattr__(self, "d_mlp", 4 * self.d_model)
        if self.n_kv_heads == 0:
            object.__setattr__(self, "n_kv_heads", self.n_heads)
        require(
            self.architecture != "hf" or bool(self.hf_config),
            'architecture "hf" is a pretrained model\'s: name one with start_from.',
        )
        require(
            self.qk_norm or not self.qk_norm_gain,
            "qk_norm_gain scales what qk_norm normalises: turn qk_norm on, or qk_norm_gain off.",
        )
        if self.architecture != "lstm":
            self._settle_heads()

    def _settle_heads(self) -> None:
        require(
            self.n_heads % self.n_kv_heads == 0,
            f"n_heads ({self.n_heads}) can't be divided by n_kv_heads ({self.n_kv_heads}): "
            "every head of keys and values serves the same number of heads.",
        )
        if self.d_head == 0:
            require(
                self.d_model % self.n_heads == 0,
                f"d_model ({self.d_model}) can't be divided by n_heads ({self.n_heads}): "
                "choose a width that is a multiple of the number of heads.",
            )
            object.__setattr__(self, "d_head", self.d_model // self.n_heads)
        require(
            self.positions != "rotary" or self.d_head % 2 == 0,
            f"rotary positions turn pairs of numbers, so d_head must be even, but it is {self.d_head}.",
        )

    def underived(self) -> ModelConfig:
        """Return a copy whose derived widths are 0 again, so that they follow when d_model is replaced."""
        loose = copy.copy(self)
        if self.d_mlp == 4 * self.d_model:
            object.__setattr__(loose, "d_mlp", 0)
        if self.d_head * self.n_heads == self.d_model:
            object.__setattr__(loose, "d_head", 0)
        if self.n_kv_heads == self.n_heads:
            object.__setattr__(loose, "n_kv_heads", 0)
        return loose
