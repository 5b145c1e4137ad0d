"""From logits to tokens: the rules, drawing one token after the other, and beam search."""

from playground.sampling.beams import beam_search, follow_beams
from playground.sampling.generate import Candidate, Drawn, draw, generate, generate_batch, warm_up
from playground.sampling.rules import (
    apply_temperature,
    min_p_filter,
    repetition_penalty,
    reshape_logits,
    top_k_filter,
    top_p_filter,
)

__all__ = [
    "Candidate",
    "Drawn",
    "apply_temperature",
    "beam_search",
    "draw",
    "follow_beams",
    "generate",
    "generate_batch",
    "min_p_filter",
    "repetition_penalty",
    "reshape_logits",
    "top_k_filter",
    "top_p_filter",
    "warm_up",
]
