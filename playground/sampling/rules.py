"""The rules that reshape a distribution before a token is drawn: one pure function each, logits to logits.

Removed tokens get -inf, and the input is left as it was. `reshape_logits` applies the rules of a config in
the order of Hugging Face's generate: repetition penalty, temperature, top-k, top-p, min-p.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from playground.config import ConfigError, SampleConfig

Logits = Float[Tensor, "*batch d_vocab"]

EXACT_SUM = 1e-12
"""Cumulated probabilities within this of p have reached it: .5 + .3 + .2 is 1, rounding or not."""

PLAIN_TEMPERATURE = 1e-4
"""From here on logits can simply be divided: no sensible logit gets near the largest float32."""


def apply_temperature(logits: Logits, temperature: float) -> Logits:
    """Divide logits by a temperature; 0 keeps the most likely token alone, the first of tied ones.

    Raises ConfigError for a negative temperature.
    """
    if not temperature >= 0:
        raise ConfigError(f"temperature must be at least 0, but it is {temperature!r}.")
    if temperature >= PLAIN_TEMPERATURE:
        return logits / temperature
    best = logits.argmax(dim=-1, keepdim=True)
    if temperature == 0:
        return torch.full_like(logits, -math.inf).scatter(-1, best, 0.0)
    # Relative to the largest, so that a tiny temperature gives 0 and -inf, never inf - inf. Float32 can't
    # hold a temperature of 1e-40, hence float64; a difference of 0 stays 0 whatever it is divided by.
    shifted = (logits - logits.gather(-1, best)).double()
    return torch.where(shifted == 0, shifted, shifted / temperature).to(logits.dtype)


def top_k_filter(logits: Logits, k: int | None) -> Logits:
    """Keep the k most likely tokens, the first of tied ones; 0 or None keeps all, too large a k as well.

    Raises ConfigError for a negative k.
    """
    if k is not None and k < 0:
        raise ConfigError(f"top_k must be at least 0, but it is {k!r}.")
    if not k or k >= logits.shape[-1]:
        return logits.clone()
    order = logits.argsort(dim=-1, descending=True, stable=True)
    return logits.scatter(-1, order[..., k:], -math.inf)


def top_p_filter(logits: Logits, p: float) -> Logits:
    """Keep the smallest set of most likely tokens whose probabilities reach p (Holtzman et al. 2020).

    1 keeps all, 0 keeps the most likely token. Raises ConfigError for a p outside 0 to 1.
    """
    if not 0 <= p <= 1:
        raise ConfigError(f"top_p must be from 0 to 1, but it is {p!r}.")
    if p == 1:
        return logits.clone()
    sorted_logits, order = logits.sort(dim=-1, descending=True, stable=True)
    probabilities = sorted_logits.double().softmax(dim=-1)
    before = probabilities.cumsum(dim=-1) - probabilities  # mass of the more likely tokens
    removed = before >= p - EXACT_SUM
    removed[..., 0] = False
    return logits.masked_fill(torch.zeros_like(removed).scatter(-1, order, removed), -math.inf)


def min_p_filter(logits: Logits, min_p: float) -> Logits:
    """Keep the tokens at least min_p times as likely as the most likely one; 0 keeps all.

    Nguyen et al. 2024. Raises ConfigError for a min_p outside 0 to 1.
    """
    if not 0 <= min_p <= 1:
        raise ConfigError(f"min_p must be from 0 to 1, but it is {min_p!r}.")
    if min_p == 0:
        return logits.clone()
    probabilities = logits.softmax(dim=-1)
    removed = probabilities < min_p * probabilities.amax(dim=-1, keepdim=True)
    return logits.masked_fill(removed, -math.inf)


def repetition_penalty(logits: Logits, tokens: Int[Tensor, "*batch pos"], penalty: float) -> Logits:
    """Make every token that occurs in `tokens` less likely (Keskar et al. 2019); 1 changes nothing.

    Raises ConfigError for a penalty that is not over 0.
    """
    if not penalty > 0:
        raise ConfigError(f"penalty must be over 0, but it is {penalty!r}.")
    seen = logits.gather(-1, tokens)
    return logits.scatter(-1, tokens, torch.where(seen < 0, seen * penalty, seen / penalty))


def reshape_logits(
    logits: Logits, settings: SampleConfig, seen: Int[Tensor, "*batch pos"] | None = None
) -> Logits:
    """Apply the rules of a config in their order; those that are off cost nothing.

    `seen` are the tokens so far, for the repetition penalty. Raises ConfigError if the penalty needs them and
    they are missing.
    """
    if settings.repetition_penalty != 1:
        if seen is None:
            raise ConfigError("repetition_penalty needs the tokens so far, but none were given.")
        logits = repetition_penalty(logits, seen, settings.repetition_penalty)
    logits = apply_temperature(logits, settings.temperature)
    if settings.temperature == 0:
        return logits  # one token is left
    if settings.top_k:
        logits = top_k_filter(logits, settings.top_k)
    if settings.top_p < 1:
        logits = top_p_filter(logits, settings.top_p)
    return min_p_filter(logits, settings.min_p) if settings.min_p else logits
