"""The text that training is measured on: a file that is named, or a built-in corpus."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playground.training import Data

VARIABLE = "PLAYGROUND_BENCH_TEXT"


def bench_text() -> tuple[Data, int, bool]:
    """Return a text in characters, nine tenths to learn from; its vocabulary; whether it was named."""
    import numpy as np

    from playground.training import Data

    path = os.environ.get(VARIABLE)
    text = Path(path).read_text(encoding="utf-8") if path else _built_in()
    characters = sorted(set(text))
    numbers = {character: number for number, character in enumerate(characters)}
    tokens = np.array([numbers[character] for character in text], dtype=np.uint16)
    cut = len(tokens) * 9 // 10
    return Data(tokens[:cut], tokens[cut:], len(text.encode()) / len(text)), len(characters), bool(path)


def _built_in() -> str:
    import tempfile

    from playground.config import DataConfig
    from playground.sources import corpus_of

    with tempfile.TemporaryDirectory() as folder:
        return "\n".join(corpus_of(DataConfig(), Path(folder)).documents)
