"""Numbers as a form gives them: refused in one sentence that names the field."""

from __future__ import annotations

from playground.config import ConfigError


def number(name: str, value: float | None) -> float:
    """Return a number of the form; raises ConfigError naming the field if it is empty."""
    if value is None:
        raise ConfigError(f"{name} is empty: give a number.")
    return float(value)


def whole(name: str, value: float | None) -> int:
    """Return a whole number of the form; raises ConfigError naming the field otherwise."""
    value = number(name, value)
    if not value.is_integer():
        raise ConfigError(f"{name} must be a whole number, but it is {value:g}.")
    return int(value)
