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

N_DATA = len(dataclasses.fields(DataForm))
TEXTS = [field.name for field in dataclasses.fields(DataForm) if field.type == "str"]


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

    @staticmethod
    def read(values: Sequence[Any]) -> Form:
        """Return the form from the values of all components; a box that was never shown gives None."""
        data = DataForm(*values[:N_DATA])
        empty: dict[str, Any] = {name: "" for name in TEXTS if getattr(data, name) is None}
        return Form(dataclasses.replace(data, **empty), *values[N_DATA:])

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


def cut_of(name: str) -> tuple[str, int, str]:
    """Return what a preset puts into the form of the Data tab: kind of tokenizer, BPE vocabulary, batches."""
    data = preset(name).config.data
    kind, _, rest = data.tokenizer.partition(":")
    return kind, int(rest) if kind == "bpe" else 512, data.batches
