"""What visitors of a public playground may ask for; on one's own machine everything is allowed.

Every limit is a field of Limits, an environment variable (steps: PLAYGROUND_STEPS) and a flag of app.py
(--steps). Workers inherit the environment, so the same limits hold there.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playground.config.checks import ConfigError

PREFIX = "PLAYGROUND_"
SPACE = "SPACE_ID"
"""Environment variable that a Hugging Face Space sets to its name."""

ANYTHING = "*"


class LimitError(ConfigError):
    """More than visitors may ask for; the message names the setting, its value, the limit and a way out."""


@dataclass(frozen=True)
class Limits:
    """What visitors may ask for; of a number, 0 means that there is no limit."""

    public: bool = False
    """Strangers use it: runs belong to their visitors, and other limits begin at their public values."""
    parameters: int = 0
    """Parameters of a model."""
    steps: int = 0
    """Steps of a run."""
    step_tokens: int = 0
    """Tokens of a step, and of an evaluation: sequences times n_ctx."""
    run_seconds: int = 0
    """Seconds that a run may train in all; then it stops with its checkpoint."""
    run_megabytes: int = 0
    """Megabytes of a run's folder; then it stops with its checkpoint."""
    idle_seconds: int = 0
    """Seconds after which a run stops that is paused, or at which nobody looks while others wait."""
    slots: int = 1
    """Runs that train at once; others wait in the queue."""
    visitor_runs: int = 0
    """Runs that a visitor may keep."""
    total_runs: int = 0
    """Runs that are kept in all."""
    upload_megabytes: int = 64
    """Megabytes of an uploaded file."""
    text_characters: int = 0
    """Characters of a text that is pasted."""
    prompt_characters: int = 1_000_000
    """Characters of a prompt."""
    sample_tokens: int = 0
    """Tokens of a completion."""
    hub: str = ANYTHING
    """Datasets, models and tokenizers of the Hub, comma between; *: all of them, empty: none."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            least = 1 if field.name in ("slots", "upload_megabytes") else 0
            if isinstance(field.default, int) and value < least:
                raise LimitError(f"{variable(field.name)} must be at least {least}, but it is {value}.")

    @property
    def hold(self) -> bool:
        """Whether runs are limited at all."""
        always = ("slots", "upload_megabytes", "prompt_characters")
        free = Limits(**{name: getattr(self, name) for name in always})
        return self != free

    def check(self, name: str, value: float, what: str = "") -> None:
        """Raise LimitError if a value is over the limit of a name; `what` says what is measured."""
        limit = getattr(self, name)
        if limit and not value <= limit:
            more = way_out() if self.public else f"{variable(name)} changes that."
            raise LimitError(f"{what or name} is {value:,}, but at most {limit:,} here. {more}")

    def check_hub(self, name: str) -> None:
        """Raise LimitError for a name on the Hub that is not on the list, at any commit; a folder is none."""
        allowed = [each.strip() for each in self.hub.split(",") if each.strip()]
        if self.hub != ANYTHING and name.partition("@")[0] not in allowed:
            names = ", ".join(allowed) or "none"
            raise LimitError(f"{name} of the Hub is not on the list here, which has {names}. {way_out()}")


PUBLIC = Limits(
    public=True,
    parameters=3_000_000,
    steps=5_000,
    step_tokens=65_536,
    run_seconds=1_800,
    run_megabytes=300,
    idle_seconds=600,
    visitor_runs=8,
    total_runs=100,
    upload_megabytes=20,
    text_characters=2_000_000,
    prompt_characters=20_000,
    sample_tokens=1_000,
    hub=(
        "roneneldan/TinyStories, karpathy/tiny_shakespeare, NeelNanda/pile-10k, "
        "nuprl/engineering-llm-systems, openai-community/gpt2, Qwen/Qwen3-0.6B"
    ),
)
"""The limits of a public playground, where nothing else is said."""


def variable(name: str) -> str:
    """Return the environment variable of a limit."""
    return PREFIX + name.upper()


def limits(environment: Mapping[str, str] | None = None) -> Limits:
    """Return the limits that hold: those of the environment, over public ones on a Space or with PUBLIC=1.

    Raises LimitError naming a variable that can't be read.
    """
    environment = os.environ if environment is None else environment
    public = _read("public", environment)
    base = PUBLIC if (bool(environment.get(SPACE)) if public is None else public) else Limits()
    found: dict[str, Any] = {name: _read(name, environment) for name in Limits.__dataclass_fields__}
    return dataclasses.replace(base, **{name: value for name, value in found.items() if value is not None})


def _read(name: str, environment: Mapping[str, str]) -> bool | int | str | None:
    """Return the value of a limit in the environment, None where it has none."""
    text, kind = environment.get(variable(name)), type(getattr(PUBLIC, name))
    if text is None or (kind is not str and not text.strip()):
        return None
    if kind is bool:
        if text.lower() not in TRUE_WORDS:
            raise LimitError(f"{variable(name)} must be 1 or 0, but it is {text!r}.")
        return TRUE_WORDS[text.lower()]
    if kind is int:
        if not text.isdecimal():
            raise LimitError(f"{variable(name)} must be a whole number of at least 0, but it is {text!r}.")
        return int(text)
    return text


TRUE_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False,
              "off": False}  # fmt: skip


def export(chosen: Limits) -> None:
    """Put limits into the environment of this process, from which its workers have them too."""
    before = limits()
    for field in dataclasses.fields(chosen):
        value = getattr(chosen, field.name)
        if value != getattr(before, field.name) or field.name == "public":
            os.environ[variable(field.name)] = str(int(value) if isinstance(value, bool) else value)


def way_out() -> str:
    """Say what to do about a limit."""
    return DUPLICATE if os.environ.get(SPACE) else "On your own machine there is no such limit."


DUPLICATE = "Duplicate this Space for more."


def duplicate_address() -> str:
    """Return where this Space can be duplicated; nothing elsewhere."""
    space = os.environ.get(SPACE, "")
    return f"https://huggingface.co/spaces/{space}?duplicate=true" if space else ""
