"""Which text is learned, and how it is cut."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from playground.config.checks import check_at_least, check_choices, require

Batches = Literal["packed", "padded"]
LossOn = Literal["all", "answer"]
TooLong = Literal["split", "cut", "skip"]

HUB_ID = r"(?:[A-Za-z0-9][\w.-]*/)?[A-Za-z0-9][\w.-]*"


@dataclass(frozen=True)
class DataConfig:
    """Which text is learned, and how it is cut into tokens."""

    corpus: str = "toy-stories"
    """A built-in corpus (`python -m playground corpora`), as markov:3 with its number; "text" or "hub"."""
    string: str = ""
    """The text that the corpus memorise repeats; empty: a sentence of its own."""
    text_file: str = ""
    """A .txt, .md, .jsonl, .csv, .tsv or .parquet file, or a folder of them; first looked up in the run."""
    encoding: str = ""
    """Encoding of text_file, as cp1252; empty: what its byte-order mark says, else UTF-8."""
    hub: str = ""
    """Id of a dataset on the Hub, as roneneldan/TinyStories."""
    hub_config: str = ""
    """Configuration of the dataset; empty: its default."""
    hub_split: str = "train"
    """Split of the dataset, or several of them, as train+validation."""
    hub_revision: str = ""
    """Commit of the dataset; empty: the newest, which is then written into the run's config."""
    text_column: str = ""
    """Column that is the text, where there are records; empty: the only one, or the one named text."""
    template: str = ""
    """Document made of several columns, as "Question: {question}\\nAnswer: {answer}"; or text_column."""
    max_documents: int = 0
    """Documents that are read, from the first on; 0: all."""
    max_bytes: int = 0
    """UTF-8 bytes that are read, in whole documents; one text is cut there; 0: all."""
    tokenizer: str = "bpe:1024"
    """char, byte, bpe:N (trained on this text, N tokens), gpt2, alphabet, alphabet:CHARACTERS, hf:NAME, or
    run:NAME, that of a run."""
    val_fraction: float = 0.1
    """Share of the text that is held out for validation."""
    test_fraction: float = 0.0
    """Share of the text that is kept for one test at the end of the run; 0: none."""
    batches: Batches = "packed"
    """packed: windows from anywhere in the stream; padded: one document a row, filled up."""
    loss_on: LossOn = "all"
    """all: every token is learned; answer: only what follows answer_after, or fills the template's last
    field, and the end token."""
    answer_after: str = ""
    """With loss_on answer: the mark after which it begins, where it stands last, as "Answer: "; empty: the
    template's last field is the answer."""
    too_long: TooLong = "split"
    """Documents longer than the context. split: several rows, or windows; cut: their beginning is learned;
    skip: they are left out."""
    text_seed: int = 0
    """Seed of synthetic text and of the choice of validation documents."""

    def __post_init__(self) -> None:
        check_choices(self)
        self._check_source()
        require(
            0 < self.val_fraction <= 0.5,
            f"val_fraction must be over 0 and at most 0.5, but it is {self.val_fraction!r}.",
        )
        require(
            0 <= self.test_fraction <= 0.4,
            f"test_fraction must be from 0 to 0.4, but it is {self.test_fraction!r}.",
        )
        check_at_least(self, 0, "text_seed")
        require(
            self.loss_on == "all" or bool(self.answer_after or self.template),
            'loss_on is "answer", but neither a template, whose last field is the answer, nor answer_after '
            "says where it begins.",
        )

    def _check_source(self) -> None:
        require(bool(self.corpus), "corpus is empty: name one, or give a text file.")
        require(
            self.corpus != "text" or bool(self.text_file), 'corpus "text" needs text_file, but it is empty.'
        )
        require(self.corpus != "hub" or bool(self.hub), 'corpus "hub" needs hub, a dataset, but it is empty.')
        require(
            not self.hub or re.fullmatch(HUB_ID, self.hub) is not None,
            f"hub must be the id of a dataset, as roneneldan/TinyStories, but it is {self.hub!r}.",
        )
        require(
            re.fullmatch(r"[^+\s]+(\+[^+\s]+)*", self.hub_split) is not None,
            f"hub_split must name a split, as train or train+test, but it is {self.hub_split!r}.",
        )
        require(
            not (self.text_column and self.template),
            f"text_column ({self.text_column!r}) and template ({self.template!r}) are two ways: keep one.",
        )
        require(
            not self.template or "{" in self.template,
            f"template must have a field in braces, as {{question}}, but it is {self.template!r}.",
        )
        check_at_least(self, 0, "max_documents", "max_bytes")
