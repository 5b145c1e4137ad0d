"""How text is drawn."""

from __future__ import annotations

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
    seed: int = 0
    """Same seed, same text."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "prompts", tuple(self.prompts))
        check_at_least(self, 1, "max_tokens")
        check_at_least(self, 0, "temperature", "top_k", "seed")
        require(0 <= self.top_p <= 1, f"top_p must be from 0 to 1, but it is {self.top_p!r}.")
