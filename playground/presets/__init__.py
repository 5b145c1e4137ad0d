"""Named settings to begin with, each with a sentence on what to look for."""

from __future__ import annotations

from playground.config import ConfigError
from playground.presets.courses import COURSES
from playground.presets.finetuning import FINETUNING
from playground.presets.gpt2 import GPT2
from playground.presets.nanogpt import NANOGPT
from playground.presets.preset import Preset
from playground.presets.small import SMALL

__all__ = ["DEFAULT_PRESET", "PRESETS", "Preset", "preset"]

PRESETS: dict[str, Preset] = {each.name: each for each in (*SMALL, *FINETUNING, *COURSES, *NANOGPT, *GPT2)}

DEFAULT_PRESET = "fast"


def preset(name: str) -> Preset:
    """Return the preset of a name; raises ConfigError naming those there are."""
    if name not in PRESETS:
        raise ConfigError(f"preset must be one of {', '.join(PRESETS)}, but it is {name!r}.")
    return PRESETS[name]
