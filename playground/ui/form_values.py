"""Numbers as a form gives them: refused in one sentence that names the field."""

from __future__ import annotations

from typing import Any

from playground.config import ConfigError


def number(name: str, value: Any) -> float:
    """Return a number of the form; raises ConfigError naming the field if it is empty or none."""
    if value is None:
        raise ConfigError(f"{name} is empty: give a number.")
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise ConfigError(f"{name} must be a number, but it is {str(value)[:40]!r}.") from error


def whole(name: str, value: Any) -> int:
    """Return a whole number of the form; raises ConfigError naming the field otherwise."""
    value = number(name, value)
    if not value.is_integer():
        raise ConfigError(f"{name} must be a whole number, but it is {value:g}.")
    return int(value)
