"""In which settings runs differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playground.config import RunConfig

NO_SETTINGS = ("preset", "command", "origin")
"""Where a config comes from decides nothing."""


@dataclass(frozen=True)
class Difference:
    """One setting that is not the same in all configs."""

    part: str
    """model, data, optim, train or sample; run: a setting of the run as a whole."""
    name: str
    values: tuple[Any, ...]
    """One a config, in their order."""


def config_difference(configs: Sequence[RunConfig]) -> list[Difference]:
    """Return the settings in which configs differ, in the order of their fields; none for fewer than two."""
    found = []
    for part in dataclasses.fields(RunConfig):
        if part.name in NO_SETTINGS:
            continue
        parts = [getattr(config, part.name) for config in configs]
        if parts and not dataclasses.is_dataclass(parts[0]):
            if any(value != parts[0] for value in parts):
                found.append(Difference("run", part.name, tuple(parts)))
            continue
        for field in dataclasses.fields(parts[0]) if parts else ():
            values = tuple(getattr(each, field.name) for each in parts)
            if any(value != values[0] for value in values):
                found.append(Difference(part.name, field.name, values))
    return found


def setting_words(value: Any) -> str:
    """Return the value of a setting as a person writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(repr, value)) or "–"
    return str(value) if value != "" else "–"
