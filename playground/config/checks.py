"""What every setting is checked with; a refusal names the field and the value."""

from __future__ import annotations

import math
from functools import cache
from typing import Any, get_args, get_type_hints


class ConfigError(ValueError):
    """A setting that can't work; the message names the field and the value, in one sentence."""


def require(condition: bool, message: str) -> None:
    """Raise ConfigError with this message unless the condition holds."""
    if not condition:
        raise ConfigError(message)


def check_at_least(config: Any, minimum: float, *names: str) -> None:
    """Refuse fields that are no finite number of at least `minimum`."""
    for name in names:
        value = getattr(config, name)
        require(
            (isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)))
            and value >= minimum,
            f"{name} must be at least {minimum:g}, but it is {value!r}.",
        )


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def check_choices(config: Any) -> None:
    """Refuse a value outside the Literal that its field is annotated with."""
    for name, hint in _hints(type(config)).items():
        choices, value = get_args(hint), getattr(config, name)
        if choices and all(isinstance(c, str) for c in choices):
            require(value in choices, f"{name} must be one of {', '.join(choices)}, but it is {value!r}.")
