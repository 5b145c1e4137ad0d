"""Long texts in parts of a size that can be worked on, cut where no tokenizer's cut would be another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

PART_CHARACTERS = 1 << 16

AFTER_A_WORD = re.compile(r"(?<=[A-Za-z0-9]) ")
AFTER_INK = re.compile(r"(?<=\S)\s")


def parts_of(text: str, size: int = PART_CHARACTERS) -> Iterator[str]:
    """Yield a text in parts of about `size` characters; joined, they are the text.

    A part ends before a blank that follows an ASCII letter or digit: there the rules of GPT-2, Qwen, Llama 3
    and a given alphabet end a piece too, so that the parts have the tokens of the whole. Where there is no
    such place within 4 times the size, before any white space that follows something else; where there is
    none within 16 times, anywhere.
    """
    start = 0
    while len(text) - start > size:
        end = _place_to_cut(text, start + size, start + 4 * size, start + 16 * size)
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def _place_to_cut(text: str, first: int, near: int, far: int) -> int:
    found = AFTER_A_WORD.search(text, first, near) or AFTER_INK.search(text, first, far)
    return found.start() if found else min(far, len(text))


def joined_parts(blocks: Iterable[str], size: int = PART_CHARACTERS) -> Iterator[str]:
    """Yield the parts of a text that comes in blocks of any length, without ever holding all of it."""
    rest = ""
    for block in blocks:
        rest, start = rest + block, 0
        while len(rest) - start > 17 * size:  # all that decides where the next part ends is there
            end = _place_to_cut(rest, start + size, start + 4 * size, start + 16 * size)
            yield rest[start:end]
            start = end
        rest = rest[start:]
    yield from parts_of(rest, size)
