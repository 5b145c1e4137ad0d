"""A run's settings back in the form of the Train tab, to change and launch."""

from __future__ import annotations

from playground import presets
from playground.config import RunConfig
from playground.ui.settings.component import settings_value
from playground.ui.settings.values import FOLLOW_LR, values_of


def preset_and_settings(config: RunConfig) -> tuple[str, str]:
    """Return the preset that a config began as, and the value of the settings' element."""
    name = config.preset if config.preset in presets.PRESETS else presets.DEFAULT_PRESET
    old, new = values_of(presets.preset(name).config), values_of(config)
    changes = {key: value for key, value in new.items() if value != old[key]}
    if "optim.lr" in changes:
        changes |= {key: new[key] for key in FOLLOW_LR}
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in changes.items()}
    return name, settings_value(name, plain)
