"""Which class of transformers has the shape of a model, and which is nearest where none has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playground.config import ConfigError, ModelConfig

PLAIN = ("gelu", "gelu_tanh", "relu2")
"""Non-linearities of an MLP without a gate."""


@dataclass(frozen=True)
class Shape:
    """A class of transformers, by what it has in place of each of our settings."""

    kind: str
    """Its model_type."""
    name: str
    wants: dict[str, tuple[Any, ...]]

    def differences(self, config: ModelConfig) -> dict[str, tuple[Any, ...]]:
        """Return the settings that it has not as the config has them, and what it has."""
        has = settings_of(config)
        return {name: allowed for name, allowed in self.wants.items() if has[name] not in allowed}


NO, YES = (False,), (True,)
ROTARY = {"positions": ("rotary",), "norm": ("rmsnorm",)}
LLAMA = {**ROTARY, "activation": ("swiglu",)}
SHAPES = (
    Shape("gpt2", "GPT-2", {
        "positions": ("learned", "sinusoidal", "none"), "norm": ("layernorm",), "activation": PLAIN,
        "qk_norm": NO, "shared heads": NO, "heads as wide as d_model": YES,
    }),
    Shape("llama", "Llama", {**LLAMA, "qk_norm": NO, "qkv_bias": NO}),
    Shape("qwen2", "Qwen2", {**LLAMA, "qk_norm": NO, "qkv_bias": YES}),
    Shape("qwen3", "Qwen3", {**LLAMA, "qk_norm": YES, "qkv_bias": NO, "bias": NO}),
    Shape("apertus", "Apertus", {
        **ROTARY, "activation": PLAIN, "qk_norm": YES, "qkv_bias": NO, "bias": NO,
    }),
    Shape("arcee", "Arcee", {
        **ROTARY, "activation": PLAIN, "qk_norm": NO, "qkv_bias": NO, "d_model a multiple of n_heads": YES,
    }),
    Shape("nemotron", "Nemotron", {
        "positions": ("rotary",), "norm": ("layernorm",), "activation": PLAIN, "qk_norm": NO, "qkv_bias": NO,
    }),
)  # fmt: skip


def settings_of(config: ModelConfig) -> dict[str, Any]:
    """Return what decides which class a model is."""
    return {
        "positions": config.positions,
        "norm": config.norm,
        "activation": config.activation,
        "qk_norm": config.qk_norm,
        "bias": config.bias,
        "qkv_bias": config.qkv_bias and not config.bias,
        "shared heads": config.n_kv_heads < config.n_heads,
        "heads as wide as d_model": config.n_heads * config.d_head == config.d_model,
        "d_model a multiple of n_heads": config.d_model % config.n_heads == 0,
    }


def shape_of(config: ModelConfig) -> Shape:
    """Return the class that has the shape of a model exactly.

    Raises ConfigError if there is none, with the nearest and the settings that make it that.
    """
    if config.architecture != "transformer":
        raise ConfigError(
            f"architecture is {config.architecture!r}, which transformers has no class for: "
            "only transformers can be exported."
        )
    by_distance = sorted(SHAPES, key=lambda shape: len(shape.differences(config)))
    nearest = by_distance[0]
    if differences := nearest.differences(config):
        has = settings_of(config)
        changes = [
            f"{name} {_words(allowed)} (not {_words((has[name],))})" for name, allowed in differences.items()
        ]
        raise ConfigError(
            "transformers has no class for a model of this shape: the nearest that can be exported is "
            f"{nearest.name}'s, with {', '.join(changes)}."
        )
    return nearest


def _words(values: tuple[Any, ...]) -> str:
    named = ["on" if value is True else "off" if value is False else str(value) for value in values]
    return " or ".join(named)
