"""What every look into a model begins with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from playground.models import LSTM, HFModel, Model


class InspectionError(ValueError):
    """Something that can't be looked at; the message is one sentence."""


@contextmanager
def reading(model: Model) -> Iterator[None]:
    """Read with dropout off and without gradients; the model is left as it was."""
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        model.train(was_training)


def as_row(model: Model, tokens: Sequence[int]) -> Int[Tensor, " pos"]:
    """Return tokens on the device of a model; raises InspectionError for none, or one it does not have."""
    if not len(tokens):
        raise InspectionError(
            "There is nothing to inspect: type at least one character that the model knows."
        )
    row = torch.as_tensor(tokens, device=next(model.parameters()).device, dtype=torch.long)
    if row.min() < 0 or row.max() >= model.config.d_vocab:
        raise InspectionError(f"Tokens must lie between 0 and {model.config.d_vocab - 1} for this model.")
    return row


def as_one_window(model: Model, tokens: Sequence[int]) -> Int[Tensor, "1 pos"]:
    """Return tokens as a batch of one; raises InspectionError also for more than the context holds."""
    if len(tokens) > model.config.n_ctx:
        raise InspectionError(f"{len(tokens)} tokens do not fit into a context of {model.config.n_ctx}.")
    return as_row(model, tokens)[None]


def hidden_by_layer(
    model: Model, tokens: Int[Tensor, "batch pos"]
) -> list[Float[Tensor, "batch pos d_model"]]:
    """Return what would be unembedded after the embedding alone and after each layer; last: what is."""
    if isinstance(model, LSTM):
        return _lstm_layers(model, tokens)
    if isinstance(model, HFModel):
        raise InspectionError(
            f"A {model.kind} model runs through transformers, which does not say how it would end early."
        )
    x, turn, visible = model.enter(tokens)
    found = [model.norm(x)]
    for block in model.blocks:
        x = block(x, turn, visible, None)
        found.append(model.norm(x))
    return found


def _lstm_layers(model: LSTM, tokens: Int[Tensor, "batch pos"]) -> list[Float[Tensor, "batch pos d_model"]]:
    found, layers = [model.embed(tokens)], model.layers
    for layer in range(layers.num_layers):
        alone = nn.LSTM(layers.input_size, layers.hidden_size, bias=layers.bias, batch_first=True)
        own = dict(layers.named_parameters())
        weights: dict[str, Tensor] = {
            name: own[f"{name[:-1]}{layer}"] for name, _ in alone.named_parameters()
        }
        found.append(torch.func.functional_call(alone, weights, found[-1])[0])
    return found
