"""How text is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass

from playground.config.checks import check_at_least, require


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
    min_p: float = 0.0
    """Keep the tokens at least this share as likely as the likeliest one; 0: all."""
    repetition_penalty: float = 1.0
    """Over 1 makes tokens that have occurred less likely; 1: as they are."""
    beams: int = 1
    """Over 1: beam search for the likeliest text, in which nothing is drawn by chance."""
    stop: tuple[str, ...] = ()
    """The text ends before the first of these strings."""
    seed: int = 0
    """Same seed, same text."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "prompts", tuple(self.prompts))
        object.__setattr__(self, "stop", tuple(self.stop))
        for name in ("prompts", "stop"):
            others = [each for each in getattr(self, name) if not isinstance(each, str)]
            require(not others, f"{name} must be texts, but there is {others[:1]!r}.")
        require(all(self.stop), "stop has an empty string in it: every text ends before that.")
        check_at_least(self, 1, "max_tokens", "beams")
        check_at_least(self, 0, "temperature", "top_k", "seed")
        for name in ("top_p", "min_p"):
            value = getattr(self, name)
            require(0 <= value <= 1, f"{name} must be from 0 to 1, but it is {value!r}.")
        require(
            0 < self.repetition_penalty < math.inf,
            f"repetition_penalty must be over 0, but it is {self.repetition_penalty!r}.",
        )
