"""The tokenizers that the Tokenize tab offers, each learned once and kept for everybody."""

from __future__ import annotations

import dataclasses
import threading
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from playground.config import DataConfig
from playground.prepare import tokenizer_of
from playground.tokenizers import BPETokenizer, Tokenizer, TokenizerError
from playground.ui.chosen_texts import text_of

SMALLEST_VOCABULARY, LARGEST_VOCABULARY = 257, 8192
"""Of BPE: the bytes and the end token, and as much as is soon learned."""

KINDS = (
    ("char", "Characters"),
    ("byte", "Bytes"),
    ("bpe", "BPE, learned here"),
    ("gpt2", "GPT-2"),
    ("alphabet", "40-symbol alphabet"),
    ("hf", "Hugging Face name or folder"),
)

_learning: defaultdict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)


@dataclass(frozen=True)
class Choice:
    """A tokenizer, and the corpus that it is learned from or counted on."""

    kind: str
    size: int
    name: str
    corpus: str
    """The name of a text; see chosen_texts."""

    @property
    def spec(self) -> str:
        """The tokenizer as the command line names it."""
        return {"bpe": f"bpe:{self.size}", "hf": f"hf:{self.name}"}.get(self.kind, self.kind)

    @property
    def data(self) -> DataConfig:
        """The settings by which its corpus is prepared."""
        return dataclasses.replace(text_of(self.corpus).config(), tokenizer=self.spec)


def choice_of(request: dict[str, Any]) -> Choice:
    """Return what a page asks for; raises ValueError in one sentence for what can't be had."""
    kind, corpus = str(request.get("kind")), str(request.get("corpus"))
    name = str(request.get("name") or "").strip()
    if kind not in dict(KINDS):
        raise TokenizerError(f"There is no kind of tokenizer named {kind!r}.")
    text_of(corpus)  # raises if there is none
    if kind == "hf" and not name:
        raise TokenizerError("Type the name of a tokenizer on the Hub, as Qwen/Qwen3-0.6B, or a folder here.")
    size = request.get("size")
    if not isinstance(size, int):
        size = LARGEST_VOCABULARY
    return Choice(kind, min(max(size, SMALLEST_VOCABULARY), LARGEST_VOCABULARY), name, corpus)


def tokenizer_for(choice: Choice) -> Tokenizer:
    """Return the tokenizer that a run on this corpus gets; raises ValueError in one sentence."""
    if choice.kind != "bpe":
        return _learned(choice.spec, choice.corpus if choice.kind == "char" else "toy-stories")
    whole = whole_bpe(choice.corpus)
    return _part(choice.corpus, min(n_merges(choice), len(whole.merges)))


def n_merges(choice: Choice) -> int:
    """Return how many merges a BPE vocabulary of this size asks for: the rest are bytes and the end token."""
    return choice.size - SMALLEST_VOCABULARY


def whole_bpe(corpus: str) -> BPETokenizer:
    """Return the largest BPE of a corpus: every smaller one consists of its first merges."""
    tokenizer = _learned(f"bpe:{LARGEST_VOCABULARY}", corpus)
    assert isinstance(tokenizer, BPETokenizer)
    return tokenizer


@lru_cache(maxsize=64)
def _part(corpus: str, n: int) -> BPETokenizer:
    return whole_bpe(corpus).after(n)


def _learned(spec: str, corpus: str) -> Tokenizer:
    """Learn each tokenizer once, however many ask for it at the same time."""
    with _learning[spec, corpus]:
        return _learn(spec, corpus)


@lru_cache(maxsize=32)
def _learn(spec: str, corpus: str) -> Tokenizer:
    form = text_of(corpus)
    return tokenizer_of(dataclasses.replace(form.config(), tokenizer=spec), form.text())
