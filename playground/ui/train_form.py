"""What the Data and Train tabs say together, as a RunConfig."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from playground.config import RunConfig
from playground.presets import preset
from playground.ui.data_form import DataForm
from playground.ui.settings.component import read_settings
from playground.ui.settings.values import changed_config

N_DATA = len(dataclasses.fields(DataForm))
TEXTS = [field.name for field in dataclasses.fields(DataForm) if field.type == "str"]


@dataclass(frozen=True)
class Form:
    """The values of both forms: the text, then the preset, what to start from, and what was changed."""

    data: DataForm
    preset: str
    start_from: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    """By key, as optim.lr."""

    @staticmethod
    def read(values: Sequence[Any]) -> Form:
        """Return the form from the values of all components; a box that was never shown gives None.

        Changes belong to a preset: those of another one, on their way to be replaced, do not count.
        """
        data = DataForm(*values[:N_DATA])
        empty: dict[str, Any] = {name: "" for name in TEXTS if getattr(data, name) is None}
        name, start, settings = values[N_DATA:]
        changed, changes = read_settings(settings)
        changes = changes if changed == name else {}
        return Form(dataclasses.replace(data, **empty), name, (start or "").strip(), changes)

    def config(self) -> RunConfig:
        """Return the complete config; raises ConfigError naming the field that can't work."""
        return dataclasses.replace(
            changed_config(preset(self.preset).config, self.changes),
            data=self.data.config(),
            start_from=self.start_from,
        )

    def stored_config(self) -> RunConfig:
        """Return the config as a run has it, which holds a copy of own text; see config."""
        return dataclasses.replace(self.config(), data=self.data.stored_config())
