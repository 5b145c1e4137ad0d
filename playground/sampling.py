"""From logits to text: one pure function per rule, and a generator that yields tokens as they come.

Every rule takes logits and returns new ones; removed tokens get -inf and the input is left as it was.
The order is that of Hugging Face's generate: repetition penalty, temperature, top-k, top-p, min-p.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from playground.config import ConfigError, SampleConfig
from playground.models import Model

Logits = Float[Tensor, "*batch d_vocab"]

EXACT_SUM = 1e-12
"""Cumulated probabilities within this of p have reached it: .5 + .3 + .2 is 1, rounding or not."""


@dataclass(frozen=True)
class Drawn:
    """One generated token, the log-probability it was drawn with, and whether the context slid for it."""

    token: int
    log_prob: float
    slid: bool


def apply_temperature(logits: Logits, temperature: float) -> Logits:
    """Divide logits by a temperature; 0 keeps the most likely token alone, the first of tied ones.

    Raises ConfigError for a negative temperature.
    """
    if not temperature >= 0:
        raise ConfigError(f"temperature must be at least 0, but it is {temperature!r}.")
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


def reshape_logits(logits: Logits, settings: SampleConfig) -> Logits:
    """Apply temperature, top-k and top-p, in this order."""
    logits = apply_temperature(logits, settings.temperature)
    return top_p_filter(top_k_filter(logits, settings.top_k), settings.top_p)


def generate(
    model: Model,
    tokens: list[int],
    settings: SampleConfig,
    *,
    end_id: int | None = None,
    use_cache: bool = True,
) -> Iterator[Drawn]:
    """Yield up to settings.max_tokens tokens that follow `tokens`, each as soon as it is drawn.

    Same seed, same tokens, whatever else runs. It ends early at end_id, which is yielded too. When the
    context is full it slides: the older half is forgotten. Raises ConfigError for an empty prompt.
    """
    if not tokens:
        raise ConfigError("The prompt has no tokens: type at least one character that the model knows.")
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(settings.seed)
    n_ctx = model.config.n_ctx
    window, slid = tokens[-n_ctx:], len(tokens) > n_ctx
    cache, fresh = model.new_cache(), window
    for _ in range(settings.max_tokens):
        logits = _last_logits(model, fresh if use_cache else window, cache if use_cache else None, device)
        token, log_prob = draw(logits, settings, generator)
        yield Drawn(token, log_prob, slid)
        if token == end_id:
            return
        window, fresh, slid = [*window, token], [token], False
        if len(window) > n_ctx:
            window = window[-max(1, n_ctx // 2) :]
            cache, fresh, slid = model.new_cache(), window, True


@torch.inference_mode()
def _last_logits(model: Model, tokens: list[int], cache, device: torch.device) -> Tensor:
    was_training = model.training
    model.eval()
    logits = model(torch.tensor([tokens], device=device), cache)[0, -1].float().cpu()
    model.train(was_training)
    return logits


def draw(
    logits: Float[Tensor, " d_vocab"], settings: SampleConfig, generator: torch.Generator
) -> tuple[int, float]:
    """Draw one token by the settings; return it with its log-probability under them."""
    log_probs = reshape_logits(logits, settings).double().log_softmax(dim=-1)
    if settings.temperature == 0:
        token = int(logits.argmax())
    else:
        token = int(torch.multinomial(log_probs.exp(), 1, generator=generator))
    return token, float(log_probs[token])
