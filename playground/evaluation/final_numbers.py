"""The number that an answer comes to, however it is written."""

from __future__ import annotations

import re
from decimal import Decimal

MARK = "####"
"""What GSM8K writes before the number that a worked answer comes to (Cobbe et al. 2021)."""

NUMBER = re.compile(
    r"""
    (?:(?<![\w)\].])[-−]\s?)?        # a minus; after a number or a bracket it means subtraction
    (?:[$€£]\s?-?)?
    (?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)
    """,
    re.VERBOSE,
)


def normalised(number: str) -> str:
    """Return a number as digits alone: no currency, commas, blanks, trailing dot or zeros after the point."""
    is_negative = "-" in number or "−" in number
    value = Decimal(re.sub(r"[^\d.]", "", number))
    digits = format(value.normalize(), "f")
    return f"-{digits}" if is_negative and value else digits


def number_after(text: str, mark: str = MARK) -> str | None:
    """Return the first number after the first mark, on its line, normalised; None if there is none."""
    _, found, rest = text.partition(mark)
    line = rest.lstrip().split("\n", 1)[0]
    number = NUMBER.search(line) if found else None
    return None if number is None else normalised(number[0])


def last_number(text: str) -> str | None:
    """Return the last number of a text, normalised; None if there is none."""
    numbers = NUMBER.findall(text)
    return normalised(numbers[-1]) if numbers else None
