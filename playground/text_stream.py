"""Tokens to text as they come, holding back the bytes of a character that is not complete yet."""

from __future__ import annotations

import codecs
from collections.abc import Iterable

from playground.tokenizers import Tokenizer


class TextStream:
    """Decodes a stream of tokens; what it has given out never changes."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, token: int) -> str:
        """Return the text that this token completes, often all of it, sometimes none."""
        return self.decoder.decode(self.tokenizer.piece(token))

    def flush(self) -> str:
        """Return what is left at the end: a replacement mark for a character cut off, or nothing."""
        return self.decoder.decode(b"", final=True)


def text_of(tokenizer: Tokenizer, tokens: Iterable[int]) -> str:
    """Return the text of tokens for a page or a file: bytes that are no UTF-8, surrogates too, are U+FFFD."""
    stream = TextStream(tokenizer)
    return "".join(stream.feed(int(token)) for token in tokens) + stream.flush()
