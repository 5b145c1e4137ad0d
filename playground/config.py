"""The settings of a run: frozen dataclasses, checked when made, to and from JSON.

A RunConfig is complete: with the code of the same version it alone reproduces the run.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import math
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_type_hints

Positions = Literal["learned", "sinusoidal", "rotary", "none"]
Norm = Literal["layernorm", "rmsnorm"]
Activation = Literal["gelu", "gelu_tanh", "relu2", "swiglu"]
Init = Literal["gpt2", "zero_residual"]
Optimizer = Literal["adamw", "adamw_plain", "sgd"]
Schedule = Literal["cosine", "linear", "wsd", "constant"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Batches = Literal["packed", "padded"]


class ConfigError(ValueError):
    """A setting that can't work; the message names the field and the value, in one sentence."""


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)


def _check_at_least(config: Any, minimum: float, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        _require(
            isinstance(value, (int, float)) and math.isfinite(value) and value >= minimum,
            f"{name} must be at least {minimum:g}, but it is {value!r}.",
        )


def _check_choices(config: Any) -> None:
    """Refuse a value outside the Literal that its field is annotated with."""
    for name, hint in get_type_hints(type(config)).items():
        choices, value = get_args(hint), getattr(config, name)
        if choices and all(isinstance(c, str) for c in choices):
            _require(value in choices, f"{name} must be one of {', '.join(choices)}, but it is {value!r}.")


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

    def __post_init__(self) -> None:
        _check_choices(self)
        _check_at_least(self, 0, "d_vocab", "d_mlp", "d_head")
        _check_at_least(self, 1, "n_ctx", "d_model", "n_heads", "n_layers")
        if self.d_mlp == 0:
            object.__setattr__(self, "d_mlp", 4 * self.d_model)
        if self.d_head == 0:
            _require(
                self.d_model % self.n_heads == 0,
                f"d_model ({self.d_model}) can't be divided by n_heads ({self.n_heads}): "
                "choose a width that is a multiple of the number of heads.",
            )
            object.__setattr__(self, "d_head", self.d_model // self.n_heads)
        _require(
            self.positions != "rotary" or self.d_head % 2 == 0,
            f"rotary positions turn pairs of numbers, so d_head must be even, but it is {self.d_head}.",
        )
        _require(0 <= self.dropout < 1, f"dropout must be from 0 to under 1, but it is {self.dropout!r}.")

    def underived(self) -> ModelConfig:
        """Return a copy whose derived widths are 0 again, so that they follow when d_model is replaced."""
        loose = copy.copy(self)
        if self.d_mlp == 4 * self.d_model:
            object.__setattr__(loose, "d_mlp", 0)
        if self.d_head * self.n_heads == self.d_model:
            object.__setattr__(loose, "d_head", 0)
        return loose


@dataclass(frozen=True)
class DataConfig:
    """Which text is learned, and how it is cut into tokens."""

    corpus: str = "toy-stories"
    """A built-in corpus (`python -m playground corpora`), as markov:3 with its number; or "text"."""
    text_file: str = ""
    """Path of a UTF-8 text file; a relative path is looked up in the run folder first."""
    tokenizer: str = "bpe:1024"
    """char, byte, bpe:N (trained on this text, N tokens), gpt2, alphabet, alphabet:CHARACTERS, or hf:NAME."""
    val_fraction: float = 0.1
    """Share of the text that is held out for validation."""
    test_fraction: float = 0.0
    """Share of the text that is kept for one test at the end of the run; 0: none."""
    batches: Batches = "packed"
    """packed: windows from anywhere in the stream; padded: one document a row, filled up."""
    text_seed: int = 0
    """Seed of synthetic text and of the choice of validation documents."""

    def __post_init__(self) -> None:
        _check_choices(self)
        _require(bool(self.corpus), "corpus is empty: name one, or give a text file.")
        _require(
            self.corpus != "text" or bool(self.text_file), 'corpus "text" needs text_file, but it is empty.'
        )
        _require(
            0 < self.val_fraction <= 0.5,
            f"val_fraction must be over 0 and at most 0.5, but it is {self.val_fraction!r}.",
        )
        _require(
            0 <= self.test_fraction <= 0.4,
            f"test_fraction must be from 0 to 0.4, but it is {self.test_fraction!r}.",
        )
        _check_at_least(self, 0, "text_seed")


@dataclass(frozen=True)
class OptimConfig:
    """How the weights move."""

    optimizer: Optimizer = "adamw"
    """adamw: the library's fused AdamW; adamw_plain and sgd: written out in playground/optim.py."""
    lr: float = 6e-3
    """Highest learning rate, reached at the end of the warmup."""
    lr_min: float = 6e-4
    """Learning rate at the end of the schedule."""
    schedule: Schedule = "cosine"
    """Shape of the learning rate over the run."""
    warmup_steps: int = 30
    """Steps in which the learning rate rises from 0 to lr."""
    weight_decay: float = 0.1
    """Decay of tensors of two or more dimensions; biases and norms are never decayed."""
    beta1: float = 0.9
    """AdamW: memory of the gradient."""
    beta2: float = 0.99
    """AdamW: memory of the squared gradient."""
    eps: float = 1e-8
    """AdamW: smallest denominator."""
    max_grad_norm: float = 1.0
    """Gradients longer than this are scaled down to it; 0: never."""

    def __post_init__(self) -> None:
        _check_choices(self)
        _check_at_least(self, 0, "lr", "lr_min", "warmup_steps", "weight_decay", "eps", "max_grad_norm")
        _require(self.lr > 0, f"lr must be over 0, but it is {self.lr!r}.")
        _require(self.lr_min <= self.lr, f"lr_min ({self.lr_min:g}) must not exceed lr ({self.lr:g}).")
        for name in ("beta1", "beta2"):
            value = getattr(self, name)
            _require(0 <= value < 1, f"{name} must be from 0 to under 1, but it is {value!r}.")


@dataclass(frozen=True)
class TrainConfig:
    """How long, how much at a time, and what is written when."""

    steps: int = 1200
    """Optimizer steps."""
    batch_size: int = 8
    """Sequences of n_ctx tokens per forward pass."""
    accumulate: int = 1
    """Forward passes whose gradients are added up to one step."""
    eval_every: int = 25
    """Steps between two evaluations on the validation text."""
    eval_sequences: int = 24
    """Validation sequences per evaluation, the same ones every time."""
    sample_every: int = 50
    """Steps between two sets of completions."""
    checkpoint_every: int = 50
    """Steps between two checkpoints."""
    keep_checkpoints: int = 2
    """Newest checkpoints kept; the best one is kept beside them."""
    log_every: int = 1
    """Steps between two lines in metrics.jsonl."""
    seed: int = 0
    """Seed of the weights and of the order of the batches."""
    device: Device = "auto"
    """auto: a GPU if there is one, else the CPU."""
    threads: int = 0
    """CPU threads; 0: measured before the first step."""

    def __post_init__(self) -> None:
        _check_choices(self)
        _check_at_least(
            self, 1, "steps", "batch_size", "accumulate", "eval_every", "eval_sequences", "sample_every",
            "checkpoint_every", "keep_checkpoints", "log_every",
        )  # fmt: skip
        _check_at_least(self, 0, "seed", "threads")


@dataclass(frozen=True)
class SampleConfig:
    """How completions are drawn, in training and afterwards."""

    prompts: tuple[str, ...] = ()
    """Prompts completed during training; none: those of the corpus."""
    max_tokens: int = 60
    """Tokens per completion."""
    temperature: float = 0.8
    """Under 1 is safer, over 1 is wilder, 0 always takes the most likely token."""
    top_k: int = 0
    """Keep the k most likely tokens; 0: all."""
    top_p: float = 1.0
    """Keep the fewest tokens whose probabilities reach p; 1: all."""
    seed: int = 0
    """Same seed, same text."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "prompts", tuple(self.prompts))
        _check_at_least(self, 1, "max_tokens")
        _check_at_least(self, 0, "temperature", "top_k", "seed")
        _require(0 <= self.top_p <= 1, f"top_p must be from 0 to 1, but it is {self.top_p!r}.")


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides how a run turns out."""

    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    sample: SampleConfig = field(default_factory=SampleConfig)
    preset: str = ""
    """Name of the preset it began as, for display."""
    command: str = ""
    """The command line that repeats the run."""

    def to_json(self) -> str:
        """Return the whole config as indented JSON text."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @staticmethod
    def from_json(text: str) -> RunConfig:
        """Build a config from JSON text; raises ConfigError naming what is wrong."""
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise ConfigError(f"The config is not valid JSON: {error}.") from error
        return _from_dict(RunConfig, values, "config")


_PARTS = {
    "model": ModelConfig,
    "data": DataConfig,
    "optim": OptimConfig,
    "train": TrainConfig,
    "sample": SampleConfig,
}


def _from_dict(cls: type, values: Any, where: str) -> Any:
    _require(isinstance(values, dict), f"{where} must be a JSON object, but it is {type(values).__name__}.")
    known = {f.name for f in dataclasses.fields(cls)}
    unknown = sorted(set(values) - known)
    _require(not unknown, f"{where} has an unknown setting {', '.join(unknown)}.")
    return cls(**{
        name: _from_dict(_PARTS[name], value, name) if cls is RunConfig and name in _PARTS
        else _checked_type(cls, name, value)
        for name, value in values.items()
    })  # fmt: skip


def _checked_type(cls: type, name: str, value: Any) -> Any:
    """Refuse a JSON value of another kind than the field's default, e.g. "12" for a number."""
    default = next(f.default for f in dataclasses.fields(cls) if f.name == name)
    kinds: dict[type, tuple[type, ...]] = {
        bool: (bool,),
        int: (int,),
        float: (int, float),
        str: (str,),
        tuple: (list, tuple),
    }
    allowed = kinds[type(default)]
    is_bool_for_number = isinstance(value, bool) and bool not in allowed
    _require(
        isinstance(value, allowed) and not is_bool_for_number,
        f"{name} must be a {allowed[-1].__name__}, but it is {value!r}.",
    )
    return value
