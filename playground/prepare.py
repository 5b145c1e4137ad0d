"""Text to tokens, split and counted: everything about a run's text that is known before training.

The text is read in passes and never held as a whole, so memory does not grow with it. No torch here: the page
shows these numbers before anything is launched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from playground.answers import answer_finder, check_answered, check_answers
from playground.baselines import all_baselines, chosen_baselines
from playground.cache import folder_for, key_of
from playground.config import ConfigError, DataConfig
from playground.corpora import Corpus
from playground.files import write_json_atomic
from playground.prepared import BASELINES_FILE, Prepared, load_prepared
from playground.sources import corpus_of
from playground.splits import REPORT_EVERY, SPLITS, Piece, Report, Scan, Split, ignore, pieces, scan, split
from playground.token_files import LearnedFile, TokenFile, read_learned, read_tokens
from playground.tokenizers import Tokenizer, build_tokenizer, identity, is_learned

FORMAT = 4
"""Changed when the same text and settings would be prepared in another way."""

MIN_TOKENS = 3
"""Fewer training tokens have no trigram to count."""

MAX_BPE_TRAINING = 50_000_000
"""Characters of the training text from which BPE merges are learned, at most."""

BATCH_CHARACTERS = 2_000_000
"""Text that is handed to the tokenizer at once, for all cores to share."""


def prepare(config: DataConfig, run: Path | None = None, report: Report = ignore) -> Prepared:
    """Load, split, tokenize and count the text of a config; `report` is told the phase and how far it is.

    Raises ConfigError, or the error of the corpus or tokenizer, where the text or the settings can't work.
    """
    report("reading the text", 0, 0)
    return prepare_corpus(corpus_of(config, run, report), config, report)


def tokenizer_of(config: DataConfig, corpus: Corpus | None = None) -> Tokenizer:
    """Return the tokenizer that `prepare` makes for a config, without cutting the text by it.

    `corpus`: the text of the config, where it is at hand.
    """
    corpus = corpus or corpus_of(config)
    fractions = (config.val_fraction, config.test_fraction)
    found = scan(corpus)
    return _build(corpus, split(found, corpus.whole_documents, fractions, config.text_seed), config)


def training_texts(config: DataConfig, corpus: Corpus | None = None) -> Iterator[str]:
    """Yield the text from which `prepare` learns the merges of a config; see tokenizer_of."""
    corpus = corpus or corpus_of(config)
    fractions = (config.val_fraction, config.test_fraction)
    chosen = split(scan(corpus), corpus.whole_documents, fractions, config.text_seed)
    texts = (piece.text for piece in pieces(corpus, chosen) if SPLITS[piece.split] == "train")
    return _at_most(texts, MAX_BPE_TRAINING)


def prepare_corpus(corpus: Corpus, config: DataConfig, report: Report = ignore) -> Prepared:
    """Split, tokenize and count a corpus, or find it prepared already; see prepare."""
    found = scan(corpus, report)
    if not found.n_chars.sum():
        raise ConfigError(f"{corpus.name} is empty: there is no text in it.")
    fractions = (config.val_fraction, config.test_fraction)
    chosen = split(found, corpus.whole_documents, fractions, config.text_seed)
    check_answers(config, corpus, chosen)
    # Made before the key, since the name of a tokenizer from elsewhere does not say what it is.
    fixed = None if is_learned(config.tokenizer) else _build(corpus, chosen, config)
    key = key_of({
        "format": FORMAT,
        "text": found.digest,
        "nats": None if corpus.nats is None else float(corpus.nats.sum()),
        "tokenizer": config.tokenizer if fixed is None else identity(config.tokenizer, fixed),
        "fractions": fractions,
        "seed": config.text_seed if chosen.whole_documents else 0,
        **_answers_named(config),
    })  # fmt: skip

    def make(folder: Path) -> None:
        _make(folder, corpus, found, chosen, config, fixed, report)

    folder = folder_for(
        key, make, lambda: report("waiting for another process that prepares this text", 0, 0)
    )
    prepared = load_prepared(folder)
    if prepared is None:
        raise ConfigError(f"The prepared text in {folder} is damaged: delete this folder, and try again.")
    return prepared


def _answers_named(config: DataConfig) -> dict[str, str]:
    """Return what decides which tokens are learned, where not all are; the text does not say."""
    if config.loss_on == "all":
        return {}
    return {"answer_after": config.answer_after} if config.answer_after else {"template": config.template}


def _make(
    folder: Path,
    corpus: Corpus,
    found: Scan,
    chosen: Split,
    config: DataConfig,
    tokenizer: Tokenizer | None,
    report: Report,
) -> None:
    if tokenizer is None:
        tokenizer = _build(corpus, chosen, config, report)
    tokenizer.save(folder / "tokenizer")
    texts = pieces(corpus, chosen, answer_finder(config))
    written = write_tokens(
        folder / "tokens", texts, tokenizer, int(found.n_chars.sum()), report,
        answers=config.loss_on == "answer",
    )  # fmt: skip
    check_answered(config, written.learned)
    train, val = (read_tokens(folder / "tokens" / f"{name}.npy") for name in ("train", "val"))
    if len(train) < MIN_TOKENS or len(val) < MIN_TOKENS:
        raise ConfigError(
            f"The text is too short: {len(train)} training tokens and {len(val)} for validation; "
            f"each needs at least {MIN_TOKENS}."
        )

    def pulse() -> None:
        report("counting the baselines", 0, 0)

    pulse()
    tokens = {"train": train, "val": val}
    facts = _facts(corpus, found, chosen, tokenizer, tokens, written.sizes)
    if written.learned:
        learned = {name: read_learned(folder / "tokens" / f"{name}.learned.npy") for name in tokens}
        baselines = chosen_baselines(train, val, tokenizer.d_vocab, learned["train"], learned["val"])
        baselines |= facts | _answer_facts(tokenizer, tokens, learned, written)
    else:
        baselines = all_baselines(train, val, tokenizer.d_vocab, pulse) | facts
    write_json_atomic(folder / BASELINES_FILE, baselines, durable=True)


def _build(corpus: Corpus, chosen: Split, config: DataConfig, report: Report = ignore) -> Tokenizer:
    """Build the tokenizer of a config.

    A character alphabet must cover the validation text too; what BPE merges is learned from training text.
    """
    report("building the tokenizer", 0, 0)
    everything = config.tokenizer == "char"
    texts = (piece.text for piece in pieces(corpus, chosen) if everything or SPLITS[piece.split] == "train")
    if not everything:
        texts = _at_most(texts, MAX_BPE_TRAINING)
    return build_tokenizer(config.tokenizer, _pulsing(texts, report), end_token=chosen.whole_documents)


def _pulsing(texts: Iterable[str], report: Report) -> Iterator[str]:
    """Yield texts, and report now and then, so that learning from them can be cancelled."""
    read = 0
    for text in texts:
        before, read = read, read + len(text)
        if before // REPORT_EVERY < read // REPORT_EVERY:
            report("building the tokenizer", 0, 0)
        yield text


def _at_most(texts: Iterable[str], n_chars: int) -> Iterator[str]:
    """Yield texts until there are n_chars characters."""
    read = 0
    for text in texts:
        if read >= n_chars:
            return
        read += len(text)
        yield text


def _facts(
    corpus: Corpus,
    found: Scan,
    chosen: Split,
    tokenizer: Tokenizer,
    tokens: dict[str, np.ndarray],
    sizes: dict[str, int],
) -> dict[str, Any]:
    """Return what stands in baselines.json beside the baselines."""
    predicted = len(tokens["val"]) - 1
    floor = None
    if corpus.nats is not None and chosen.places is not None:
        floor = float(corpus.nats[chosen.places == SPLITS.index("val")].sum()) / predicted
    return {
        "floor": floor,
        "d_vocab": tokenizer.d_vocab,
        "train_tokens": len(tokens["train"]),
        "val_tokens": len(tokens["val"]),
        "bytes_per_token": sizes["val"] / predicted,
        "train_bytes_per_token": sizes["train"] / (len(tokens["train"]) - 1),
        "documents": len(found.n_chars) if chosen.whole_documents else 0,
        "empty_dropped": found.empty_dropped,
    }


def _answer_facts(
    tokenizer: Tokenizer, tokens: dict[str, np.ndarray], learned: dict[str, np.ndarray], written: Written
) -> dict[str, Any]:
    """Return the facts that differ, or are there at all, because only answers are learned."""
    per_token = {name: tokenizer.piece_bytes[tokens[name][learned[name]]].mean() for name in tokens}
    return {
        "floor": None,
        "bytes_per_token": float(per_token["val"]),
        "train_bytes_per_token": float(per_token["train"]),
        "loss_on": "answer",
        "learned_tokens": written.learned,
        "without_answer": written.without_answer,
    }


@dataclass(frozen=True)
class Written:
    """What lies in token files, by split."""

    sizes: dict[str, int]
    """UTF-8 bytes."""
    learned: dict[str, int]
    """Tokens that are learned, of the splits that there are; empty: all of them are."""
    without_answer: int
    """Documents of which nothing is learned."""


def write_tokens(
    folder: Path,
    texts: Iterable[Piece],
    tokenizer: Tokenizer,
    total_chars: int,
    report: Report = ignore,
    *,
    answers: bool = False,
) -> Written:
    """Encode texts into one flat file a split, on all cores; with `answers`, also which tokens are learned.

    While one batch is encoded the one before is written, so that neither waits for the other.
    """
    report("cutting the text into tokens", 0, total_chars)
    folder.mkdir(parents=True, exist_ok=True)
    used = {name: TokenFile(folder, name, tokenizer.d_vocab, tokenizer.end_id) for name in SPLITS}
    marks = {name: LearnedFile(folder, name, tokenizer.end_id) for name in SPLITS} if answers else {}
    sizes, done = dict.fromkeys(SPLITS, 0), 0
    try:
        for batch, encoded in _encoded(texts, tokenizer):
            for place, name in enumerate(SPLITS):
                chosen = [i for i, piece in enumerate(batch) if piece.split == place]
                ends = [batch[i].ends_document for i in chosen]
                used[name].add([encoded[i] for i in chosen], ends)
                if answers:
                    marks[name].add([_learned(tokenizer, batch[i], encoded[i]) for i in chosen], ends)
                sizes[name] += sum(len(batch[i].text.encode("utf-8", "surrogatepass")) for i in chosen)
            done += sum(len(piece.text) for piece in batch)
            report("cutting the text into tokens", done, total_chars)
    except BaseException:
        for file in used.values():
            file.discard()
        raise
    for file in used.values():
        file.close()
    if not used["test"].length:
        used["test"].path.unlink()
        marks.pop("test", None)
    learned = {name: file.close() for name, file in marks.items()}
    return Written(sizes, learned, sum(file.without_answer for file in marks.values()))


def _learned(tokenizer: Tokenizer, piece: Piece, ids: np.ndarray) -> np.ndarray:
    """Return which tokens of a piece hold something of what is learned."""
    if piece.learned_from == len(piece.text):
        return np.zeros(len(ids), dtype=bool)
    return tokenizer.holds_from(piece.text, ids, piece.learned_from)


def _encoded(texts: Iterable[Piece], tokenizer: Tokenizer) -> Iterator[tuple[list[Piece], list[np.ndarray]]]:
    """Yield batches with their tokens; the next batch is being encoded while one is with the caller."""
    with ThreadPoolExecutor(1) as pool:
        before: tuple[list[Piece], Future[list[np.ndarray]]] | None = None
        for batch in _batches(texts):
            begun = (batch, pool.submit(tokenizer.encode_batch, [piece.text for piece in batch]))
            if before is not None:
                yield before[0], before[1].result()
            before = begun
        if before is not None:
            yield before[0], before[1].result()


def _batches(texts: Iterable[Piece]) -> Iterator[list[Piece]]:
    batch, size = [], 0
    for piece in texts:
        batch.append(piece)
        size += len(piece.text)
        if size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
