"""From what the form says to a RunConfig, and what is wrong with it, told at each control."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from playground.admission import check_config
from playground.config import ConfigError, RunConfig
from playground.ui.form_values import number, whole
from playground.ui.settings.table import PARTS, SETTINGS, Setting

Changes = Mapping[str, Any]
"""Settings that differ from the preset, by key."""

FOLLOW_LR = ("optim.lr_min", "optim.muon_lr")
"""Rates that keep their proportion to the learning rate, unless they are changed too."""


def values_of(config: RunConfig) -> dict[str, Any]:
    """Return the value of every setting of the table; 0 for widths that follow from others."""
    config = dataclasses.replace(config, model=config.model.underived())
    return {key: getattr(getattr(config, s.part), s.field) for key, s in SETTINGS.items()}


def changed_config(base: RunConfig, changes: Changes) -> RunConfig:
    """Return the config of a preset with what was changed; raises ConfigError naming what can't work."""
    read = {key: read_value(SETTINGS[key], value) for key, value in changes.items() if key in SETTINGS}
    base = dataclasses.replace(base, model=base.model.underived())
    parts = {part: dataclasses.replace(getattr(base, part), **_of_part(base, read, part)) for part in PARTS}
    return dataclasses.replace(base, **parts)


def _of_part(base: RunConfig, read: dict[str, Any], part: str) -> dict[str, Any]:
    values = {SETTINGS[key].field: value for key, value in read.items() if SETTINGS[key].part == part}
    if part == "optim" and values.get("lr", 0) > 0:
        for key in FOLLOW_LR:
            name = SETTINGS[key].field
            values.setdefault(name, getattr(base.optim, name) * values["lr"] / base.optim.lr)
    return values


def read_value(setting: Setting, value: Any) -> Any:
    """Return a value of the form as its config takes it; raises ConfigError if it is of another kind."""
    if setting.kind == "int":
        return whole(setting.label, value)
    if setting.kind == "float":
        return number(setting.label, value)
    if setting.kind == "bool":
        return bool(value)
    if setting.kind == "lines":
        lines = value if isinstance(value, (list, tuple)) else ()
        return tuple(str(line) for line in lines if str(line).strip())
    return str(value or "")


def problems(base: RunConfig, changes: Changes) -> dict[str, str]:
    """Return a sentence for every setting that can't work, by key; of a clash, for each that takes part."""
    found: dict[str, str] = {}
    read: dict[str, Any] = {}
    for key in changes:
        try:
            read[key] = read_value(SETTINGS[key], changes[key])
        except ConfigError as error:
            found[key] = str(error)
    base = dataclasses.replace(base, model=base.model.underived())
    for part in PARTS:
        try:
            dataclasses.replace(getattr(base, part), **_of_part(base, read, part))
        except ConfigError as error:
            found |= dict.fromkeys(_keys_in(str(error), part, read), str(error))
    return found


def over_limits(config: RunConfig) -> dict[str, str]:
    """Return a sentence for every setting that the limits of a public playground name, by key."""
    try:
        check_config(config)
    except ConfigError as error:
        said = str(error)
        return {key: said for key, setting in SETTINGS.items() if said.startswith(f"{setting.field} is ")}
    return {}


def _keys_in(sentence: str, part: str, read: Changes) -> list[str]:
    """Return the settings of a part that a sentence names; if it names none, those that were changed."""
    own = [key for key, setting in SETTINGS.items() if setting.part == part]
    named = [key for key in own if re.search(rf"\b{SETTINGS[key].field}\b", sentence)]
    return named or [key for key in own if key in read]
