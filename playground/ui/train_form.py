"""What the Data and Train tabs say together, as a RunConfig."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playground.config import RunConfig
from playground.presets import preset
from playground.ui.data_form import DataForm
from playground.ui.form_values import number, whole

<<<<<<< HEAD
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
=======
N_DATA = len(dataclasses.fields(DataForm))
>>>>>>> 46d50e5 (Data tab: choose a text, what counting can do as a picture, its documents, and the exact batches of a run)


@dataclass(frozen=True)
class Form:
    """The values of both forms: the text, then the components of the Train tab in their order."""

    data: DataForm
    preset: str
    n_layers: float | None
    n_heads: float | None
    d_model: float | None
    n_ctx: float | None
    batch_size: float | None
    lr: float | None
    steps: float | None

<<<<<<< HEAD
    def data(self) -> DataConfig:
        """Return the text and tokenizer part of the config."""
        tokenizer = f"bpe:{whole('Vocabulary', self.bpe_size)}" if self.tokenizer == "bpe" else self.tokenizer
        text_file = OWN_TEXT_FILE if self.corpus == OWN_TEXT else ""
        base = preset(self.preset).config.data
        return dataclasses.replace(base, corpus=self.corpus, text_file=text_file, tokenizer=tokenizer)
=======
    @staticmethod
    def read(values: Sequence[Any]) -> Form:
        """Return the form from the values of all components."""
        return Form(DataForm(*values[:N_DATA]), *values[N_DATA:])
>>>>>>> 46d50e5 (Data tab: choose a text, what counting can do as a picture, its documents, and the exact batches of a run)

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
        return dataclasses.replace(base, model=model, data=self.data.config(), optim=optim, train=train)


def settings_of(name: str) -> tuple:
    """Return what a preset puts into the form of the Train tab."""
    config = preset(name).config
    model, train = config.model, config.train
    return (
        model.n_layers, model.n_heads, model.d_model, model.n_ctx,
        train.batch_size, config.optim.lr, train.steps,
    )  # fmt: skip


def tokenizer_of(name: str) -> tuple[str, int]:
    """Return the kind of tokenizer of a preset, and its BPE vocabulary."""
    kind, _, size = preset(name).config.data.tokenizer.partition(":")
    return kind, int(size or 512)
