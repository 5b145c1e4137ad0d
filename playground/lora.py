"""LoRA: a pretrained model stays as it is, and two small matrices beside each of its linear layers learn.

A layer W x becomes W x + (alpha / rank) B A x, with A of (rank, inputs) and B of (outputs, rank), which
starts at zero (Hu et al. 2021). The layers are those of `peft`, which is installed only by who wants them.
A checkpoint holds W, A and B; whoever opens it to sample or to look gets W + (alpha / rank) B A.
"""

from __future__ import annotations

import math
import warnings
from importlib.util import find_spec

import torch
from torch import Tensor, nn

from playground.config import ConfigError, RunConfig
from playground.models import Model

BASE, A, B = ".base_layer.", ".lora_A.default.weight", ".lora_B.default.weight"
"""How peft names what a layer was, and what it adds."""


def check_adapters(config: RunConfig) -> None:
    """Raise ConfigError if adapters are asked for and can't be had."""
    if not config.train.lora_rank:
        return
    if find_spec("peft") is None:
        raise ConfigError(
            f"lora_rank is {config.train.lora_rank}, but peft is not installed here: pip install peft, "
            "or set lora_rank to 0 to train all weights."
        )
    if config.model.architecture == "lstm":
        raise ConfigError("lora_rank is set, but an LSTM has no linear layers for it: set it to 0.")
    if config.optim.optimizer == "muon":
        raise ConfigError(
            "optimizer is muon, which turns whole matrices, but lora_rank trains narrow ones: choose adamw."
        )


def check_pretrained(config: RunConfig) -> None:
    """Raise ConfigError if adapters are asked for, but there is nothing pretrained to put them beside."""
    check_adapters(config)
    if config.train.lora_rank and not config.start_from:
        raise ConfigError(
            f"lora_rank is {config.train.lora_rank}, but the model has random weights: name a pretrained one "
            "with start_from, or set lora_rank to 0."
        )


def add_adapters(model: Model, config: RunConfig) -> None:
    """Freeze a model, and let two small matrices beside each linear layer within it learn in its place.

    Raises ConfigError if they can't be had.
    """
    check_adapters(config)
    from peft import LoraConfig, inject_adapter_in_model

    rank, alpha = config.train.lora_rank, config.train.lora_alpha or config.train.lora_rank
    layers = linear_layers(model)
    settings = LoraConfig(
        r=rank,
        lora_alpha=alpha,  # type: ignore[arg-type] -- any number scales
        lora_dropout=0.0,
        target_modules=list(layers),
        fan_in_fan_out=any(is_transposed(layer) for layer in layers.values()),
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="fan_in_fan_out is set")  # some layers are, others are not
        inject_adapter_in_model(settings, model)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("lora_" in name)


def linear_layers(model: Model) -> dict[str, nn.Module]:
    """Return the linear layers of a model by name, all but the unembedding."""
    found = {
        name: module
        for name, module in model.named_modules()
        if (isinstance(module, nn.Linear) or is_transposed(module)) and module is not model.unembed
    }
    if not found:
        raise ConfigError("lora_rank is set, but this model has no linear layers for it: set it to 0.")
    return found


def is_transposed(layer: nn.Module) -> bool:
    """Tell whether a layer is a linear one that holds its weight as (inputs, outputs), as GPT-2's do."""
    return type(layer).__name__ == "Conv1D"


def has_adapters(model: nn.Module) -> bool:
    """Tell whether small matrices were put beside the layers of a model."""
    return any("lora_" in name for name, _ in model.named_parameters())


def adapter_scale(config: RunConfig) -> float:
    """Return by what B A is multiplied; 0 without adapters."""
    rank = config.train.lora_rank
    return (config.train.lora_alpha or rank) / rank if rank else 0.0


def fold_adapters(tensors: dict[str, Tensor], model: nn.Module, scale: float) -> dict[str, Tensor]:
    """Return the weights of a plain model that does what one with adapters did; `model` is such a plain one.

    Tensors without adapters are returned as they are.
    """
    adapted = [name.removesuffix(A) for name in tensors if name.endswith(A)]
    folded = {name.replace(BASE, "."): t for name, t in tensors.items() if not name.endswith((A, B))}
    for layer in adapted:
        added = tensors[layer + B] @ tensors[layer + A]
        if is_transposed(model.get_submodule(layer)):
            added = added.mT
        folded[f"{layer}.weight"] = torch.add(folded[f"{layer}.weight"], added, alpha=scale)
    return folded


def n_trainable(model: nn.Module) -> int:
    """Return how many numbers of a model learn."""
    return sum(math.prod(p.shape) for p in model.parameters() if p.requires_grad)
