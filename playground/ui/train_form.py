"""What the Train tab's form says, as a RunConfig."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from playground.config import ConfigError, DataConfig, RunConfig
from playground.corpora import CORPORA, Corpus, load_corpus, text_corpus
from playground.corpora.text_files import read_text_file
from playground.presets import preset

OWN_TEXT = "text"
OWN_TEXT_FILE = "text.txt"
"""Own text is stored in the run folder under this name, so that the folder alone repeats the run."""

CORPUS_CHOICES = [(info.title, name) for name, info in CORPORA.items()] + [("Your own text", OWN_TEXT)]
TOKENIZER_CHOICES = [
    ("Characters", "char"),
    ("Bytes", "byte"),
    ("BPE, trained on this text", "bpe"),
    ("GPT-2", "gpt2"),
    ("A given alphabet", "alphabet"),
]


@dataclass(frozen=True)
class Form:
    """The values of the form, in the order of its components."""

    corpus: str
    own_text: str
    own_file: str | None
    preset: str
    tokenizer: str
    bpe_size: float
    n_layers: float
    n_heads: float
    d_model: float
    n_ctx: float
    batch_size: float
    lr: float
    steps: float

    def data(self) -> DataConfig:
        """Return the text and tokenizer part of the config."""
        tokenizer = f"bpe:{whole('Vocabulary', self.bpe_size)}" if self.tokenizer == "bpe" else self.tokenizer
        text_file = OWN_TEXT_FILE if self.corpus == OWN_TEXT else ""
        base = preset(self.preset).config.data
        return dataclasses.replace(base, corpus=self.corpus, text_file=text_file, tokenizer=tokenizer)

    def config(self) -> RunConfig:
        """Return the complete config; raises ConfigError naming the field that can't work."""
        base = preset(self.preset).config
        model = dataclasses.replace(
            base.model.underived(),
            n_layers=whole("Layers", self.n_layers),
            n_heads=whole("Heads", self.n_heads),
            d_model=whole("Width", self.d_model),
            n_ctx=whole("Context", self.n_ctx),
        )
        lr = number("Learning rate", self.lr)
        optim = dataclasses.replace(base.optim, lr=lr, lr_min=base.optim.lr_min * (lr / base.optim.lr))
        train = dataclasses.replace(
            base.train, batch_size=whole("Batch", self.batch_size), steps=whole("Steps", self.steps)
        )
        return dataclasses.replace(base, model=model, data=self.data(), optim=optim, train=train)

    def loaded_corpus(self) -> Corpus:
        """Return the chosen text; raises ValueError in one sentence if it can't be used."""
        if self.corpus != OWN_TEXT:
            return load_corpus(self.corpus)
        text = read_text_file(Path(self.own_file)) if self.own_file else self.own_text
        return text_corpus(text or "", name="Your text")


def settings_of(name: str) -> tuple:
    """Return what a preset puts into the form, from the tokenizer on."""
    config = preset(name).config
    kind, _, size = config.data.tokenizer.partition(":")
    model, train = config.model, config.train
    return (
        kind, int(size or 512), model.n_layers, model.n_heads, model.d_model, model.n_ctx,
        train.batch_size, config.optim.lr, train.steps,
    )  # fmt: skip


def number(name: str, value: float | None) -> float:
    """Return a number of the form; raises ConfigError naming the field if it is empty."""
    if value is None:
        raise ConfigError(f"{name} is empty: give a number.")
    return float(value)


def whole(name: str, value: float | None) -> int:
    """Return a whole number of the form; raises ConfigError naming the field otherwise."""
    value = number(name, value)
    if not value.is_integer():
        raise ConfigError(f"{name} must be a whole number, but it is {value:g}.")
    return int(value)
