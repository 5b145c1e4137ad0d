"""Text to tokens, split and counted: everything about a run's text that is known before training.

No torch here: the page shows these numbers before anything is launched.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playground.baselines import all_baselines
from playground.config import ConfigError, DataConfig
from playground.corpora import CORPORA, Corpus, load_corpus, text_corpus
from playground.corpora.text_files import read_text_file
from playground.files import read_json, write_json_atomic
from playground.tokenizers import Tokenizer, build_tokenizer, load_tokenizer

MIN_DOCUMENTS_TO_SPLIT = 20
"""With fewer documents the validation text is the end of the text, not whole documents."""

MIN_TOKENS = 3
"""Fewer training tokens have no trigram to count."""


@dataclass(frozen=True)
class Split:
    """The documents of the training and the validation text, and their -ln P where the law is known."""

    train: tuple[str, ...]
    val: tuple[str, ...]
    val_nats: float | None
    whole_documents: bool


@dataclass(frozen=True)
class Prepared:
    """What training needs of a text: the tokenizer, two token arrays and the baselines."""

    tokenizer: Tokenizer
    train: NDArray[np.integer]
    val: NDArray[np.integer]
    baselines: dict[str, Any]

    @property
    def bytes_per_token(self) -> float:
        """Mean length in bytes of the tokens that validation predicts."""
        return float(self.baselines["bytes_per_token"])


def corpus_of(config: DataConfig, run: Path | None = None) -> Corpus:
    """Return the text a config names; a relative text_file is looked up in the run folder first."""
    if config.corpus != "text":
        return load_corpus(config.corpus, config.text_seed)
    path = Path(config.text_file)
    if run is not None and not path.is_absolute() and (run / path).is_file():
        path = run / path
    return text_corpus(read_text_file(path), name=path.name)


def default_prompts(config: DataConfig, corpus: Corpus) -> tuple[str, ...]:
    """Return the fixed prompts of a corpus; for own text, its first words."""
    if config.corpus in CORPORA:
        return CORPORA[config.corpus].prompts
    return (corpus.documents[0][:12],)


def split_corpus(corpus: Corpus, val_fraction: float, seed: int) -> Split:
    """Hold out whole documents, chosen by seed; with few documents, the end of the text.

    Raises ConfigError if either side would be empty.
    """
    if len(corpus.documents) < MIN_DOCUMENTS_TO_SPLIT:
        text = "\n\n".join(corpus.documents)
        cut = int(len(text) * (1 - val_fraction))
        if not text[:cut] or not text[cut:]:
            raise ConfigError(
                f"The text has {len(text)} characters: too short to train on and to validate on."
            )
        return Split((text[:cut],), (text[cut:],), None, whole_documents=False)
    order = np.random.default_rng(seed).permutation(len(corpus.documents))
    lengths = np.array([len(document) for document in corpus.documents])[order]
    n_val = 1 + int(np.searchsorted(lengths.cumsum(), val_fraction * lengths.sum()))
    val, train = order[:n_val], order[n_val:]
    return Split(
        train=tuple(corpus.documents[i] for i in train),
        val=tuple(corpus.documents[i] for i in val),
        val_nats=None if corpus.nats is None else float(corpus.nats[val].sum()),
        whole_documents=True,
    )


def flat_tokens(tokenizer: Tokenizer, documents: tuple[str, ...]) -> NDArray[np.integer]:
    """Encode documents into one array, with the end token before the first and after each."""
    parts = tokenizer.encode_batch(documents)
    if tokenizer.end_id is not None:
        end = np.array([tokenizer.end_id])
        parts = [end, *(piece for part in parts for piece in (part, end))]
    dtype = np.uint16 if tokenizer.d_vocab <= 1 << 16 else np.uint32
    return np.concatenate(parts).astype(dtype)


def prepare(
    config: DataConfig, run: Path | None = None, report: Callable[[str], None] = lambda phase: None
) -> Prepared:
    """Load, split, tokenize and count the text of a config; `report` is told each phase in words.

    Raises ConfigError, or the error of the corpus or tokenizer, where the text or the settings can't work.
    """
    report("reading the text")
    return prepare_corpus(corpus_of(config, run), config, report)


def prepare_corpus(corpus: Corpus, config: DataConfig, report: Callable[[str], None]) -> Prepared:
    """Split, tokenize and count a text that is loaded already; see prepare."""
    split = split_corpus(corpus, config.val_fraction, config.text_seed)
    report("building the tokenizer")
    # A character alphabet must cover the validation text too; what BPE merges is learned from training text.
    seen = split.train + split.val if config.tokenizer == "char" else split.train
    tokenizer = build_tokenizer(config.tokenizer, seen, end_token=split.whole_documents)
    report("cutting the text into tokens")
    train, val = flat_tokens(tokenizer, split.train), flat_tokens(tokenizer, split.val)
    if len(train) < MIN_TOKENS or len(val) < MIN_TOKENS:
        raise ConfigError(
            f"The text is too short: {len(train)} training tokens and {len(val)} for validation; "
            f"each needs at least {MIN_TOKENS}."
        )
    report("counting the baselines")
    baselines = all_baselines(train, val, tokenizer.d_vocab)
    predicted = len(val) - 1
    baselines |= {
        "floor": None if split.val_nats is None else split.val_nats / predicted,
        "d_vocab": tokenizer.d_vocab,
        "train_tokens": len(train),
        "val_tokens": len(val),
        "bytes_per_token": sum(len(d.encode("utf-8", "surrogatepass")) for d in split.val) / predicted,
    }
    return Prepared(tokenizer, train, val, baselines)


def save_prepared(prepared: Prepared, run: Path) -> None:
    """Write tokenizer/, tokens/ and baselines.json into a run folder; baselines.json comes last."""
    prepared.tokenizer.save(run / "tokenizer")
    (run / "tokens").mkdir(exist_ok=True)
    for name, tokens in (("train", prepared.train), ("val", prepared.val)):
        temporary = run / "tokens" / f".{name}.npy"
        with open(temporary, "wb") as file:
            np.save(file, tokens, allow_pickle=False)
        os.replace(temporary, run / "tokens" / f"{name}.npy")
    write_json_atomic(run / "baselines.json", prepared.baselines, durable=True)


def load_prepared(run: Path) -> Prepared | None:
    """Return what save_prepared wrote, or None if it is not all there; tokens stay on disk until read."""
    baselines = read_json(run / "baselines.json")
    files = [run / "tokens" / f"{name}.npy" for name in ("train", "val")]
    if baselines is None or not all(file.is_file() for file in files):
        return None
    train, val = (np.load(file, mmap_mode="r", allow_pickle=False) for file in files)
    return Prepared(load_tokenizer(run / "tokenizer"), train, val, baselines)
