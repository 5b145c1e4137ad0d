"""Which part of a document is its answer: what the loss is taken on where a run learns answers only."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from playground.config import ConfigError, DataConfig
from playground.corpora import Corpus
from playground.corpora.templates import FilledTemplate
from playground.splits import MIN_DOCUMENTS_TO_SPLIT, Split


def answer_finder(config: DataConfig) -> Callable[[str], int] | None:
    """Return what tells at which character the answer of a document begins; None: all of it is learned.

    A document without an answer has it at its end.
    """
    if config.loss_on == "all":
        return None
    if config.answer_after:
        return partial(_after_last, config.answer_after.replace("\\n", "\n"))
    return _last_field


def _after_last(mark: str, document: str) -> int:
    found = document.rfind(mark)
    return len(document) if found < 0 else found + len(mark)


def _last_field(document: str) -> int:
    # A document that was cut to fit a limit is a plain text: where its answer began is not known any more.
    return document.last_field_at if isinstance(document, FilledTemplate) else len(document)


def said_of_answers(baselines: dict[str, Any]) -> str:
    """Return in a sentence on how many tokens the loss is taken, where not on all; or ""."""
    learned = baselines.get("learned_tokens")
    if not learned:
        return ""
    train, without = baselines["train_tokens"], baselines.get("without_answer", 0)
    said = f"The loss is taken on answers only: {learned['train']:,} of {train:,} training tokens"
    return said + (f"; {without:,} documents have no answer and teach nothing." if without else ".")


def of_answers(baselines: dict[str, Any]) -> str:
    """Return " of the answers" where baselines are of these alone, else ""."""
    return " of the answers" if baselines.get("learned_tokens") else ""


def check_answers(config: DataConfig, corpus: Corpus, chosen: Split) -> None:
    """Raise ConfigError if answers are asked for, but the text is not kept apart by documents."""
    if config.loss_on == "all" or chosen.whole_documents:
        return
    what = (
        f"{corpus.name} has fewer than {MIN_DOCUMENTS_TO_SPLIT} documents, which are joined to one text"
        if corpus.whole_documents
        else f"{corpus.name} is one text, not made of documents"
    )
    raise ConfigError(f'loss_on is "answer", but {what}: give at least {MIN_DOCUMENTS_TO_SPLIT} records.')


def check_answered(config: DataConfig, n_learned: dict[str, int]) -> None:
    """Raise ConfigError if a split has not one token of an answer."""
    empty = [name for name, n in n_learned.items() if not n]
    if empty:
        where = (
            f"no {config.answer_after!r}" if config.answer_after else "nothing in the template's last field"
        )
        raise ConfigError(
            f'loss_on is "answer", but the documents of the {empty[0]} split have {where}: '
            "there is nothing to learn."
        )
