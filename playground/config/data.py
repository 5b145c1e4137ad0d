"""Which text is learned, and how it is cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from playground.config.checks import check_at_least, check_choices, require

Batches = Literal["packed", "padded"]


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
        check_choices(self)
        require(bool(self.corpus), "corpus is empty: name one, or give a text file.")
        require(
            self.corpus != "text" or bool(self.text_file), 'corpus "text" needs text_file, but it is empty.'
        )
        require(
            0 < self.val_fraction <= 0.5,
            f"val_fraction must be over 0 and at most 0.5, but it is {self.val_fraction!r}.",
        )
        require(
            0 <= self.test_fraction <= 0.4,
            f"test_fraction must be from 0 to 0.4, but it is {self.test_fraction!r}.",
        )
        check_at_least(self, 0, "text_seed")
